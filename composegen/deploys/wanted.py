"""What the files ask for: docker-compose.yml with .env, as Compose reads them. Plain frozen data.

Made by ``composegen.deploys.reading``; here only what it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedService:
    """One service of the compose file. Times in seconds."""

    name: str
    image: str
    """What its containers are created from, all variables resolved: a tag, a digest name or an id."""
    reference: str = ""
    """What ``image`` is without a pin; '' where the annotation itself names a digest."""
    variable: str = ""
    """The variable that pins it (COMPOSEGEN_IMAGE_…), shared by the services that share the image; ''
    for the services that composegen adds (frontend, watchtower, toolbox)."""
    local: bool = False
    """Built on this machine: no registry knows it."""
    ours: bool = False
    """Whether the project makes the image itself: `deploy` without names looks for newer ones of these."""
    update: str = "off"
    """auto, notify or off."""
    rollout: str = "stop"
    """roll (new beside old), safe (all old stop first) or stop (scale 0)."""
    replicas: int = 1
    """How many containers run."""
    routed: bool = False
    """Whether the frontend sends it requests; then it has the probe and the hold flags."""
    oneshot: bool = False
    manual: bool = False
    config_hash: str = ""
    """As Compose computes it; the image is part of it, the number of replicas is not."""
    mounts: Mapping[str, str] = field(default_factory=dict)
    """Path to digest of the project's files that are mounted: configs and secrets. Paths and digests
    are written as `make up` writes them to ``.composegen/mounts``."""
    grace: float = 10.0
    """stop-grace: how long a request may last, and the process may take to end."""
    budget: float = 0.0
    """How long a start may take before readiness counts; 0 without a health check."""
    checked: bool = False
    """Whether the compose file gives it a health check (the image may have one of its own)."""
    interval: float = 5.0
    timeout: float = 2.0
    """Of the health check: between two runs, and the longest that one run takes."""
    pre_deploy: tuple[str, ...] | None = None
    """Words of the command to run in the new image beforehand."""
    max_memory: int | None = None
    """Bytes."""
    alone: tuple[str, ...] = ()
    """Why two of its containers cannot run side by side, such as ``it publishes port 25/tcp``."""
    writes: tuple[str, ...] = ()
    """Volumes and folders that it can write."""
    depends: Mapping[str, str] = field(default_factory=dict)
    """Service to condition: service_started, service_healthy, service_completed_successfully."""
    aliases: tuple[str, ...] = ()
    hostname: str = ""
    """'' unless configured: then the short id is the hostname. One that is configured is the same in
    all containers, so a hold flag cannot tell them apart."""
    networks: tuple[str, ...] = ()
    """Names of the engine's networks that it is on."""
    port: int | None = None
    """Where it listens for the frontend (PORT of its environment)."""
    fingerprint: str = ""
    """Digest of its configuration without the image and the number; the same for all Compose versions."""
    traits: Mapping[str, str] = field(default_factory=dict)
    """Its configuration by field, each as a digest: for telling what differs."""
    routes: str = ""
    """The variable with the routes' revision (COMPOSEGEN_ROUTES_…); '' where routes hold no variable."""
    addresses: tuple[str, ...] = ()
    """Its public addresses, such as ``https://www.example.com/``."""
    further: str = ""
    """What its routes hold by value too: trusted proxies, hosts that a star does not stand for."""
    mistakes: tuple[str, ...] = ()
    """What has to be put right before anything of it is made, each with what to do."""

    @property
    def pinned(self) -> bool:
        """Whether .env (or a deploy) fixes the image in the place of its reference."""
        return bool(self.reference) and self.image != self.reference

    @property
    def own(self) -> bool:
        """Whether it is the user's, and not one that composegen adds."""
        return bool(self.variable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The whole project; ``services`` stand in the order in which they can start."""

    project: str
    folder: str
    """Absolute, without links."""
    services: tuple[WantedService, ...] = ()
    reload: str = ""
    """The frontend's service whose script ``reload`` takes lists of replicas; empty: it goes by health."""
    version: str = ""
    """Of the composegen that generated the files."""
    keep: int = 5
    """COMPOSEGEN_KEEP_RELEASES."""

    def get(self, name: str) -> WantedService | None:
        """Return a service; None when there is none of this name."""
        return next((s for s in self.services if s.name == name), None)

    def sharing(self, variable: str) -> tuple[WantedService, ...]:
        """Return the services whose image this variable pins: they move together."""
        return tuple(s for s in self.services if s.variable == variable and variable)
