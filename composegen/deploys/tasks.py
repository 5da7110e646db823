"""The table of ``composegen ps``: SetOps's words for what the containers of a service are doing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from composegen.deploys.known import Known
    from composegen.deploys.observed import Container, Observed

_HEALTH = {"healthy": "HEALTHY", "unhealthy": "UNHEALTHY"}
_STATUS = {
    "created": "PENDING",
    "restarting": "PENDING",
    "paused": "PAUSED",
    "removing": "DEPROVISIONING",
    "exited": "STOPPED",
    "dead": "STOPPED",
}
_PENDING = frozenset({"PENDING", "ACTIVATING"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One container. Times are epoch seconds, 0 for never."""

    id: str
    name: str
    release: int | None
    status: str
    """PENDING, ACTIVATING, RUNNING, PAUSED, DEACTIVATING, DEPROVISIONING or STOPPED."""
    health: str
    """HEALTHY, UNHEALTHY, or UNKNOWN: being evaluated, or none defined."""
    started: float
    stopped: float
    exit_code: int | None
    image: str
    oneoff: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """One service with its tasks."""

    service: str
    desired: int | None
    """How many containers it should have; None when the files do not tell."""
    tasks: tuple[Task, ...] = ()

    @property
    def running(self) -> int:
        """How many of its own run."""
        return sum(t.status == "RUNNING" for t in self.tasks if not t.oneoff)

    @property
    def pending(self) -> int:
        """How many of its own are about to run."""
        return sum(t.status in _PENDING for t in self.tasks if not t.oneoff)


def apps(
    desired: Mapping[str, int | None], observed: Observed, known: Known, leaving: Collection[str]
) -> tuple[App, ...]:
    """Return all services: those of the files in their order, then what else runs.

    ``desired`` are the services of the files; ``leaving`` the ids of containers that a deploy takes out.
    """
    others = sorted({c.service for c in observed.containers} - set(desired))
    return tuple(
        App(
            service=name,
            desired=desired.get(name, 0),
            tasks=tuple(_task(c, known, leaving) for c in observed.containers if c.service == name),
        )
        for name in (*desired, *others)
    )


def _task(container: Container, known: Known, leaving: Collection[str]) -> Task:
    active = known.active(container.service)
    release = active.number if active is not None and active.id == container.image else None
    ended = container.state in {"exited", "dead"}
    return Task(
        id=container.id[:12],
        name=container.name,
        release=release or known.number(container.service, container.image),
        status=_status(container, leaving),
        health=_HEALTH.get(container.health, "UNKNOWN"),
        started=container.started,
        stopped=container.finished if ended else 0.0,
        exit_code=container.exit_code if ended else None,
        image=container.image,
        oneoff=container.oneoff,
    )


def _status(container: Container, leaving: Collection[str]) -> str:
    if container.state != "running":
        return _STATUS.get(container.state, container.state.upper())
    said = container.checks[-1].output if container.checks else ""
    if container.id in leaving or said == "draining":
        return "DEACTIVATING"
    return "ACTIVATING" if said.startswith("held, ") else "RUNNING"
