"""``composegen plan``."""

from __future__ import annotations

import sys

import click

from composegen.cli.deploying import machine_to_look_at
from composegen.cli.listing import LISTING, SERVICES


@click.command()
@SERVICES
@click.option(
    "--no-pull",
    "no_pull",
    is_flag=True,
    help="Ask no registry about images that are here: take those accepted last, and what was built last.",
)
@LISTING
def plan(*, services: tuple[str, ...], no_pull: bool, style: str) -> None:
    """Show what `composegen deploy` would do, and which services it would keep from answering.

    Changes nothing, pulls nothing. Compares docker-compose.yml and .env as they are with what runs; the
    registry is asked what the tags mean now, for your own images and for the services that you name.

    Exit 0, also when there is something to do; 1 when something cannot be deployed; 3 when no engine
    answers.
    """
    from composegen.deploys.planned import Request
    from composegen.deploys.survey import survey
    from composegen.render.plan import as_json, text

    machine = machine_to_look_at()
    found = survey(machine, machine.folder, Request(services=services, look=not no_pull)).plan
    click.echo(as_json(found) if style == "json" else text(found), nl=False)
    sys.exit(1 if found.problems else 0)
