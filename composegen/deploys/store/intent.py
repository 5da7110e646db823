"""``.composegen/intent``: what a deploy is about to do, so that the next command can finish or undo it.

Written before anything is changed, and removed when everything is done. The commit is the moment at which
an intent with ``commit`` replaces one without: what it holds is then carried out, as often as needed.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from composegen.deploys.store.files import PRIVATE
from composegen.deploys.store.pins import Pin
from composegen.deploys.store.records import Activation, Release
from composegen.errors import ComposegenError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from composegen.deploys.store.files import State

NAME = "intent"
_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What happens to one service. Containers by id."""

    service: str
    how: str
    """roll, stop, safe, start, run or remove, as in the plan."""
    image: str
    """Id of the image that the new containers run."""
    old: tuple[str, ...] = ()
    """Containers that ran when it began, and go."""
    keep: tuple[str, ...] = ()
    surplus: tuple[str, ...] = ()
    """Containers that are removed without one in their place."""
    new: tuple[str, ...] = ()
    """Containers that were made; one that was made and is not listed yet has never been started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What a successful deploy writes down."""

    tags: Mapping[str, str] = field(default_factory=dict)
    """Reference to image id: what the tag means from now on, and what is accepted."""
    pins: Mapping[str, Pin | None] = field(default_factory=dict)
    releases: tuple[tuple[str, Release], ...] = ()
    """Service and its new release."""
    activations: tuple[tuple[str, Activation], ...] = ()
    mounts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    time: str = ""
    """UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One transaction: services whose images move together, or a service alone."""

    command: str
    who: str
    since: str
    tags: Mapping[str, str] = field(default_factory=dict)
    """Reference to the id that it has to mean again, when this is undone."""
    parts: tuple[Part, ...] = ()
    commit: Commit | None = None

    @property
    def about(self) -> str:
        """The services, for messages."""
        return ", ".join(p.service for p in self.parts)


def read(state: State) -> Intent | None:
    """Return the intent that an interrupted deploy has left; None when there is none.

    Raises:
        ComposegenError: it is damaged, or of a later version.
    """
    text = state.read(NAME)
    if not text:
        return None
    try:
        data = json.loads(text)
        if data["version"] != _VERSION:
            raise ComposegenError(
                f".composegen/{NAME} was written by another version of composegen",
                "finish that deploy with the version that began it",
            )
        return Intent(
            command=data["command"],
            who=data["who"],
            since=data["since"],
            tags=data["tags"],
            parts=tuple(Part(**{k: _tuple(v) for k, v in p.items()}) for p in data["parts"]),
            commit=_commit(data["commit"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ComposegenError(
            f".composegen/{NAME} is damaged",
            "see with `composegen ps` that the services run as they should, then remove the file",
        ) from None


def write(state: State, intent: Intent) -> None:
    """Replace the intent, durably."""
    state.write(NAME, json.dumps({"version": _VERSION, **asdict(intent)}, indent=1) + "\n", PRIVATE)


def remove(state: State) -> None:
    """Everything is done, or undone."""
    state.remove(NAME)


def _commit(data: dict[str, Any] | None) -> Commit | None:
    if data is None:
        return None
    return Commit(
        tags=data["tags"],
        pins={v: Pin(**p) if p else None for v, p in data["pins"].items()},
        releases=tuple((s, Release(**r)) for s, r in data["releases"]),
        activations=tuple((s, Activation(**a)) for s, a in data["activations"]),
        mounts=data["mounts"],
        time=data["time"],
    )


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
