"""The process that ends a one-off in the background in time: ``python -m composegen.deploys.guard``.

It waits for the container and goes when that has ended by itself; nothing else keeps track of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from composegen.runtime.engine import Engine

_TOO_LATE = 124
_SLACK = 20.0


def guard(name: str, timeout: float, grace: float) -> None:
    """Stop the container ``name`` when it still runs after ``timeout`` seconds."""
    waited = Engine(Path.cwd(), patience=timeout).run("wait", name)
    if waited.code == _TOO_LATE:
        Engine(Path.cwd(), patience=grace + _SLACK).run("stop", "--time", f"{max(1, round(grace))}", name)


if __name__ == "__main__":
    guard(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
