"""``composegen releases`` and ``composegen release``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from composegen.cli.deploying import carry_out, desk, machine_here, machine_to_look_at, options
from composegen.cli.listing import LISTING
from composegen.render.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from composegen.deploys.docker_machine import DockerMachine
    from composegen.deploys.planned import Request
    from composegen.deploys.requests import Desk
    from composegen.deploys.store.records import History, Release


@click.command()
@click.argument("service", required=False)
@LISTING
def releases(*, service: str | None, style: str) -> None:
    """List the releases of SERVICE, or of all services; updates made by watchtower included.

    A `*` stands at the active one. `composegen rollback SERVICE N` goes to any of them.
    """
    from composegen.errors import UsageError

    machine = machine_to_look_at()
    found = _histories(machine)
    if service is not None and service not in found:
        raise UsageError(f"there is no service {service!r}", f"services with releases: {', '.join(found)}")
    shown = {service: found[service]} if service is not None else found
    if style == "json":
        click.echo(json.dumps([_document(h) for h in shown.values()], indent=2, ensure_ascii=False))
        return
    lines = table([["", "SERVICE", "RELEASE", "IMAGE", "SINCE", "HOW", "WHO", "COMMIT"], *_rows(shown)])
    click.echo("\n".join(lines) if any(h.releases for h in shown.values()) else "No releases yet.")


@click.group()
def release() -> None:
    """Create, activate and unpin releases."""


@release.command()
@click.argument("service")
@click.argument("ref")
def create(*, service: str, ref: str) -> None:
    """Record REF (a tag, a reference or a digest) as a release of SERVICE, without running it.

    Its digest has to exist. `composegen run --release N` runs a task in it, and `composegen release
    activate` makes it the active one.
    """
    from composegen.cli.progress import progress
    from composegen.deploys.docker_machine import DockerMachine
    from composegen.deploys.releasing import record
    from composegen.deploys.stage import Stage
    from composegen.deploys.store.lock import lock

    machine, follow = machine_here(), progress()
    at = desk(machine)
    with lock(at.state, f"composegen release create {service}", follow.say) as descriptor:
        inside = DockerMachine.of(machine.folder, inherit=(descriptor,))
        stage = Stage(machine=inside, project=machine.folder, progress=follow)
        number, new = record(stage, at, service, ref)
    click.echo(f"{service}: release {number} created." if new else f"{service}: that is release {number}.")


@release.command()
@click.argument("service")
@click.argument("number", metavar="N", type=click.IntRange(min=1))
@options
def activate(
    *, service: str, number: int, bake: float | None, timeout: float | None, surge: int | None, yes: bool
) -> None:
    """Make release N of SERVICE the active one: a deploy of its image, which is pinned in .env.

    The configuration stays as it is. Exit codes as of `composegen deploy`.
    """

    def request(desk: Desk) -> Request:
        return desk.activating(service, number)

    carry_out(
        machine_here(),
        request,
        how="activate",
        command=f"composegen release activate {service} {number}",
        bake=bake,
        timeout=timeout,
        surge=surge,
        yes=yes,
    )


@release.command()
@click.argument("service")
@options
def unpin(*, service: str, bake: float | None, timeout: float | None, surge: int | None, yes: bool) -> None:
    """Take the pin of SERVICE away: a deploy of what its tag means now, which watchtower follows again.

    Exit codes as of `composegen deploy`.
    """

    def request(desk: Desk) -> Request:
        return desk.unpinning(service)

    carry_out(
        machine_here(),
        request,
        how="unpin",
        command=f"composegen release unpin {service}",
        bake=bake,
        timeout=timeout,
        surge=surge,
        yes=yes,
    )


def _histories(machine: DockerMachine) -> Mapping[str, History]:
    """Return the histories; what is new is written down, if nobody holds the lock just now."""
    from composegen.deploys.releasing import look
    from composegen.runtime.local import is_local

    here = is_local(machine.engine)
    if not here:
        click.echo(
            "note: the engine is elsewhere, and the records of releases are in the project's folder there; "
            "this is what runs, by the records of this folder",
            err=True,
        )
    return look(machine, machine.folder, write=here)


def _rows(histories: Mapping[str, History]) -> list[list[str]]:
    return [
        _row(history, one)
        for history in histories.values()
        for one in sorted(history.releases, key=lambda r: -r.number)
    ]


def _row(history: History, one: Release) -> list[str]:
    from composegen.deploys.references import short

    last = next((a for a in reversed(history.activations) if a.number == one.number), None)
    return [
        "*" if one.number == history.active else "",
        history.service,
        str(one.number),
        short(one.name),
        (last.time if last else one.time) or "-",
        (last.how if last else one.how) or "-",
        (last.who if last else one.who) or "-",
        one.commit[:12] or "-",
    ]


def _document(history: History) -> dict[str, Any]:
    return {
        "service": history.service,
        "active": history.active,
        "releases": [asdict(r) for r in history.releases],
        "activations": [asdict(a) for a in history.activations],
    }
