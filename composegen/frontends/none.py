"""No frontend: services are reached by published ports only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from composegen.frontends.base import Contribution

if TYPE_CHECKING:
    from composegen.diagnostics import Report
    from composegen.model import Stack


@dataclass(frozen=True, slots=True)
class NoFrontend:
    """Adds nothing."""

    name: str = "none"
    reserved: frozenset[str] = frozenset()

    def check(self, stack: Stack, report: Report) -> None:
        """Report nothing: routes without a frontend are an error of theirs (``passes.check``)."""
        del stack, report

    def contribute(self, stack: Stack) -> Contribution:
        """Return an empty contribution."""
        del stack
        return Contribution()


FRONTEND = NoFrontend()
