"""``composegen ps``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from composegen.cli.deploying import machine_to_look_at
from composegen.cli.listing import LISTING, SERVICES

if TYPE_CHECKING:
    from composegen.deploys.docker_machine import DockerMachine
    from composegen.deploys.observed import Observed
    from composegen.deploys.tasks import App


@click.command()
@SERVICES
@LISTING
def ps(*, services: tuple[str, ...], style: str) -> None:
    """Show the containers of the project, by service: which release they run, and how they are.

    STATUS is PENDING (made, or about to be restarted), ACTIVATING (a deploy looks at it and sends it no
    request yet), RUNNING, DEACTIVATING (it gets no more requests), PAUSED or STOPPED; HEALTH is UNKNOWN
    while it is being found out, and where no check is defined. An incomplete .env does not matter.

    Exit 0; 2 for an unknown service; 3 when no engine answers.
    """
    from composegen.errors import UsageError
    from composegen.render.tasks import as_json, text

    machine = machine_to_look_at()
    observed = machine.observe()
    found = _apps(machine, observed)
    names = [app.service for app in found]
    for name in services:
        if name not in names:
            raise UsageError(f"there is no service {name!r}", f"services of this project: {', '.join(names)}")
    shown = [app for app in found if app.service in services or not services]
    click.echo(as_json(shown) if style == "json" else text(shown), nl=False)


def _apps(machine: DockerMachine, observed: Observed) -> tuple[App, ...]:
    from composegen.deploys import knowing
    from composegen.deploys.tasks import apps
    from composegen.errors import ComposegenError

    leaving = knowing.leaving(machine.folder)
    try:
        wanted = machine.wanted()
    except ComposegenError:
        # A variable is missing: what runs can be told all the same.
        desired: dict[str, int | None] = dict.fromkeys(machine.services)
        return apps(desired, observed, knowing.stored(machine.folder), leaving)
    desired = {
        s.name: 0 if s.oneshot or (s.manual and not observed.of(s.name)) else s.replicas
        for s in sorted(wanted.services, key=lambda s: not s.own)
    }
    return apps(desired, observed, knowing.caught_up(machine.folder, wanted, observed), leaving)
