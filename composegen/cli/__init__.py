"""The command line.

Each command is a module; this one finds them, and is the only place where exceptions end: faults of the
environment become a message and their exit code.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import click

from composegen import __version__
from composegen.errors import ComposegenError

# Command to the module that holds it, in the order of the help.
COMMANDS = {
    "init": ("Start a project, or annotate an existing Dockerfile.", "init"),
    "build": ("Compile annotations and .env to docker-compose.yml and its companions.", "build"),
    "check": ("Show diagnostics only; write nothing.", "check"),
    "explain": ("Explain a key, a setting or a diagnostic code.", "explain"),
    "plan": ("Show what a deploy would do, and whether it costs downtime.", "plan"),
    "up": ("Build, then apply: make up.", "make"),
    "down": ("Stop and remove the containers: make down.", "make"),
    "deploy": ("Bring what runs to what the files say, losing no request.", "deploy"),
    "releases": ("List the releases of the services.", "releases"),
    "release": ("Create, activate and unpin releases.", "releases"),
    "rollback": ("Go back to an earlier release of a service.", "rollback"),
    "ps": ("Show the containers: which release they run, and how they are.", "ps"),
    "logs": ("Show what the containers wrote.", "logs"),
    "run": ("Run a command in a new container of a service.", "run"),
    "destroy": ("Delete containers, volumes and state of the project, after asking.", "destroy"),
    "doctor": ("Check the machine and the project, and say how to mend what is wrong.", "doctor"),
}


class LazyGroup(click.Group):
    """Imports a command's module only when that command runs, so that start-up stays short."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all commands, in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"composegen.cli.{COMMANDS[cmd_name][1]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; Ctrl-C has the code that shells give it, not that of a mistake."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.exit(130)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (about, _) in COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[Any, Any, list[str]]:
        """Suggest the nearest command when one is misspelt."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            close = difflib.get_close_matches(args[0], COMMANDS, 1)
            if close:
                raise click.UsageError(f"No such command {args[0]!r}. Did you mean {close[0]}?") from error
            raise


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="composegen")
def cli() -> None:
    """Compile annotated Dockerfiles and a .env file to a plain docker-compose.yml."""


def main() -> None:
    """Run the command line; never shows a traceback for a fault of the environment."""
    _open_streams()
    try:
        cli(prog_name="composegen")
    except ComposegenError as error:
        click.echo(f"composegen: {error}", err=True)
        if error.hint:
            click.echo(f"  help: {error.hint}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader (head, less) went away; Python would complain once more at exit.
        sys.stderr.close()
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _open_streams() -> None:
    """Let what the caller has closed (``<&-``) lead to nothing; a lock must not become standard output."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115 - for the whole run
