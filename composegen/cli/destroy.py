"""``composegen destroy``."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import click

from composegen.cli.listing import LISTING

if TYPE_CHECKING:
    from composegen.deploys.docker_machine import DockerMachine

SCRIPT = "composegen.d/run/destroy.sh"


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--all", "everything", is_flag=True, help="Delete the volumes with certificates too.")
@LISTING
def destroy(*, yes: bool, everything: bool, style: str) -> None:
    """Delete containers, networks, volumes and state folders of the project.

    The same as `make destroy`: it shows what would go, and asks for the project's name. Your files, .env
    and secrets stay, and so do folders elsewhere, with files in git, or of which git cannot tell.

    Exit 0; 1 when not confirmed, or something could not be deleted; 2 when there is nobody to ask;
    3 when no engine answers; 5 when another command holds the lock.
    """
    from composegen.deploys.docker_machine import DockerMachine
    from composegen.errors import ComposegenError, UsageError
    from composegen.runtime.local import require_local

    machine = DockerMachine.of(".")
    require_local(machine.engine)
    if not (machine.folder / SCRIPT).is_file():
        raise ComposegenError(f"there is no {SCRIPT} here", "run `composegen build` first")
    if style == "json" and not yes:
        raise UsageError("--format json asks no questions", "write --yes too")
    if not yes and not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on", "`composegen destroy --yes` does not ask")
    machine.engine.require()
    environ = dict(os.environ)
    for name, value in (("YES", machine.project if yes else ""), ("ALL", "1" if everything else "")):
        environ.pop(name, None)
        environ.update({name: value} if value else {})
    if style == "json":
        sys.exit(_as_json(machine, environ))
    sys.stdout.flush()
    try:
        os.chdir(machine.folder)
        os.execvpe("sh", ["sh", SCRIPT], environ)  # noqa: S606 - the script's own shell
    except OSError as error:
        raise ComposegenError(f"sh cannot be run: {(error.strerror or '').lower()}") from None


def _as_json(machine: DockerMachine, environ: dict[str, str]) -> int:
    from dataclasses import replace

    from composegen.deploys.streaming import stream

    project, said = machine.project, list[str]()
    engine = replace(machine.engine, environ=environ)
    code = stream(["sh", SCRIPT], engine, None, said.append)
    click.echo(json.dumps({"project": project, "destroyed": code == 0, "said": said}, indent=2))
    return code
