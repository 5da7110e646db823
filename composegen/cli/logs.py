"""``composegen logs``."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import TYPE_CHECKING

import click

from composegen.cli.deploying import machine_to_look_at
from composegen.cli.listing import LISTING, SERVICES

if TYPE_CHECKING:
    from composegen.deploys.docker_machine import DockerMachine

# A container's name, a bar, the engine's time, the line itself.
_LINE = re.compile(r"(?P<container>\S+) +\| (?:(?P<time>\d{4}-\d\d-\d\dT[\d:.]+Z) ?)?(?P<text>.*)")


@click.command()
@SERVICES
@click.option("-f", "--follow", is_flag=True, help="Go on until Ctrl-C.")
@click.option(
    "-n",
    "--tail",
    "lines",
    default=200,
    show_default=True,
    type=click.IntRange(min=0),
    metavar="N",
    help="How many of the last lines of each container.",
)
@click.option("--since", metavar="TIME", help="Only later lines: 2026-11-21T14:00:00 or 30m.")
@click.option("--until", metavar="TIME", help="Only earlier lines.")
@LISTING
def logs(
    *, services: tuple[str, ...], follow: bool, lines: int, since: str | None, until: str | None, style: str
) -> None:
    """Show what the containers wrote, all of them or those of some services.

    As JSON: one object per line. An incomplete .env does not matter.

    Exit 0; 2 for an unknown service; 3 when no engine answers.
    """
    from composegen.errors import ComposegenError, UsageError

    machine = machine_to_look_at()
    known = machine.services
    for name in services:
        if name not in known:
            raise UsageError(f"there is no service {name!r}", f"services of this project: {', '.join(known)}")
    words = ["docker", "compose", "--project-name", machine.project, "logs", "--tail", str(lines)]
    words += ["--follow"] if follow else []
    words += [w for name, value in (("--since", since), ("--until", until)) if value for w in (name, value)]
    if style == "json":
        sys.exit(_as_json(machine, [*words, "--timestamps", "--no-color", "--", *services]))
    environ = {k: v for k, v in machine.engine.environ.items() if not k.startswith("COMPOSE_")}
    sys.stdout.flush()
    try:
        # By the project's name alone, so from a folder in which Compose finds no file to read.
        os.chdir("/")
        os.execvpe("docker", [*words, "--", *services], environ)  # noqa: S606 - no shell is wanted
    except OSError as error:
        raise ComposegenError(f"docker cannot be run: {(error.strerror or '').lower()}") from None


def _as_json(machine: DockerMachine, words: list[str]) -> int:
    from dataclasses import replace
    from pathlib import Path

    from composegen.deploys.streaming import stream

    def say(line: str) -> None:
        match = _LINE.match(line)
        found = match.groupdict() if match else {"container": None, "time": None, "text": line}
        click.echo(json.dumps(found, ensure_ascii=False))

    environ = {k: v for k, v in machine.engine.environ.items() if not k.startswith("COMPOSE_")}
    return stream(words, replace(machine.engine, folder=Path("/"), environ=environ), None, say)
