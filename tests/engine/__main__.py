"""`python3 -m tests.engine up|down|images`: the engine for people and makefiles."""

from __future__ import annotations

import argparse
import sys

from tests.engine import apt, images
from tests.engine.daemon import Daemon
from tests.engine.engine import Engine
from tests.engine.places import SHARED, EngineError, engine_folder, env_file, locked
from tests.engine.recipes import RECIPES
from tests.engine.toolchain import toolchain


def main() -> int:
    """Run one command; 3 when no engine can be had."""
    wanted = _arguments()
    try:
        if wanted.command == "down":
            _down(wanted.name, purge=wanted.purge)
        else:
            _up(wanted)
    except EngineError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 3
    return 0


def _up(wanted: argparse.Namespace) -> None:
    engine = Engine.find(wanted.name)
    path = engine.write_env()
    _say(engine.shell(), end="")
    _say(f"# also in {path}")
    if wanted.command == "images" or not wanted.no_images:
        made = images.ensure(engine, wanted.groups, tell=lambda text: _say(f"# {text}"))
        _say(f"# images made: {', '.join(made) or 'none, all are there'}")


def _down(name: str, *, purge: bool) -> None:
    if apt.usable() and engine_folder(name).exists():  # else we never started one
        daemon = Daemon(name, toolchain())
        with locked(f"engine-{name}"):
            if purge:
                daemon.remove()
            else:
                daemon.stop()
    env_file(name).unlink(missing_ok=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m tests.engine", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start the engine, make its images, say how to reach it")
    up.add_argument("--no-images", action="store_true", help="start it only")
    up.set_defaults(groups=[])
    made = commands.add_parser("images", help="the same, with the images of some groups only")
    known = sorted({recipe.group for recipe in RECIPES})
    made.add_argument("groups", nargs="*", metavar="GROUP", help=f"of {', '.join(known)} [all]")
    down = commands.add_parser("down", help="stop the engine that `up` started")
    down.add_argument("--purge", action="store_true", help="and delete its data")
    for command in (up, made, down):
        command.add_argument("--name", default=SHARED, help="which engine [%(default)s]")
    return parser.parse_args()


def _say(text: str, end: str = "\n") -> None:
    print(text, end=end, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
