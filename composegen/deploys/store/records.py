"""Releases: what ran of each service, numbered, in ``.composegen/releases/SERVICE.json``.

A release is an image with the configuration that it began with. Activating an old one changes the image
only, makes no new number, and is noted among the activations. Numbers never come back.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from composegen.errors import ComposegenError

if TYPE_CHECKING:
    from composegen.deploys.store.files import State

FOLDER = "releases"
_VERSION = 1
_ACTIVATIONS = 200
_BACK = frozenset({"rollback", "activate"})


def utc(seconds: float) -> str:
    """Return epoch seconds as records and listings write them."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One release of a service. Texts are '' where nothing is known."""

    number: int
    image: str
    """Image id; '' for a release that was created and has never been on this machine."""
    digest: str = ""
    """``repository@sha256:…``; '' for an image built here."""
    reference: str = ""
    """What the files asked for then, such as ``repo:tag``."""
    fingerprint: str = ""
    """Of its configuration, without the image."""
    time: str = ""
    """UTC."""
    commit: str = ""
    """Of git."""
    who: str = ""
    how: str = ""
    """deploy, watchtower, rollback, up (make), create (not yet run)."""

    @property
    def name(self) -> str:
        """What pins it: the digest where there is one, else the image's id."""
        return self.digest or self.image


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """A moment at which a release became the active one."""

    number: int
    time: str
    who: str
    how: str
    """deploy, watchtower, rollback, activate, unpin, up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A service's releases, oldest first, and which one is active (None: none yet)."""

    service: str
    releases: tuple[Release, ...] = ()
    active: int | None = None
    activations: tuple[Activation, ...] = ()

    def get(self, number: int | None) -> Release | None:
        """Return a release by number; None when there is none."""
        return next((r for r in self.releases if r.number == number), None)

    @property
    def current(self) -> Release | None:
        """The active release."""
        return self.get(self.active)

    @property
    def next_number(self) -> int:
        """The number of the release that comes next."""
        return max((r.number for r in self.releases), default=0) + 1

    def previous(self) -> Release | None:
        """Return what a rollback goes to: what ran before the active release, with another image.

        Where that came by going back itself, the next one back is meant: the last of a lower number.
        """
        current = self.current
        if current is None:
            return None
        others = [r for r in self.releases if r.image != current.image]
        last = self.activations[-1].how if self.activations else ""
        if last in _BACK:
            ran = {a.number for a in self.activations}
            older = (r for r in others if r.number < current.number and r.number in ran)
            return max(older, key=_number, default=None)
        before = (r for a in reversed(self.activations) for r in others if r.number == a.number)
        return next(before, None)

    def find(self, image: str, fingerprint: str | None = None) -> Release | None:
        """Return the newest release of an image; with ``fingerprint`` only with that configuration."""
        found = [
            r
            for r in self.releases
            if r.image == image and (fingerprint is None or r.fingerprint == fingerprint)
        ]
        return max(found, key=lambda r: r.number, default=None)

    def like(self, release: Release) -> Release | None:
        """Return the newest release with the image that a release of another service has."""
        found = [r for r in self.releases if r.name == release.name or (r.image and r.image == release.image)]
        return max(found, key=_number, default=None)

    def number_of(self, image: str) -> int | None:
        """Return the release that a running image belongs to: the active one first, then the newest."""
        current = self.current
        if current is not None and current.image == image:
            return current.number
        found = self.find(image)
        return found.number if found else None

    def added(self, release: Release) -> History:
        """Return the history with a release more.

        One whose number is there already changes nothing, but for the image that a release gets which was
        only created: its id is not known before it was pulled.
        """
        before = self.get(release.number)
        if before is None:
            return replace(self, releases=(*self.releases, release))
        if before.image or not release.image:
            return self
        filled = replace(before, image=release.image)
        return replace(self, releases=tuple(filled if r is before else r for r in self.releases))

    def activated(self, activation: Activation) -> History:
        """Return the history with another release active; the same activation twice is one."""
        if self.activations and self.activations[-1] == activation:
            return self
        kept = (*self.activations, activation)[-_ACTIVATIONS:]
        return replace(self, active=activation.number, activations=kept)


def read(state: State, service: str) -> History:
    """Return a service's history; an empty one when nothing was recorded.

    Raises:
        ComposegenError: the file is damaged.
    """
    name = _name(service)
    text = state.read(name)
    if not text:
        return History(service=service)
    try:
        data = json.loads(text)
        return History(
            service=service,
            releases=tuple(sorted((Release(**_known(Release, r)) for r in data["releases"]), key=_number)),
            active=_active(data["active"]),
            activations=tuple(Activation(**_known(Activation, a)) for a in data["activations"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ComposegenError(
            f".composegen/{name} is damaged",
            "mend it, or move it away: numbers then begin anew, and nothing that runs is touched",
        ) from None


def write(state: State, history: History) -> None:
    """Replace a service's history."""
    data = {
        "version": _VERSION,
        "service": history.service,
        "active": history.active,
        "releases": [asdict(r) for r in history.releases],
        "activations": [asdict(a) for a in history.activations],
    }
    text = json.dumps(data, indent=1) + "\n"
    if text != state.read(_name(history.service)):
        state.write(_name(history.service), text)


def services(state: State) -> list[str]:
    """List the services that have a history, those that are no longer wanted included."""
    return [n.removesuffix(".json") for n in state.names(FOLDER) if n.endswith(".json")]


def _name(service: str) -> str:
    return f"{FOLDER}/{service}.json"


def _number(release: Release) -> int:
    return release.number


def _known(kind: type, data: dict[str, Any]) -> dict[str, Any]:
    """Leave out what a later version has added.

    Raises:
        TypeError: a value is of another kind than was written.
    """
    known = {k: v for k, v in data.items() if k in kind.__dataclass_fields__}  # type: ignore[attr-defined]
    for name, value in known.items():
        if not isinstance(value, int if name == "number" else str):
            raise TypeError(name)
    return known


def _active(number: Any) -> int | None:
    if number is not None and not isinstance(number, int):
        raise TypeError("active")
    return number
