"""All checks of the machine and the project, in the order in which a person would mend them.

A check that itself fails becomes a warning: the others are worth having all the same. Nothing
here prints a value of .env, a secret's content, or what a program wrote about them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from composegen.building import prepare
from composegen.diagnostics import Report
from composegen.passes.dotenv import parse_env
from composegen.project import COMPOSE_FILE
from composegen.runtime.checks import certificates, files, machine, network, running
from composegen.runtime.checks.base import Finding, Place, Status, ok, warn
from composegen.runtime.engine import Engine
from composegen.runtime.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from composegen.project import Folder

Findings = list[Finding]


def examine(folder: Folder) -> tuple[Findings, bool]:
    """Run all checks; return the findings, and whether an engine answered."""
    engine = Engine(folder.path, folder.environ)
    found, reachable = machine.client(engine)
    found += machine.tools(engine)
    report = Report()
    prepared = prepare(folder, report, force=True)
    place = _place(folder, engine, prepared.stack, reachable=reachable)
    root = engine.run("info", "--format", "{{.DockerRootDir}}").out.strip() if reachable else ""
    if any((folder.path / name).exists() for name in (COMPOSE_FILE, *prepared.files)) or prepared.stack:
        found.append(files.build(prepared, report))
    else:
        found.append(warn("files", "no Dockerfile here declares a service", "run `composegen init`"))
    checks: list[tuple[str, Callable[[], Iterable[Finding | None]]]] = [
        ("env", lambda: files.env(place)),
        ("secrets", lambda: files.secrets(place)),
        ("pins", lambda: files.pins(place)),
        ("deploys", lambda: files.interrupted(place)),
        ("socket", lambda: [machine.socket(place)]),
        ("disk", lambda: machine.disk(place, root)),
    ]
    if prepared.stack is not None and place.compose_text:
        stack = prepared.stack
        checks.append(("dns", lambda: network.names(place)))
        if reachable:
            checks.append(("ports", lambda: network.ports(place, stack)))
    if reachable:
        checks += [
            ("certificates", lambda: certificates.served(place)),
            ("containers", lambda: running.unhealthy(place)),
            ("volumes", lambda: running.volumes(place)),
            ("hooks", lambda: running.shells(place)),
            ("watchtower", lambda: running.watchtower(place)),
        ]
    for name, check in checks:
        found += _guarded(name, check)
    return found, reachable


def _guarded(name: str, check: Callable[[], Iterable[Finding | None]]) -> Findings:
    try:
        return [f for f in check() if f is not None]
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        return [warn(name, f"this check could not be made ({type(error).__name__})", "run doctor again")]


def _place(folder: Folder, engine: Engine, stack: object, *, reachable: bool) -> Place:
    from composegen.model import Stack  # noqa: PLC0415 - for the type checker's narrowing only

    given = folder.load(Report())
    values = parse_env(given.env, folder.environ).values(folder.environ)
    text = _read(folder.path / COMPOSE_FILE)
    project = ""
    urls = None
    references: dict[str, str] = {}
    if reachable and text:
        document = engine.compose("config", "--no-interpolate", "--format", "json").json()
        project = str(document.get("name", "")) if isinstance(document, dict) else ""
        urls, references = _resolved(Engine(folder.path, surroundings(folder.path.resolve(), folder.environ)))
    containers = tuple(engine.containers(project)) if project else ()
    return Place(
        folder=folder.path,
        engine=engine,
        values=values,
        stack=stack if isinstance(stack, Stack) else None,
        compose_text=text,
        project=project,
        containers=containers,
        urls=urls,
        references=references,
    )


def _resolved(engine: Engine) -> tuple[tuple[str, ...] | None, dict[str, str]]:
    """Return the public addresses, and what pins replace, with variables filled in; None: Compose refuses."""
    document = engine.compose("config", "--format", "json").json()
    if not isinstance(document, dict):
        return None, {}
    facts = document.get("x-composegen") or {}
    services = (facts.get("services") or {}).values()
    references = {str(s["image"]): str(s["reference"]) for s in services if "image" in s and "reference" in s}
    return tuple(str(u.get("url", "")) for u in facts.get("urls") or ()), references


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def worst(found: Findings) -> Status:
    """Return the worst status."""
    order = (Status.OK, Status.WARN, Status.FAIL)
    return max((f.status for f in found), key=order.index, default=Status.OK)


__all__ = ["Finding", "Status", "examine", "ok", "worst"]
