"""No updater: images change by ``make pull`` and deploys only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from composegen.updaters.base import Updates

if TYPE_CHECKING:
    from composegen.model import Stack


@dataclass(frozen=True, slots=True)
class NoUpdater:
    """Adds nothing."""

    name: str = "none"
    reserved: frozenset[str] = frozenset()

    def contribute(self, stack: Stack) -> Updates:
        """Return an empty contribution."""
        del stack
        return Updates()


NONE = NoUpdater()
