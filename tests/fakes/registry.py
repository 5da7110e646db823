"""A registry in memory: tags, digests, and what the images behind them do when they run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from composegen.deploys.references import at, repository
from composegen.errors import EngineRefused


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """What a container of an image does. Times in seconds after its start."""

    ready_after: float = 1.0
    """When the check passes for the first time; ``inf`` for never."""
    sick_after: float = float("inf")
    """From when on the check fails again."""
    crash_after: float = float("inf")
    """When the process ends by itself."""
    exit_code: int = 0
    """With which the process ends by itself, on a signal, and as a one-off."""
    stop_takes: float = 0.2
    """How long it takes to end after the stop signal; above its grace it is killed."""
    cannot_start: str = ""
    """The engine's reason why it cannot be started; '' when it can."""
    log: tuple[str, ...] = ("serving",)


@dataclass
class Registry:
    """Public state; tests write into it."""

    tags: dict[str, str] = field(default_factory=dict)
    """``repository:tag`` to ``repository@sha256:…``."""
    ids: dict[str, str] = field(default_factory=dict)
    """``repository@sha256:…`` to the id of the image."""
    down: str = ""
    """The reason why it does not answer."""

    def push(self, reference: str, label: str) -> tuple[str, str]:
        """Let a tag mean the image ``label``; return its digest name and its id."""
        digest = at(reference, "sha256:" + hashlib.sha256(f"manifest {label}".encode()).hexdigest())
        identity = "sha256:" + hashlib.sha256(f"image {label}".encode()).hexdigest()
        self.tags[reference] = digest
        self.ids[digest] = identity
        return digest, identity

    def resolve(self, reference: str) -> str:
        """Return the digest name of a tag, or of a digest that is there."""
        if self.down:
            raise EngineRefused(f"the registry was asked for {reference}", self.down)
        found = reference if reference in self.ids else self.tags.get(reference, "")
        if not found or repository(found) != repository(reference):
            raise EngineRefused(f"the registry was asked for {reference}", "manifest unknown")
        return found
