"""``.env.example``: every variable that the project reads, in a block that build owns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from composegen.keys.project import ACME_ENV, SETTINGS
from composegen.markers import BEGIN, END
from composegen.model import PROVIDED
from composegen.passes.resolve import judges_clients
from composegen.text import names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from composegen.model import Service, Stack

_COMMON = (
    "COMPOSE_PROJECT_NAME",
    "COMPOSEGEN_HTTP_PORT",
    "COMPOSEGEN_HTTPS_PORT",
    "COMPOSEGEN_BIND",
    "COMPOSEGEN_TRUSTED_PROXIES",
    "COMPOSEGEN_HSTS_SECONDS",
    "COMPOSEGEN_DOCKER_SOCKET",
)
_FRONTEND = frozenset(_COMMON[1:6])
_JOINED = frozenset({"COMPOSEGEN_HTTP_PORT", "COMPOSEGEN_HTTPS_PORT"})


def render(stack: Stack, needed: Mapping[str, str]) -> str:
    """Return the block. ``needed`` are the variables without which ``up`` refuses."""
    uses = _uses(stack)
    lines = [BEGIN, "# Copy this file to .env. Put values with $ or # into single quotes.", ""]
    for name in sorted(needed):
        lines += _entry(name, uses.get(name, ()), required=True, default="")
    for name in sorted(n for n in uses if n not in needed and n not in PROVIDED and n not in SETTINGS):
        lines += _entry(name, uses[name], required=False, default="")
    for name in sorted({"UID", "GID"} & uses.keys()):
        lines += [
            f"# Used in {', '.join(uses[name])}. make fills in the owner of this folder; plain",
            "# `docker compose` knows it only from here.",
            f"#{name}=1000",
            "",
        ]
    shown = [n for n in _settings(stack) if n not in needed]
    for name in shown:
        key = SETTINGS[name]
        lines += [
            f"# {key.summary}",
            f"# Optional; default: {key.default}.",
            f"#{name}={key.example}",
            "",
        ]
    return "\n".join([*lines[:-1], END]) + "\n"


def _entry(name: str, uses: tuple[str, ...], *, required: bool, default: str) -> list[str]:
    setting = SETTINGS.get(name)
    about = [f"# {setting.summary}"] if setting else []
    if name.startswith(ACME_ENV):
        about = [f"# Passed to the frontend as {name.removeprefix(ACME_ENV)}, for the DNS challenge."]
    used = [f"# Used in {', '.join(uses)}."] if uses else []
    state = "# Required." if required else "# Optional: a default stands where it is used."
    example = f" For example: {setting.example}" if setting and required else ""
    return [*about, *used, state + example, f"{name}={default}" if required else f"#{name}=", ""]


def _uses(stack: Stack) -> dict[str, tuple[str, ...]]:
    """Return the Dockerfiles that use each variable."""
    found: dict[str, dict[str, None]] = {}
    for service in stack.services:
        for name in _names(service):
            found.setdefault(name, {})[service.dockerfile] = None
    return {name: tuple(files) for name, files in found.items()}


def _names(service: Service) -> set[str]:
    keys = service.keys
    texts: list[str] = [r.host for r in service.routes]
    texts += [t.host for r in service.routes for t in (r.redirect, r.proxy) if t is not None]
    texts += [m.source + (m.owner or "") for m in service.mounts]
    texts += [
        s.value
        for s in (
            keys.image,
            keys.user,
            keys.maxcpu,
            keys.maxmem,
            keys.mincpu,
            keys.minmem,
            keys.pids,
        )
        if s is not None
    ]
    texts += [e.value.value or "" for e in keys.env]
    for command in (keys.command, keys.entrypoint):
        if command is not None:
            texts += [command.value.words] if isinstance(command.value.words, str) else command.value.words
    texts += [c.value[1] for c in keys.compose]
    texts += [a.value.value or "" for a in keys.label]
    return {n for t in texts for n, _ in names(t)} | {e.value.name for e in keys.env if e.value.value is None}


def _settings(stack: Stack) -> list[str]:
    """Return the settings read at ``up`` that concern this shape."""
    project = stack.project
    own = project.frontend not in {"none", "shared"}
    repeated = _repeated(stack) if project.frontend == "shared" else frozenset()
    chosen = [n for n in _COMMON if own or n not in _FRONTEND or n in repeated]
    if project.tls == "acme" and own:
        chosen += ["COMPOSEGEN_ACME_DIRECTORY", "COMPOSEGEN_ACME_CA_FILE"]
    if project.registry:
        chosen += ["COMPOSEGEN_TAG", "COMPOSEGEN_REGISTRY_AUTH", "COMPOSEGEN_KEEP_RELEASES"]
    if any(s.update != "off" for s in stack.services):
        chosen += ["COMPOSEGEN_UPDATE_SCHEDULE", "COMPOSEGEN_UPDATE_NOTIFY_URL", "TZ"]
    return chosen


def _repeated(stack: Stack) -> frozenset[str]:
    """Return the settings of the frontend that a project which joins it reads too."""
    found = _JOINED
    if any(r.tls for s in stack.services for r in s.routes):
        found |= {"COMPOSEGEN_HSTS_SECONDS"}
    if any(s.routes and judges_clients(s) for s in stack.services):
        found |= {"COMPOSEGEN_TRUSTED_PROXIES"}
    return found
