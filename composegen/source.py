"""Where a piece of text came from: the positions that every diagnostic points at.

Passes carry character offsets only; lines and columns are worked out when a
diagnostic is rendered, so that the common case (nothing to report) pays nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def visible(text: str) -> str:
    """Return ``text`` on one line, without characters that a terminal would obey or hide."""
    return _UNSAFE.sub(lambda m: f"\\x{ord(m.group()):02x}", text)


@dataclass(frozen=True, slots=True)
class Source:
    """A text as the user wrote it, under the name that messages use for it.

    ``name`` is the path relative to the project folder, with forward slashes.
    """

    name: str
    text: str = field(repr=False)

    def position(self, offset: int) -> tuple[int, int]:
        """Return the 1-based line and column of ``offset`` (columns count characters).

        A byte order mark is none: no editor counts it.
        """
        line = self.text.count("\n", 0, offset) + 1
        column = offset - self._start(offset) + 1
        return line, max(1, column)

    def _start(self, offset: int) -> int:
        """Return where the line of ``offset`` starts."""
        start = self.text.rfind("\n", 0, offset) + 1
        return 1 if start == 0 and self.text.startswith("\ufeff") else start

    def line_at(self, offset: int) -> str:
        """Return the line that holds ``offset``, without its line end."""
        start = self._start(offset)
        end = self.text.find("\n", offset)
        return self.text[start : len(self.text) if end < 0 else end].rstrip("\r")


@dataclass(frozen=True, slots=True)
class Span:
    """The half-open range ``[start, end)`` of characters in ``source``."""

    source: Source
    start: int
    end: int

    @property
    def text(self) -> str:
        """The characters that the span covers."""
        return self.source.text[self.start : self.end]

    def sub(self, start: int, end: int) -> Span:
        """Return the part ``[start, end)`` of this span, counted from its own start."""
        return Span(self.source, self.start + start, min(self.start + end, self.end))


@dataclass(frozen=True, slots=True)
class Spanned(Generic[T]):
    """A parsed value together with the text that it came from."""

    value: T
    span: Span
