"""``composegen up`` and ``composegen down``: a build, then the runner."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from composegen.cli.build import build
from composegen.cli.common import FOLDER


@click.command()
@FOLDER
@click.pass_context
def up(context: click.Context, *, folder: str) -> None:
    """Build, then apply: `composegen build`, and `make up` when there are no errors.

    Ends with the runner's exit code.
    """
    context.invoke(
        build,
        folder=folder,
        only_check=False,
        only_diff=False,
        stdout=False,
        force=False,
        assignments=(),
        style="text",
    )
    _run(folder, "up")


@click.command()
@FOLDER
def down(*, folder: str) -> None:
    """Stop and remove the project's containers: `make down`. State stays.

    Ends with the runner's exit code.
    """
    _run(folder, "down")


def _run(folder: str, target: str) -> NoReturn:
    """Become the script that ``make TARGET`` runs, so that signals and the exit code are its own.

    Through make every failure would end with 2: it could not be told that the project is locked,
    or that no engine answers. Nor does it matter whether and how a Makefile includes the targets.
    """
    from composegen.errors import ComposegenError, UsageError

    place = Path(folder)
    script = f"composegen.d/run/{target}.sh"
    if not place.is_dir():
        raise UsageError(f"{folder} is not a folder", "name the folder that holds the project")
    if not (place / script).is_file():
        raise ComposegenError(f"{folder} holds no {script}", "run `composegen build` first")
    sys.stdout.flush()
    sys.stderr.flush()
    _findable()
    # To the script this is make, with no variable on its command line: a SERVICE or a TIMEOUT of the
    # environment is the app's.
    os.environ.setdefault("MAKELEVEL", "1")
    os.environ.pop("MAKEFLAGS", None)
    try:
        os.chdir(place)
        os.execvp("sh", ["sh", script])  # noqa: S606 - the script's own shell, no command line of ours
    except OSError as error:
        raise ComposegenError(f"sh cannot be run: {(error.strerror or '').lower()}") from None


def _findable() -> None:
    """Let the runner find this very command, for what rolls; it may be in no folder of PATH."""
    mine = Path(sys.argv[0])
    if mine.name == "composegen" and mine.is_file():
        places = (str(mine.parent.absolute()), os.environ.get("PATH"))
        os.environ["PATH"] = ":".join(filter(None, places))  # an empty place would be the current folder
