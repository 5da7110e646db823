"""Settings: command line, process environment, .env, what the output was built with, default.

Only what gives the files their shape is read here. Settings that are read at ``up`` stay ``${…}``; a
value that one has by now must be of its form, since what would read it may only drop it.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from composegen.diagnostics import Report
from composegen.keys.project import ACME_ENV, SECRET_SETTINGS, SETTINGS, UP
from composegen.keys.routes import NAME_INSTEAD, NO_ADDRESS, is_address
from composegen.keys.spec import BadValue, Key
from composegen.model import Project
from composegen.passes.dotenv import hidden
from composegen.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from composegen.passes.dotenv import EnvFile

REGISTRY_SET = "COMPOSEGEN_REGISTRY"
_OURS = "COMPOSEGEN_"
_PIN_PREFIXES = ("COMPOSEGEN_IMAGE_", "COMPOSEGEN_ROUTES_", ACME_ENV, "COMPOSEGEN_TEST_")
ACME_ENV_NAMES = "COMPOSEGEN_ACME_ENV"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_WITH_DEFAULT = frozenset({"choice", "challenge", "boolean"})


class _Reader:
    """Looks one setting up in the places that may hold it, the strongest first."""

    def __init__(
        self,
        given: Mapping[str, str],
        environ: Mapping[str, str],
        env: EnvFile,
        shape: Mapping[str, str],
        report: Report,
    ) -> None:
        self.values = {**env.values(environ)}
        self.environ = environ
        self.given = given
        self.shape = shape
        self.report = report
        self.spans = {b.name: b.value_span for b in env.bindings}
        self.names = {b.name: b.name_span for b in env.bindings}

    def check(self, name: str) -> Any:
        """Return a value that is read at ``up``, or None: absent, or reported as not of its form."""
        text, where = self.text(name)
        if not text or name not in {**self.values, **self.environ, **self.given}:
            return None  # the shape only knows that it is set
        if name in SECRET_SETTINGS and not isinstance(where, str):
            where = hidden(where) if name in self.spans and name not in self.environ else where.source.name
        return self._parsed(name, text, where)

    def text(self, name: str) -> tuple[str, Span | str]:
        """Return the value ('' when there is none) and where it stands."""
        if name in self.given:
            return self.given[name], _inline("command line", self.given[name])
        if self.environ.get(name):
            return self.environ[name], _inline("environment", self.environ[name])
        if self.values.get(name):
            return self.values[name], self.spans.get(name, ".env")
        return self.shape.get(name, ""), "docker-compose.yml"

    def value(self, name: str) -> Any:
        """Return the typed value, or None: absent or reported as bad."""
        text, where = self.text(name)
        return self._parsed(name, text, where) if text else None

    def _parsed(self, name: str, text: str, where: Span | str) -> Any:
        key = SETTINGS[name]
        try:
            return key.type.parse(text)
        except BadValue as bad:
            self.report.add("CG402", where, f"{name}: {bad}", bad.hint or _form(key))
            return None


def look_up(
    name: str, given: Mapping[str, str], environ: Mapping[str, str], env: EnvFile, shape: Mapping[str, str]
) -> tuple[str, Span | str]:
    """Return one setting's text and where it stands, without checking it."""
    return _Reader(given, environ, env, shape, Report()).text(name)


def kept(
    given: Mapping[str, str], environ: Mapping[str, str], env: EnvFile, shape: Mapping[str, str]
) -> list[str]:
    """Return a line for each build setting that .env leaves empty and the present output has.

    An empty line is not set, so a build keeps what is there; the default in words takes it out.
    """
    own = {b.name for b in env.bindings if b.value == ""}
    return [
        f"{name} is empty in .env, so docker-compose.yml keeps {shape[name]}: write {name}={key.default} "
        "for the default."
        for name, key in SETTINGS.items()
        if key.read != UP
        and key.type.name in _WITH_DEFAULT | {"site"}
        and name in own
        and not (given.get(name) or environ.get(name))
        and shape.get(name, "") not in {"", key.default}
    ]


def _inline(name: str, value: str) -> Span:
    return Span(Source(f"<{name}>", value), 0, len(value))


def _form(key: Key) -> str:
    return f"{key.type.form}; for example: {key.name}={key.example}"


def read_settings(
    given: Mapping[str, str],
    environ: Mapping[str, str],
    env: EnvFile,
    shape: Mapping[str, str],
    report: Report,
) -> Project:
    """Return the project's shape.

    ``given`` are settings of the command line, ``shape`` is what the present output was
    built with.
    """
    for error in env.errors:
        report.add("CG401", hidden(error.span), error.message, "correct the line: Compose refuses it as well")
    reader = _Reader(given, environ, env, shape, report)
    _unknown(reader, report)
    values = {name: reader.value(name) for name, key in SETTINGS.items() if key.read == "build"}
    later = {name: reader.check(name) for name, key in SETTINGS.items() if key.read == UP}
    has_registry = bool(reader.text(REGISTRY_SET)[0])
    frontend = values["COMPOSEGEN_FRONTEND"] or "traefik"
    challenge = values["COMPOSEGEN_ACME_CHALLENGE"] or "http"
    update, dashboard = values["COMPOSEGEN_UPDATE_URL"], values["COMPOSEGEN_DASHBOARD_URL"]
    names = _acme_env(reader)
    _check(values, frontend, report, reader)
    return Project(
        frontend=frontend,
        tls=values["COMPOSEGEN_TLS"] or "acme",
        challenge=challenge,
        updater=values["COMPOSEGEN_UPDATER"] or "watchtower",
        registry=has_registry,
        update_host=update and update.host,
        update_tls=bool(update and update.scheme == "https"),
        dashboard_host=dashboard and dashboard.host,
        dashboard_tls=bool(dashboard and dashboard.scheme == "https"),
        dashboard_auth=values["COMPOSEGEN_DASHBOARD_AUTH"] if dashboard else None,
        access_log=bool(values["COMPOSEGEN_ACCESS_LOG"]),
        acme_env=names,
        shape=_shape(reader, has_registry, names),
        defined=frozenset(reader.values) | frozenset(environ) | frozenset(given),
        http_port=int(later["COMPOSEGEN_HTTP_PORT"] or 80),
        https_port=int(later["COMPOSEGEN_HTTPS_PORT"] or 443),
        bind=(later["COMPOSEGEN_BIND"] or "").strip("[]"),
    )


def _shape(reader: _Reader, has_registry: bool, names: tuple[str, ...]) -> dict[str, str]:  # noqa: FBT001
    """Return all build settings as they count, in the order of the list; '' means not set."""
    shape = {}
    for name, key in SETTINGS.items():
        if key.read == "build":
            shape[name] = reader.text(name)[0] or (key.default if key.type.name in _WITH_DEFAULT else "")
    shape[REGISTRY_SET] = "set" if has_registry else ""
    shape[ACME_ENV_NAMES] = " ".join(names)
    return shape


def _acme_env(reader: _Reader) -> tuple[str, ...]:
    """Return the names that follow COMPOSEGEN_ACME_ENV_; their values are read at ``up``."""
    found = set()
    for name in (*reader.values, *reader.environ):
        if not name.startswith(ACME_ENV):
            continue
        if _VARIABLE.match(name.removeprefix(ACME_ENV)):
            found.add(name.removeprefix(ACME_ENV))
        else:
            reader.report.add(
                "CG402",
                hidden(reader.names[name]) if name in reader.names else ".env",
                f"{ACME_ENV}… has to end in a variable's name, not {name.removeprefix(ACME_ENV)!r}",
                "for example COMPOSEGEN_ACME_ENV_CF_DNS_API_TOKEN",
            )
    if not found:
        found = {n for n in reader.shape.get(ACME_ENV_NAMES, "").split() if _VARIABLE.match(n)}
    return tuple(sorted(found))


def _unknown(reader: _Reader, report: Report) -> None:
    given = {n: _inline("command line", f"{n}={v}") for n, v in reader.given.items()}
    short = [n.removeprefix(_OURS) for n in SETTINGS if n.startswith(_OURS)]
    for name, span in {**reader.names, **given}.items():
        if name.startswith(_OURS) and name not in SETTINGS and not name.startswith(_PIN_PREFIXES):
            # Without the common prefix, which would make every name resemble every other.
            close = difflib.get_close_matches(name.removeprefix(_OURS), short, 1, 0.6)
            report.add(
                "CG403",
                span if name in given else hidden(span),
                f"unknown setting {name}",
                f"did you mean {_OURS}{close[0]}?" if close else "`composegen explain` lists all settings",
            )


def _check(values: Mapping[str, Any], frontend: str, report: Report, reader: _Reader) -> None:
    def where(name: str) -> Span | str:
        return reader.text(name)[1]

    if values["COMPOSEGEN_TARGET"] == "swarm":
        report.add(
            "CG404",
            where("COMPOSEGEN_TARGET"),
            "COMPOSEGEN_TARGET=swarm is not there yet",
            "leave it out, or write COMPOSEGEN_TARGET=compose",
        )
    # A value that was reported as bad is there all the same.
    url = reader.text("COMPOSEGEN_DASHBOARD_URL")[0]
    if url not in {"", "off"} and not reader.text("COMPOSEGEN_DASHBOARD_AUTH")[0]:
        report.add(
            "CG405",
            where("COMPOSEGEN_DASHBOARD_URL"),
            "COMPOSEGEN_DASHBOARD_URL without COMPOSEGEN_DASHBOARD_AUTH",
            "the dashboard shows every route: name an htpasswd file in secrets/, for example "
            "COMPOSEGEN_DASHBOARD_AUTH=staff",
        )
    if reader.text("COMPOSEGEN_DASHBOARD_AUTH")[0] and not url:
        report.add(
            "CG405",
            where("COMPOSEGEN_DASHBOARD_AUTH"),
            "COMPOSEGEN_DASHBOARD_AUTH without COMPOSEGEN_DASHBOARD_URL",
            "say where the dashboard is: COMPOSEGEN_DASHBOARD_URL=https://traefik.example.com",
        )
    if values["COMPOSEGEN_UPDATE_URL"] and values["COMPOSEGEN_UPDATER"] == "none":
        report.add(
            "CG405",
            where("COMPOSEGEN_UPDATE_URL"),
            "COMPOSEGEN_UPDATE_URL without an updater",
            "leave COMPOSEGEN_UPDATER at watchtower",
        )
    if frontend == "shared" and values["COMPOSEGEN_TLS"] in {"local", "files"}:
        report.add(
            "CG213",
            where("COMPOSEGEN_TLS"),
            f"COMPOSEGEN_TLS={values['COMPOSEGEN_TLS']} with COMPOSEGEN_FRONTEND=shared",
            "the other project's frontend would have to hold the certificate: use acme or off",
        )
    for name in ("COMPOSEGEN_DASHBOARD_URL", "COMPOSEGEN_UPDATE_URL"):
        secure = values[name] and values[name].scheme == "https" and values["COMPOSEGEN_TLS"] != "off"
        if secure and is_address(values[name].host):
            report.add("CG402", where(name), f"{name}: {NO_ADDRESS}", NAME_INSTEAD)
        if values[name] and (frontend == "none" or (frontend == "shared" and "DASHBOARD" in name)):
            report.add(
                "CG213",
                where(name),
                f"{name} with COMPOSEGEN_FRONTEND={frontend}",
                "leave it out: the page would be served by a frontend of this project",
            )
