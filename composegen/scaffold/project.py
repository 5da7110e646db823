"""What `composegen init` does to a folder: first the plan, then new files and annotated ones."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from composegen import discover
from composegen.diagnostics import Report
from composegen.emit import blocks
from composegen.emit.files import Change
from composegen.emit.header import sealed_intact
from composegen.emit.writing import write
from composegen.errors import ComposegenError, UsageError
from composegen.passes.scan import scan
from composegen.pipeline import Input, compile_project
from composegen.project import COMPOSE_FILE
from composegen.scaffold import dotenv, naming
from composegen.scaffold.annotate import Plan, annotate, lines, plans
from composegen.scaffold.frameworks import start
from composegen.scaffold.ports import http_port
from composegen.source import Source
from composegen.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from composegen.passes.scan import Scanned


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user said: empty and None where nothing."""

    service: str = ""
    host: str = ""
    port: int | None = None
    email: str = ""


@dataclass(slots=True)
class Result:
    """What is to be done, and remarks for the user."""

    changes: list[Change] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def prepare(folder: Path, wishes: Wishes, agree: Callable[[str], bool]) -> Result:
    """Return the changes to the sources in ``folder``; ``agree`` is asked per Dockerfile."""
    result = Result()
    found = _scanned(folder, result)
    _foreign(folder, result)
    if not found:
        _new(folder, wishes, result)
        return result
    plain = _plain(found, folder, result)
    if wishes.service and len(plain) > 1:
        raise UsageError(
            f"--service names one service, and there are {len(plain)} Dockerfiles without annotations",
            "leave it out: each is named after its folder or its suffix",
        )
    plain = [p for p in plain if agree(p)]
    taken = frozenset(_declared(s) for s in found.values()) - {""}
    reserved = _reserved()
    names = naming.distinct(plain, _project(folder), taken, reserved)
    if wishes.service and plain:
        names = {plain[0]: wishes.service}
    ports = {path: http_port(found[path]) for path in names}
    served = any(a.key == "url" for s in found.values() for a in s.annotations)
    planned = plans(names, ports, served=served, given=wishes.port if len(names) == 1 else None)
    served = served or any(plan.routed for plan in planned)
    for plan in planned:
        before = found[plan.path].source.text
        result.changes.append(Change(plan.path, before, annotate(before, lines(plan))))
        if plan.port is None:
            result.notes.append(_no_port(plan, served=served))
        elif not plan.routed:
            result.notes.append(f"{plan.path}: its url is switched off by `#---`; take that away to serve it")
    return result


def _no_port(plan: Plan, *, served: bool) -> str:
    """Say what a service without a known port lacks; ``served`` says that another one has the host."""
    host, place = (plan.host, "") if served else ("${SITE_HOST}", ", and SITE_HOST=localhost to .env")
    return (
        f"{plan.path}: nothing tells its port, so it has no url; if it serves HTTP, add "
        f"`# composegen.url = https://{host}` and `# composegen.port = N` on top{place}"
    )


def _foreign(folder: Path, result: Result) -> None:
    """Say beforehand that a build will not overwrite a compose file of the user's."""
    path = folder / COMPOSE_FILE
    try:
        theirs = sealed_intact(path.read_text(encoding="utf-8", errors="replace")) is None
    except OSError:
        return
    if theirs:
        result.notes.append(
            f"{COMPOSE_FILE}: not composegen's; move it away before you build, or use --force"
        )


def _scanned(folder: Path, result: Result) -> dict[str, Scanned]:
    report = Report()
    found = {}
    for path in discover.find(folder, "", report):
        if (folder / path).is_symlink():
            result.notes.append(f"{path}: left alone, it is a link")
            continue
        source = discover.read(folder, path, report)
        if source is not None:
            found[path] = scan(source)
    result.notes += [f"{d.where}: left alone, {d.message}" for d in report]
    return found


def _plain(found: Mapping[str, Scanned], folder: Path, result: Result) -> list[str]:
    """Return the Dockerfiles that get annotations; the reasons for the others become notes."""
    del folder
    plain = []
    for path, scanned in found.items():
        if scanned.annotations:
            result.notes.append(f"{path}: has annotations already")
        elif scanned.suspects:
            result.notes.append(f"{path}: left alone, see `composegen check`")
        elif not scanned.stages:
            result.notes.append(f"{path}: left alone, it has no FROM")
        elif naming.is_variant(path, list(found)):
            result.notes.append(f"{path}: left alone, it looks like a variant of the Dockerfile beside it")
        else:
            plain.append(path)
    return plain


def _declared(scanned: Scanned) -> str:
    return next((a.value for a in scanned.annotations if a.key == "service"), "")


def _project(folder: Path) -> str:
    return naming.service_name(folder.resolve().name)


def _reserved() -> frozenset[str]:
    return TARGETS["compose"].reserved("traefik", "watchtower")


def _new(folder: Path, wishes: Wishes, result: Result) -> None:
    service = wishes.service or naming.service_name(folder.resolve().name, _reserved())
    made = start(folder, service)
    if made is None:
        raise ComposegenError(
            "there is no Dockerfile, and how the application is started cannot be told for certain",
            "write a Dockerfile, and run `composegen init` again to annotate it; "
            "an example is only made in an empty folder",
        )
    files = dict(made.files)
    if wishes.port:
        old = next(x for x in files["Dockerfile"].splitlines() if x.startswith("# composegen.port"))
        if old != f"# composegen.port = {wishes.port}":
            raise UsageError(
                f"--port {wishes.port}: the Dockerfile made for {made.about} has another one",
                "leave --port out; the annotation and the command can be changed afterwards",
            )
    for path, content in files.items():
        result.changes.append(Change(path, None, content))
    if made.ignored:
        _ignore(folder, made.ignored, result)
    result.notes.append(f"Dockerfile: made for {made.about}")


def _ignore(folder: Path, ignored: tuple[str, ...], result: Result) -> None:
    path = folder / ".dockerignore"
    try:
        before = path.read_bytes().decode("utf-8", "surrogateescape") if path.exists() else None
    except OSError:
        result.notes.append(".dockerignore: left alone, it cannot be read")
        return
    after = blocks.merge(".dockerignore", before, blocks.ignore(list(ignored)))
    if after != before:
        result.changes.append(Change(".dockerignore", before, after))


def env_file(folder: Path, wishes: Wishes, result: Result, shape: Mapping[str, str]) -> str | None:
    """Return the text of a new ``.env``; None when there is one.

    It comes from the ``.env.example`` in the folder, else from the one that a build would write.
    """
    if os.path.lexists(folder / ".env"):
        return None
    host = wishes.host or "localhost"
    tls = None if shape.get("COMPOSEGEN_TLS") else dotenv.tls_for(host)
    given = {"SITE_HOST": host, "COMPOSEGEN_ACME_EMAIL": wishes.email}
    if tls == "local" or (tls is None and shape.get("COMPOSEGEN_TLS") != "acme"):
        del given["COMPOSEGEN_ACME_EMAIL"]
    example = _example(folder, result, {**shape, "COMPOSEGEN_TLS": tls or shape["COMPOSEGEN_TLS"]})
    if "SITE_HOST" not in example:
        del given["SITE_HOST"]
    return dotenv.first(example, given, tls)


def _example(folder: Path, result: Result, shape: Mapping[str, str]) -> str:
    path = folder / ".env.example"
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        pass
    report = Report()
    texts = {c.path: c.after for c in result.changes}
    sources = [
        source
        for name in sorted({*discover.find(folder, "", report), *(p for p in texts if _is_dockerfile(p))})
        if (source := _source(folder, name, texts, report)) is not None
    ]
    return compile_project(Input(sources=sources, shape=shape), report).files.get(".env.example", "")


def _is_dockerfile(path: str) -> bool:
    return discover.is_dockerfile(path.rpartition("/")[2])


def _source(folder: Path, name: str, texts: Mapping[str, str], report: Report) -> Source | None:
    return Source(name, texts[name]) if name in texts else discover.read(folder, name, report)


def apply(folder: Path, result: Result, env: str | None) -> list[str]:
    """Write everything, the files that were there by a rename; return what was written.

    Raises:
        ComposegenError: a file could not be written.
    """
    report = Report()
    written = write(folder, result.changes, report)
    for diagnostic in report:
        raise ComposegenError(diagnostic.message, diagnostic.help)
    if env is not None:
        try:
            handle = os.open(folder / ".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(env)
        except OSError as error:
            raise ComposegenError(f".env cannot be written: {(error.strerror or '').lower()}") from error
        written.append(".env")
    return written
