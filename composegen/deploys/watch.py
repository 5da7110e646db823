"""Whether a new container is ready, from what the engine tells of it. Pure.

A held container never gets healthy: its probe fails on purpose, and says ``held, ready``. So the health
log is read, not the state of health.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from composegen.deploys.observed import Container

HELD_READY = "held, ready"
TOLERATED = 2
"""Restarts that a container may take before it is ready for the first time."""
_GONE = {"exited", "dead", "removing"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is thought of one container. ``since``: when it got ready (epoch seconds), None when it is not."""

    container: str
    why: str = "is starting"
    since: float | None = None
    restarts: int = 0
    """How often it had been started again when it got ready."""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Watch:
    """Follows new containers of one service.

    ``held``: they have a flag, and say themselves whether they are ready. ``checked``: they have a health
    check. A container with neither is ready as soon as it runs.
    """

    held: bool
    seen: dict[str, Verdict] = field(default_factory=dict)

    def look(self, containers: tuple[Container, ...], expected: tuple[str, ...], now: float) -> list[Verdict]:
        """Return the verdict on each expected container, given how they are now."""
        here = {c.id: c for c in containers}
        for identity in expected:
            before = self.seen.get(identity, Verdict(container=identity))
            container = here.get(identity)
            if container is None:
                found = replace(before, failed=True, why="was removed by somebody else", since=None)
            else:
                found = self._one(container, before, now)
            self.seen[identity] = found
        return [self.seen[identity] for identity in expected]

    def _one(self, container: Container, before: Verdict, now: float) -> Verdict:
        broken = _broken(container, before)
        if broken:
            return replace(before, failed=True, why=broken, since=None)
        if not container.running:
            return replace(before, why=f"is {container.state}", since=None)
        ready, why = self._ready(container)
        if not ready:
            return replace(before, why=why, since=None)
        if before.since is not None:
            return before
        return replace(before, why="ready", since=now, restarts=container.restarts)

    def _ready(self, container: Container) -> tuple[bool, str]:
        last = container.checks[-1].output.strip() if container.checks else ""
        if self.held:
            if last == HELD_READY:
                return True, "ready"
            return False, last.removeprefix("held, ") or "is starting"
        if container.health in {"", "healthy"}:
            return True, "ready"
        return False, last or f"is {container.health}"


def _broken(container: Container, before: Verdict) -> str:
    """Say why the container will not do, '' while it may."""
    if container.state in _GONE:
        return ended(container)
    if container.state == "created" and container.error:
        return f"cannot start: {container.error}"
    if before.since is not None and container.restarts > before.restarts:
        return f"died after it had been ready{_last(container)}"
    if container.restarts > TOLERATED:
        return f"crashes: started again {container.restarts} times{_last(container)}"
    return ""


def ended(container: Container) -> str:
    """Say how a container ended."""
    if container.error:
        return f"cannot start: {container.error}"
    return f"ended with exit code {container.exit_code}"


def _last(container: Container) -> str:
    return f" (last exit code {container.exit_code})" if container.exit_code else ""
