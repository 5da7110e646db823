"""The stack as it is meant: what ``passes.resolve`` makes and ``targets`` write. All frozen.

``service.keys`` holds what passes through as declared; the other fields are what had to be
worked out from keys, settings and Dockerfiles together.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from composegen.keys.lifecycle import Build
    from composegen.keys.routes import Upstream
    from composegen.keys.service import ServiceKeys
    from composegen.source import Span

MANY = 2
"""From this number of replicas on, one can be replaced while others serve."""

PROVIDED = frozenset({"UID", "GID", "COMPOSE_PROJECT_NAME", "HOME", "PWD"})
"""Variables that the runner or Compose fill in by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What is deployed.

    ``reference`` is in annotation syntax (may hold ``${…}``). ``variable`` pins it; services
    that share an image name the owner's. ``local`` images are built by ``make up``.
    """

    reference: str
    variable: str
    owner: str
    local: bool
    default: bool
    digest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPlan:
    """How the image is built: ``context`` and ``dockerfile`` relative to the project's folder."""

    context: str
    dockerfile: str
    options: Build | None
    args: tuple[tuple[str, str | None], ...]
    parents: tuple[tuple[str, str], ...]
    """FROM names that are services of this project, with the service."""

    @property
    def outside(self) -> bool:
        """Whether the context is no folder of the project."""
        return self.context.split("/")[0] == ".."

    @property
    def above(self) -> bool:
        """Whether the context holds the project's whole folder, and more."""
        return set(self.context.split("/")) == {".."}

    def seen(self, path: str, place: str) -> str:
        """Return a path of the project as seen from the context; ``place`` is the project's folder.

        Never by the folder that composegen happens to run in.
        """
        return posixpath.relpath(posixpath.join(place, path), posixpath.join(place, self.context))


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One claim on requests. ``path`` is '' for the whole host. ``tls`` False: served in clear."""

    scheme: str
    host: str
    path: str
    port: int
    strip: bool
    redirect: Upstream | None
    proxy: Upstream | None
    tls: bool
    hsts: bool
    beside: tuple[str, ...]
    """Where ``host`` has a star: the hosts that are claimed by name."""
    beside_http: tuple[str, ...]
    """The same over http, from where an https route is led here: some hosts are claimed there alone."""
    span: Span

    @property
    def public(self) -> str:
        """The address as a person types it."""
        return f"{self.scheme}://{self.host}{self.path or '/'}"

    @property
    def leads(self) -> tuple[object, ...]:
        """Where it leads; two routes with the same address must not differ in this."""
        return self.port, self.strip, self.redirect, self.proxy


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A check inside the container. ``kind``: http, tcp, run (``words``) or none. Seconds."""

    kind: str
    port: int | None = None
    path: str = ""
    words: tuple[str, ...] = ()
    loopback: bool = False
    interval: float = 5.0
    timeout: float = 2.0
    retries: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Readiness, liveness and the budget of a slow start (seconds)."""

    ready: Probe
    alive: Probe | None
    budget: float
    declared_budget: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A volume with its source as Compose shall see it; named volumes have ``bind`` False."""

    source: str
    target: str
    flags: str
    bind: bool
    owner: str | None
    mode: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service, everything decided."""

    name: str
    dockerfile: str
    keys: ServiceKeys
    image: Image
    build: BuildPlan | None
    routes: tuple[Route, ...]
    port: int | None
    replicas: int
    rollout: str
    """roll, safe or stop."""
    update: str
    """auto, notify or off."""
    health: Health | None
    mounts: tuple[Mount, ...]
    depends: tuple[tuple[str, str], ...]
    has_shell: bool | None
    """None: nothing is known of the base image."""
    path: str
    """PATH of the image, as far as the Dockerfile tells."""
    mypaas: bool

    @property
    def routed(self) -> bool:
        """Whether the frontend sends it requests."""
        return any(r.redirect is None and r.proxy is None for r in self.routes)

    @property
    def limited(self) -> bool:
        """Whether it has a route that its keys for routes, such as auth, apply to."""
        return any(r.redirect is None for r in self.routes)

    @property
    def oneshot(self) -> bool:
        """Whether it is meant to end."""
        return self.keys.restart is not None and self.keys.restart.value == "no"

    @property
    def manual(self) -> bool:
        """Whether ``up`` leaves it alone."""
        return self.keys.start is not None and self.keys.start.value == "manual"

    @property
    def grace(self) -> float:
        """Seconds that a request may last and the process may take to end."""
        return float(self.keys.stop_grace.value) if self.keys.stop_grace else 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The settings that give the files their shape, and the names that .env defines.

    ``place`` is the project's folder on this machine. Only where a build context lies outside of it does
    a part reach the output: the names of the folders between the two. ``http_port``, ``https_port`` and
    ``bind`` are the frontend's as .env has them by now; the files refer to the variables.
    """

    frontend: str
    tls: str
    challenge: str
    updater: str
    registry: bool
    update_host: str | None
    update_tls: bool
    dashboard_host: str | None
    dashboard_tls: bool
    dashboard_auth: str | None
    access_log: bool
    acme_env: tuple[str, ...]
    shape: Mapping[str, str]
    defined: frozenset[str]
    http_port: int = 80
    https_port: int = 443
    bind: str = ""
    place: str = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The whole project, services in the order of their Dockerfiles' paths."""

    project: Project
    services: tuple[Service, ...]
