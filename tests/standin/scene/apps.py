"""Releases of the test app: good ones and bad ones, as images."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.engine import images

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.engine.engine import Engine

PORT = 8080
HEALTH = "/health"
OFTEN = f"{HEALTH} 2s"  # a drain waits for a check or two, and there are many in a long test
_numbers = itertools.count(1)


@dataclass(frozen=True)
class App:
    """How a release of the test app behaves."""

    name: str
    env: Mapping[str, str] = field(default_factory=dict)
    shell: bool = False
    entrypoint: tuple[str, ...] | None = None

    @property
    def base(self) -> str:
        """The image it is made from."""
        return "testapp:shell" if self.shell else "testapp:static"


def good(ends: str = "graceful", *, shell: bool = False) -> App:
    """Make one that serves; `ends` says what it does on SIGTERM: graceful, abrupt or deaf."""
    return App(f"{ends}{'-shell' if shell else ''}", {"ON_TERM": ends}, shell)


def bad(how: str, *, shell: bool = False) -> App:
    """Make one that does not: it cannot start, crashes in a loop, never gets ready or listens."""
    kinds = {
        "cannot-start": App("cannot-start", entrypoint=("/no/such/program",)),
        "crash-loop": App("crash-loop", {"CRASH_AT_START": "1"}),
        "never-ready": App("never-ready", {"NEVER_READY": "1"}),
        "never-listens": App("never-listens", {"PORT": str(PORT + 1)}),
    }
    found = kinds[how]
    return App(found.name, found.env, shell, found.entrypoint)


def build(engine: Engine, app: App) -> str:
    """Make an image of its own for this release, and give its tag."""
    version = f"{app.name}-{os.getpid()}-{next(_numbers)}"
    env = {"PORT": str(PORT), "VERSION": version, **app.env}
    tag = f"cgtest/release:{version}"
    images.build_variant(engine, tag, app.base, env=env, entrypoint=app.entrypoint)
    return tag
