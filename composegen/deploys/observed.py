"""What runs: the project's containers and the images that matter, at one moment. Plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One run of a health check: when it ended (epoch seconds), its exit code, its one line."""

    ended: float
    code: int
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container of the project, as ``docker inspect`` tells. Times are epoch seconds, 0 for never."""

    id: str
    name: str
    service: str
    number: int
    image: str
    """Id of the image that it runs."""
    reference: str = ""
    """Reference that it was created from, such as ``repo:tag`` or ``repo@sha256:…``."""
    compose_image: str = ""
    """Image id that Compose noted when it made the container; another than ``image`` after watchtower."""
    config_hash: str = ""
    state: str = "running"
    """created, running, paused, restarting, exited, removing or dead."""
    health: str = ""
    """starting, healthy or unhealthy; '' without a health check."""
    checks: tuple[Check, ...] = ()
    """The last runs of the health check, oldest first (the engine keeps five)."""
    exit_code: int = 0
    error: str = ""
    """What the engine says when it could not start the container."""
    restarts: int = 0
    created: float = 0.0
    started: float = 0.0
    finished: float = 0.0
    hostname: str = ""
    """As configured; a hold flag is named after it."""
    oneoff: bool = False
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Network name to IPv4 address, of the networks that it is on now."""
    port: int | None = None
    """Where it listens for the frontend (PORT of its environment)."""
    scale: int | None = None
    """How many of its service there were to be when it was made (COMPOSEGEN_SCALE of its environment)."""
    grace: float = 10.0
    """Seconds that it is given to end."""
    budget: float = 0.0
    """Seconds after which its health check has surely said something; 0 without one."""
    traits: Mapping[str, str] = field(default_factory=dict)
    """Its configuration by field, each as a digest (``traits.of_container``): for telling what differs."""

    @property
    def running(self) -> bool:
        """Whether its process runs (paused ones included)."""
        return self.state in {"running", "paused"}

    @property
    def ready(self) -> bool:
        """Whether it runs and passes its health check, where it has one."""
        return self.state == "running" and self.health in {"", "healthy"}


def applied(containers: Iterable[Container], wished: int) -> int:
    """Return how many containers of a service there should be now, whatever the files ask for by now.

    That is what they were told when they were made; ``wished`` where none of them knows.
    """
    return max((c.scale for c in containers if c.scale is not None), default=wished) or 1


@dataclass(frozen=True, slots=True)
class Order:
    """A container was told to end, or was removed; ``when`` in epoch seconds."""

    service: str
    container: str
    when: float
    removed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image on this machine; ``digests`` are its ``repository@sha256:…`` names."""

    id: str
    digests: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    created: float = 0.0
    traits: Mapping[str, str] = field(default_factory=dict)
    """What it gives a container that is not told otherwise: environment, labels, command, by digest."""

    def digest_of(self, reference: str) -> str:
        """Return the digest name in the repository of ``reference``; '' when it has none there."""
        from composegen.deploys.references import repository  # noqa: PLC0415 - the small half of two

        wanted = repository(reference)
        return next((d for d in self.digests if repository(d) == wanted), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The project at one moment. ``when`` is the engine's host's clock, epoch seconds."""

    containers: tuple[Container, ...] = ()
    """All of the project's, one-offs and stopped ones included; ordered by service and number."""
    images: Mapping[str, Image] = field(default_factory=dict)
    """The images of this machine by each reference that was asked for (a tag, a digest name or an id),
    and by id for each image that a container runs."""
    when: float = 0.0

    def of(self, service: str) -> tuple[Container, ...]:
        """Return a service's own containers, without one-offs, by number."""
        return tuple(c for c in self.containers if c.service == service and not c.oneoff)

    def by_id(self, identity: str) -> Container | None:
        """Return one container; None when it is gone."""
        return next((c for c in self.containers if c.id == identity), None)

    @property
    def paused(self) -> tuple[Container, ...]:
        """The containers that somebody paused."""
        return tuple(c for c in self.containers if c.state == "paused")
