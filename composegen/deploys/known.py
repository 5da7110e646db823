"""What earlier commands wrote down, as far as a plan needs it: a frozen extract of the store."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One release of a service."""

    number: int
    image: str
    """``repository@sha256:…``, or the image's id where it was built here."""
    id: str
    """The image's id on this machine; '' when it was never here."""
    fingerprint: str = ""
    active: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The store at one moment."""

    accepted: Mapping[str, str] = field(default_factory=dict)
    """Reference to the id of the image last accepted (``.composegen/images``)."""
    mounts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Service to path to digest of the mounted files as last applied (``.composegen/mounts``)."""
    replaced: Mapping[str, str] = field(default_factory=dict)
    """Variable to the reference that its pin replaced (the comment in .env)."""
    releases: Mapping[str, tuple[Past, ...]] = field(default_factory=dict)
    """Service to its releases, oldest first."""
    interrupted: str = ""
    """What an interrupted deploy was about, such as ``web``; '' when there was none."""

    def active(self, service: str) -> Past | None:
        """Return the active release; None when nothing was recorded yet."""
        return next((r for r in self.releases.get(service, ()) if r.active), None)

    def number(self, service: str, image: str) -> int | None:
        """Return the newest release of the service whose image has this id or digest name."""
        found = (r.number for r in self.releases.get(service, ()) if image and image in {r.id, r.image})
        return max(found, default=None)

    def next(self, service: str) -> int:
        """Return the number that a new release gets."""
        return max((r.number for r in self.releases.get(service, ())), default=0) + 1
