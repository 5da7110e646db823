"""How a deploy is followed: a line for each container on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from typing import TYPE_CHECKING, TextIO

import click

from composegen.source import visible

if TYPE_CHECKING:
    from composegen.deploys.stage import Progress


def progress() -> Progress:
    """Return what suits the standard output."""
    return Live(sys.stdout) if sys.stdout.isatty() else Plain()


class Plain:
    """One line for each thing that is new."""

    def __init__(self) -> None:
        self._last: dict[str, str] = {}

    def say(self, text: str) -> None:
        """Print a line."""
        _echo(text, sys.stdout)

    def warn(self, text: str) -> None:
        """Print a line to the standard error."""
        _echo(text, sys.stderr)

    def container(self, service: str, name: str, status: str) -> None:
        """Print the status when it is another one."""
        if self._last.get(name) != status:
            self._last[name] = status
            self.say(f"{service}: {name}: {status}")


def _echo(text: str, stream: TextIO) -> None:
    """Print a line. A deploy goes on when nobody reads any more: `| head`, a terminal that was closed."""
    try:
        click.echo(visible(text), file=stream)
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


class Live:
    """The containers' lines stand at the bottom of the terminal and change in place."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: dict[str, str] = {}
        self._shown = 0

    def say(self, text: str) -> None:
        """Print a line above the containers'; what they ended with stays where it is."""
        self._draw()
        self._lines.clear()
        self._shown = 0
        _echo(text, self._stream)

    def warn(self, text: str) -> None:
        """Print a line in the same place, so that both are read in their order."""
        self.say(text)

    def container(self, service: str, name: str, status: str) -> None:
        """Change the container's line."""
        del service
        if self._lines.get(name) != status:
            self._lines[name] = status
            self._draw()

    def _draw(self) -> None:
        width = shutil.get_terminal_size().columns - 1
        up = f"\x1b[{self._shown}A" if self._shown else ""
        pad = max(map(len, self._lines), default=0)
        lines = "".join(
            f"\r\x1b[K{visible(f'  {name.ljust(pad)}  {status}')[:width]}\n"
            for name, status in self._lines.items()
        )
        with contextlib.suppress(OSError):
            self._stream.write(up + lines)
            self._stream.flush()
        self._shown = len(self._lines)
