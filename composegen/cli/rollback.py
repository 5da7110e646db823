"""``composegen rollback``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from composegen.cli.deploying import carry_out, desk, machine_here, options

if TYPE_CHECKING:
    from composegen.deploys.planned import Request
    from composegen.deploys.requests import Desk


@click.command()
@click.argument("service", required=False)
@click.argument("number", metavar="[N]", required=False, type=click.IntRange(min=1))
@options
def rollback(
    *,
    service: str | None,
    number: int | None,
    bake: float | None,
    timeout: float | None,
    surge: int | None,
    yes: bool,
) -> None:
    """Go back to release N of SERVICE; without N to the last one before that ran another image.

    SERVICE may be left out where the project has one only.

    The image is pinned in .env, so that neither `make up` nor watchtower undoes the rollback; the
    configuration stays as it is. `composegen release unpin SERVICE` follows the tag again.

    Exit codes as of `composegen deploy`.
    """
    machine = machine_here()
    name = service or desk(machine).only()

    def request(desk: Desk) -> Request:
        desk.service(name)
        return desk.activating(name, desk.previous(name) if number is None else number)

    carry_out(
        machine,
        request,
        how="rollback",
        command=f"composegen rollback {name}",
        bake=bake,
        timeout=timeout,
        surge=surge,
        yes=yes,
    )
