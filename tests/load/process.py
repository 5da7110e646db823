"""A load in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from tests.load.plan import Load
from tests.load.result import Result

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parents[2]


class Running:
    """A load under way."""

    def __init__(self, load: Load) -> None:
        self.load = load
        words = [word for field in fields(Load) for word in _words(load, field.name)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.load", *words],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def over(self) -> bool:
        """Say whether it has ended by itself."""
        return self._process.poll() is not None

    def finish(self) -> Result:
        """Say that it is enough, wait for the rest, and give the figures."""
        seconds = self.load.most / self.load.rate + 2 * self.load.patience + 10
        out, complaints = self._process.communicate(timeout=seconds)
        if not out:
            raise RuntimeError(f"the load client died:\n{complaints}")
        return Result.read(out.splitlines()[-1])

    def kill(self) -> None:
        """End it at once, unless it has ended; its pipes are closed in any case."""
        self._process.kill()
        with self._process:
            pass


@contextmanager
def start(load: Load) -> Iterator[Running]:
    """Send a load meanwhile; whatever happens, no process is left."""
    running = Running(load)
    try:
        yield running
    finally:
        running.kill()


def _words(load: Load, name: str) -> list[str]:
    value = getattr(load, name)
    if name == "url":
        return [value]
    flag = "--" + name.replace("_", "-")
    if isinstance(value, bool):
        return [flag] if value else []
    return [flag, ",".join(value) if isinstance(value, tuple) else str(value)]
