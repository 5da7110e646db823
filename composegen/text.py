"""References in annotation values: which ``$`` means a variable and which a dollar sign.

In an annotation only ``${NAME}`` and its ``:-``, ``:?``, ``:+`` forms are references;
Compose resolves them at ``up``. Every other ``$`` is itself. Compose reads
``$NAME`` as a reference as well, so whatever goes into a compose file passes through
:func:`raw` or :func:`literal` here, and nowhere else.
"""

from __future__ import annotations

import re

_START = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(:?[-?+])?")
MAX_DEPTH = 20


class Raw(str):
    """Text in Compose's own syntax: a ``$$`` is a dollar, a ``${NAME}`` a reference."""

    __slots__ = ()


class BadReference(ValueError):
    """A ``${`` that does not form a reference; ``offset`` is where it starts."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


def literal(text: str) -> Raw:
    """Return ``text`` such that Compose reads it back unchanged."""
    return Raw(text.replace("$", "$$")) if "$" in text else Raw(text)


def split(text: str) -> list[tuple[str, bool]]:
    """Split into ``(part, is_reference)``; parts join to ``text``.

    Raises:
        BadReference: a ``${`` without a valid name, operator or closing brace.
    """
    parts: list[tuple[str, bool]] = []
    position = 0
    while (start := text.find("${", position)) >= 0:
        if start > position:
            parts.append((text[position:start], False))
        end = _end(text, start)
        parts.append((text[start:end], True))
        position = end
    if position < len(text):
        parts.append((text[position:], False))
    return parts


def _end(text: str, start: int, depth: int = 0) -> int:
    """Return the offset behind the reference that starts at ``start``."""
    if depth > MAX_DEPTH:
        raise BadReference(f"references inside of references, more than {MAX_DEPTH} deep", start)
    match = _START.match(text, start)
    if match is None:
        raise BadReference("'${' starts no reference: a variable's name must follow", start)
    position = match.end()
    if match.group(2) is None:
        if text[position : position + 1] != "}":
            raise BadReference(
                "a reference is ${NAME}, ${NAME:-default}, ${NAME:?why} or ${NAME:+instead}", start
            )
        return position + 1
    while True:
        close = text.find("}", position)
        if close < 0:
            raise BadReference("the reference is not closed: '}' is missing", start)
        inner = text.find("${", position, close)
        if inner < 0:
            return close + 1
        position = _end(text, inner, depth + 1)


def raw(text: str) -> Raw:
    """Return ``text`` in Compose's syntax: references kept, other dollars doubled.

    Inside a reference's default a bare ``$`` is doubled too: Compose would read ``$X`` there
    as a variable.
    """
    if isinstance(text, Raw):
        return text
    if "$" not in text:
        return Raw(text)
    return Raw("".join(_reference(p) if is_ref else p.replace("$", "$$") for p, is_ref in split(text)))


def _reference(part: str) -> str:
    match = _START.match(part)
    if match is None or match.group(2) is None:
        return part
    return f"{match.group()}{raw(part[match.end() : -1])}}}"


def has_reference(text: str) -> bool:
    """Whether ``text`` holds a reference (well formed or not)."""
    return "${" in text


def names(text: str) -> list[tuple[str, str]]:
    """Return ``(name, operator)`` of every reference, nested ones included, in order."""
    if "${" not in text:
        return []
    return [(m.group(1), m.group(2) or "") for m in _START.finditer(text)]


def operands(reference: str) -> list[str]:
    """Return the literal texts that ``reference`` may stand for: its default or replacement.

    The message of ``:?`` is none; nested references are looked into.
    """
    inside = _inside(reference)
    found = []
    for part, is_ref in split(inside) if inside is not None else ():
        found.extend(operands(part) if is_ref else [part])
    return found


def with_defaults(text: str) -> str:
    """Return ``text`` with its references as their defaults or replacements; those without one stay."""
    return "".join(_operand(part) if is_ref else part for part, is_ref in split(text))


def _operand(reference: str) -> str:
    inside = _inside(reference)
    return reference if inside is None else with_defaults(inside)


def _inside(reference: str) -> str | None:
    """Return the default or replacement as it is written; None where there is none."""
    match = _START.match(reference)
    if match is None or match.group(2) is None or "?" in match.group(2):
        return None
    return reference[match.end() : -1]


def masked(text: str, mask: str = "x") -> str:
    """Return ``text`` with each reference replaced by ``mask``, to check its form."""
    if "${" not in text:
        return text
    return "".join(mask if is_ref else part for part, is_ref in split(text))


def required(text: str) -> Raw:
    """Return ``text`` in Compose's syntax; a reference without an operator refuses to be empty."""
    if "${" not in text:
        return raw(text)
    return Raw(
        "".join(
            f"{part[:-1]}:?}}" if is_ref and not any(c in part for c in ":-?+") else raw(part)
            for part, is_ref in split(text)
        )
    )
