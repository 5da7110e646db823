"""nginx's configuration as data, and its one way into text.

A plain ``str`` is literal: quoted where needed, its dollars kept dollars. ``Bare`` is nginx's own
syntax already (variables, sizes, regular expressions made by :func:`regex`). Nothing else writes
configuration, so a value of the user's cannot end a directive or a block.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=*^?!&-]+\Z")
_SPECIAL = frozenset(".()*+?|^$[]{}\\")
DOLLAR = "${dollar}"
"""A variable that the main file sets to a dollar sign: nginx knows no escape for one."""


class Bare(str):
    """A word in nginx's own syntax."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive; with a ``block`` it ends in braces. A ``comment`` stands above it."""

    name: str
    words: tuple[str, ...] = ()
    block: tuple[Directive, ...] | None = None
    comment: str = ""


def line(name: str, *words: str, comment: str = "") -> Directive:
    """Return a simple directive."""
    return Directive(name, words, None, comment)


def block(name: str, *words: str, inside: Iterable[Directive], comment: str = "") -> Directive:
    """Return a directive with a block."""
    return Directive(name, words, tuple(inside), comment)


def word(text: str) -> str:
    """Return ``text`` as one word of nginx's."""
    if isinstance(text, Bare) or _PLAIN.match(text):
        return text
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("$", DOLLAR)


def joined(*parts: str) -> Bare:
    """Return one word of several parts: literal text, and what is nginx's own syntax (``Bare``)."""
    if all(isinstance(part, Bare) or _PLAIN.match(part) or not part for part in parts):
        return Bare("".join(parts))
    return Bare('"' + "".join(part if isinstance(part, Bare) else _escaped(part) for part in parts) + '"')


def regex(pattern: str, mark: str = "") -> Bare:
    """Return a regular expression as a word; only for places in which nginx expands no variable.

    In a map, ``mark`` is the tilde that tells it from text.
    """
    return Bare(f'"{mark}{pattern}"')


def quoted(path: str) -> str:
    """Quote a path for :func:`regex`; its letters are limited (``keys.routes``), a backslash is none."""
    return "".join(f"\\{c}" if c in _SPECIAL else c for c in path)


def dump(directives: Iterable[Directive]) -> str:
    """Return the text of a file."""
    return "\n".join(_lines(directives, "")) + "\n"


def _lines(directives: Iterable[Directive], indent: str) -> Iterator[str]:
    for at, one in enumerate(directives):
        if at and (one.comment or (one.block is not None and (not indent or one.name == "location"))):
            yield ""
        for comment in one.comment.splitlines():
            yield f"{indent}# {comment}"
        head = " ".join([one.name, *map(word, one.words)])
        if one.block is None:
            yield f"{indent}{head};"
        else:
            yield f"{indent}{head} {{"
            yield from _lines(one.block, indent + "    ")
            yield f"{indent}}}"
