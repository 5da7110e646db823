"""What a target is: a function from the stack to the files that are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from composegen.diagnostics import Report
    from composegen.model import Stack


class Target(Protocol):
    """The seam: a name, and the files for a stack (path relative to the project to text)."""

    @property
    def name(self) -> str:
        """The value of COMPOSEGEN_TARGET."""

    def reserved(self, frontend: str, updater: str) -> frozenset[str]:
        """Return the names that a service of the user's cannot have."""

    def check(self, stack: Stack, report: Report) -> None:
        """Report what only this target can tell; the stack may have other mistakes already."""

    def files(self, stack: Stack, report: Report) -> Mapping[str, str]:
        """Return the generated files, all of them and nothing else."""
