"""What every step of a deploy works with: the machine, the project's files, and who is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from composegen.deploys.flags import Flags
from composegen.deploys.store.files import State

if TYPE_CHECKING:
    from pathlib import Path

    from composegen.deploys.machine import Machine

BAKE = 3.0
LOOK = 0.5
"""Seconds between two looks at containers that are waited for."""


class Progress(Protocol):
    """Who follows a deploy."""

    def say(self, text: str) -> None:
        """Tell of something that was done."""

    def warn(self, text: str) -> None:
        """Tell of something that a person should look at."""

    def container(self, service: str, name: str, status: str) -> None:
        """Tell how a container is; the same status may come many times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to deploy. Times in seconds."""

    bake: float = BAKE
    """How long new containers have to stay ready before they get requests."""
    timeout: float | None = None
    """How long they may take to get ready; None: what their health check allows."""
    surge: int | None = None
    """How many new containers run beside the old ones at most; None: all, as far as memory allows."""
    how: str = "deploy"
    """deploy, rollback, activate or unpin: for the records."""
    command: str = "composegen deploy"
    who: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One project on one machine."""

    machine: Machine
    project: Path
    progress: Progress
    options: Options = field(default_factory=Options)

    @property
    def state(self) -> State:
        """The folder ``.composegen``."""
        return State(self.project)

    @property
    def flags(self) -> Flags:
        """The hold flags."""
        return Flags(self.project)
