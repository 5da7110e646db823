"""Diagnostics as data: what is wrong, where, and what to do about it.

A user's mistake is a :class:`Diagnostic`, never an exception. Passes append to a
:class:`Report`; rendering (``composegen.render``) happens at the very end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from composegen.codes import CODES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from composegen.source import Span


class Severity(IntEnum):
    """How bad it is: a warning lets the build go on, an error does not."""

    WARNING = 1
    ERROR = 2

    @property
    def label(self) -> str:
        """The word that messages use."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Related:
    """A second place that belongs to a diagnostic, such as the other claim on a route."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding. ``span`` is absent when there is no text to point at (a missing file)."""

    code: str
    message: str
    help: str
    severity: Severity
    span: Span | None = None
    path: str = ""
    related: tuple[Related, ...] = ()

    @property
    def where(self) -> str:
        """The file that the finding belongs to."""
        return self.span.source.name if self.span else self.path


@dataclass(slots=True)
class Report:
    """Collects what the passes find; append-only."""

    diagnostics: list[Diagnostic] = field(default_factory=list)

    def add(
        self,
        code: str,
        span: Span | str,
        message: str,
        help: str,  # noqa: A002 - the word that the rendered message uses
        related: tuple[Related, ...] = (),
    ) -> None:
        """Record a finding; its severity is the code's. ``span`` may be a bare path."""
        self.diagnostics.append(
            Diagnostic(
                code=code,
                message=message,
                help=help,
                severity=Severity.WARNING if CODES[code].warning else Severity.ERROR,
                span=None if isinstance(span, str) else span,
                path=span if isinstance(span, str) else "",
                related=related,
            )
        )

    @property
    def has_errors(self) -> bool:
        """Whether a finding stops the build."""
        return any(d.severity is Severity.ERROR for d in self.diagnostics)

    def __iter__(self) -> Iterator[Diagnostic]:
        """Yield the findings by file and position, so that the order is stable; each once.

        Services that inherit from one Dockerfile report what is wrong with it each.
        """
        return iter(dict.fromkeys(sorted(self.diagnostics, key=_order)))


def _order(diagnostic: Diagnostic) -> tuple[str, int, str, str]:
    start = diagnostic.span.start if diagnostic.span else -1
    return diagnostic.where, start, diagnostic.code, diagnostic.message
