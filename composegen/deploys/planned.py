"""A plan: what is done to each service, and what it costs. ``plan`` prints it, ``deploy`` executes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from composegen.deploys.wanted import WantedService


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for."""

    services: tuple[str, ...] = ()
    """Named services; () means all that are not manual, and orphans."""
    look: bool = True
    """Whether the registry is asked what tags mean now; otherwise the accepted image is taken."""
    assignments: Mapping[str, str] = field(default_factory=dict)
    """Pins that this deploy makes (variable to image) or takes away (variable to '')."""
    activate: Mapping[str, int] = field(default_factory=dict)
    """Service to the release that becomes active again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The image that a service is to run."""

    name: str
    """What Compose creates from: the tag, or the pin."""
    id: str = ""
    """Its id; '' while it is not on this machine."""
    digest: str = ""
    """``repository@sha256:…``; '' for an image built here."""
    pull: bool = False
    """Whether ``digest`` has to be pulled first."""
    problem: str = ""
    """Why there is none: the registry's answer, or that it was never built. Then nothing is done."""
    note: str = ""
    """What a person should know: the registry did not answer, so what is here was taken."""

    def same(self, identity: str, digests: tuple[str, ...]) -> bool:
        """Tell whether an image with this id and these digest names is the target."""
        return identity == self.id if self.id else bool(self.digest) and self.digest in digests


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePlan:
    """What happens to one service. Container ids are whole ones."""

    name: str
    action: str
    """none, create (nothing of it is there), recreate (its configuration changes), image (only its image
    changes), scale (only the number changes), repair (a container is missing or has ended), remove."""
    how: str = ""
    """roll (new beside old, no request lost), stop (old stops first, kept until the new is ready), safe (the
    same for several), start (nothing to replace), run (a one-shot runs again), remove; '' for none."""
    wanted: WantedService | None = None
    """None for what is in no file any more."""
    target: Target | None = None
    changes: tuple[str, ...] = ()
    """What differs, such as ``image``, ``environment GREETING``, ``file ./a.conf``, ``scale 2 -> 3``."""
    keep: tuple[str, ...] = ()
    """Containers that stay as they are."""
    replace: tuple[str, ...] = ()
    """Containers that run, and go once the new ones are there (roll) or before (stop, safe)."""
    remove: tuple[str, ...] = ()
    """Containers that are surplus, or have ended: removed without one in their place."""
    create: int = 0
    """How many containers are made."""
    release: int | None = None
    """The release that results; None for what has none (composegen's own services)."""
    before: int | None = None
    """The release that is active now."""
    downtime: str = ""
    """Why there is a time without an answer; '' when there is none."""
    notes: tuple[str, ...] = ()
    problem: str = ""
    """Why it cannot be done; then none of it is."""

    @property
    def changed(self) -> bool:
        """Whether anything is done."""
        return self.action != "none" and not self.problem

    @property
    def prepares(self) -> bool:
        """Whether its pre-deploy command runs before: it becomes something else, not just more or fewer."""
        return self.action in {"create", "recreate", "image"} or "image" in self.changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The whole plan; services in the order in which they are done, what is removed at the end."""

    project: str
    services: tuple[ServicePlan, ...] = ()
    notes: tuple[str, ...] = ()
    """About the project: an interrupted deploy is settled first, containers that are paused."""
    assignments: Mapping[str, str] = field(default_factory=dict)
    """As in the request."""

    @property
    def changed(self) -> tuple[ServicePlan, ...]:
        """The services to which something is done."""
        return tuple(s for s in self.services if s.changed)

    @property
    def problems(self) -> tuple[ServicePlan, ...]:
        """The services to which nothing can be done."""
        return tuple(s for s in self.services if s.problem)

    @property
    def downtime(self) -> tuple[ServicePlan, ...]:
        """The services that will not answer for a time."""
        return tuple(s for s in self.changed if s.downtime)

    def get(self, name: str) -> ServicePlan | None:
        """Return the plan of one service."""
        return next((s for s in self.services if s.name == name), None)
