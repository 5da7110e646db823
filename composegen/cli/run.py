"""``composegen run``: a one-off task."""

from __future__ import annotations

import os
import sys
from decimal import Decimal
from pathlib import Path

import click


def _seconds(context: click.Context, parameter: click.Parameter, value: str) -> float:
    from composegen.keys.spec import BadValue
    from composegen.keys.values import duration

    del context, parameter
    try:
        found: Decimal = duration(value)
    except BadValue as error:
        raise click.BadParameter(str(error)) from None
    return float(found)


@click.command()
@click.argument("service")
@click.argument("words", metavar="[-- CMD...]", nargs=-1, type=click.UNPROCESSED)
@click.option("--release", type=click.IntRange(min=1), metavar="N", help="In the image of this release.")
@click.option("--detach", is_flag=True, help="In the background; prints the container's name.")
@click.option(
    "--timeout",
    default="24h",
    show_default=True,
    metavar="DURATION",
    callback=_seconds,
    help="Stop it after this time.",
)
def run(*, service: str, words: tuple[str, ...], release: int | None, detach: bool, timeout: float) -> None:
    """Run a command in a new container of SERVICE.

    It has the service's environment, volumes and networks, and the image that was last accepted (or
    that of a release, so that a migration can run before its release is activated). It gets no
    requests, is never updated or restarted, and is removed when it has ended; Ctrl-C stops it.

    Ends with the command's own exit code; 124 when it was stopped after --timeout.
    """
    from composegen.deploys import oneoff
    from composegen.deploys.store.files import State
    from composegen.runtime.engine import Engine
    from composegen.runtime.local import require_local, require_project
    from composegen.runtime.surroundings import surroundings

    folder = Path.cwd().resolve()
    engine = Engine(folder, surroundings(folder, os.environ), patience=60.0)
    require_local(engine)
    require_project(folder)
    engine.require()
    task = oneoff.task(engine, State(folder), service, words, release=release, timeout=timeout)
    if not detach:
        sys.exit(oneoff.run(engine, task))
    oneoff.start(engine, task)
    click.echo(task.name)
    click.echo(f"docker logs --follow {task.name} shows what it says, docker stop ends it.", err=True)
