"""The compose file's own YAML: comments, a fixed order, and quoting that no reader mistakes.

PyYAML writes no comments, and its pure Python representer is the slowest part of a build of
a thousand services. What is written here is a small subset: block mappings and lists, flow
ones where asked for, plain scalars only where every YAML 1.1 and 1.2 reader agrees that they
are strings, and JSON's double-quoted form for the rest. A property test reads all of it back
with PyYAML and with Compose.
"""

from __future__ import annotations

import json
import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from composegen.text import Raw, literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

INDENT = "  "

# A scalar that may stand without quotes: starts with a letter, '/', '.', '$', '_' or '-x', holds
# no flow indicator, no ': ' and no ' #', and is no word or number that YAML reads as something else.
_PLAIN = re.compile(
    r"(?:[A-Za-z/$_]|\.(?=[A-Za-z/])|--?(?=[A-Za-z]))[A-Za-z0-9_./$+=@()|&~^*;`<>!%'-]*"
    r"(?:[ :](?=[A-Za-z0-9_./$+=@()|&~^*;`<>!%'-])[A-Za-z0-9_./$+=@()|&~^*;`<>!%'-]*)*\Z"
)
_PLAIN_BLOCK = re.compile(
    r"(?:[A-Za-z/$_]|\.(?=[A-Za-z/])|--?(?=[A-Za-z]))[A-Za-z0-9_./$+=@()|&~^*;`<>?!%',{}\[\]-]*"
    r"(?:[ :](?=[A-Za-z0-9_./$+=@()|&~^*;`<>?!%',{}\[\]-])"
    r"[A-Za-z0-9_./$+=@()|&~^*;`<>?!%',{}\[\]-]*)*\Z"
)
_DURATION = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:ms|[smh])\Z")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", ".inf", ".nan"})
# What YAML does not allow, and what a reader of the file would not see or see in another order.
_UNPRINTABLE = re.compile(
    "[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f]")
_LONGEST_KEY = 1000
"""A simple key may have 1024 characters; a longer one is written with a question mark."""


class Flow:
    """A list or mapping to be written on one line."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Alias(str):
    """A reference to an anchor, such as ``*logging``."""

    __slots__ = ()


class Anchored:
    """A value that carries an anchor."""

    __slots__ = ("name", "value")

    def __init__(self, name: str, value: Any) -> None:
        self.name = name
        self.value = value


class Commented:
    """A value with comment lines above it; above those of a key stands an empty line (but for the first)."""

    __slots__ = ("comment", "value")

    def __init__(self, comment: str, value: Any) -> None:
        self.comment = comment
        self.value = value


def dump(document: Mapping[str, Any]) -> str:
    """Return ``document`` as YAML. ``str`` is literal text, :class:`Raw` Compose's own syntax."""
    lines: list[str] = []
    _mapping(document, "", lines)
    return "\n".join(lines) + "\n"


@lru_cache(maxsize=65536)
def _quoted(value: str, *, flow: bool) -> str:
    pattern = _PLAIN if flow else _PLAIN_BLOCK
    if (pattern.match(value) and value.lower() not in _WORDS) or _DURATION.match(value):
        return value
    return _UNPRINTABLE.sub(_escape, json.dumps(value, ensure_ascii=False))


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"


def scalar(value: Any, *, flow: bool = False) -> str:
    """Return one scalar as YAML."""
    if type(value) is Raw:
        return _quoted(str(value), flow=flow)
    if isinstance(value, Alias):
        return f"*{value}"
    if isinstance(value, str):
        return _quoted(str(literal(value)), flow=flow)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, int):
        return repr(value)
    raise TypeError(f"no scalar: {value!r}")


def _float(value: float) -> str:
    """Return a float so that YAML 1.1 sees one too: with a point, and its own words."""
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    text = repr(value)
    return text if "." in text else text.replace("e", ".0e")


def _key(key: str, *, flow: bool) -> str:
    """Return a mapping's key; Compose interpolates values only, so its dollars stay as they are."""
    text = _quoted(str(key), flow=flow)
    return text if len(text) <= _LONGEST_KEY else f"? {text}"


def _flow(value: Any) -> str:
    if isinstance(value, (Flow, Commented)):
        return _flow(value.value)
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(k, flow=True)}: {_flow(v)}" for k, v in value.items())
        return f"{{{inner}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_flow, value))}]"
    return scalar(value, flow=True)


def _comment(text: str) -> list[str]:
    """Return a comment's lines; what no YAML file may hold is written as an escape."""
    return [_CONTROL.sub(_escape, _UNPRINTABLE.sub(_escape, line)) for line in text.split("\n")]


def _mapping(value: Mapping[str, Any], indent: str, lines: list[str]) -> None:
    first = True
    for key, item in value.items():
        inner = item
        if not first and (not indent or type(inner) is Commented):
            lines.append("")
        first = False
        if type(inner) is Commented:
            lines.extend(f"{indent}# {line}" if line else f"{indent}#" for line in _comment(inner.comment))
            inner = inner.value
        name = _key(key, flow=False)
        colon = f"\n{indent}:" if name.startswith("? ") else ":"
        _entry(f"{indent}{name}{colon}", inner, indent, lines)


def _entry(head: str, value: Any, indent: str, lines: list[str]) -> None:
    if type(value) is Anchored:
        head, value = f"{head} &{value.name}", value.value
    if type(value) is Flow:
        lines.append(f"{head} {_flow(value.value)}")
    elif isinstance(value, dict):
        if value:
            lines.append(head)
            _mapping(value, indent + INDENT, lines)
        else:
            lines.append(f"{head} {{}}")
    elif isinstance(value, (list, tuple)):
        if value:
            lines.append(head)
            _list(value, indent + INDENT, lines)
        else:
            lines.append(f"{head} []")
    else:
        lines.append(f"{head} {scalar(value)}")


def _list(values: Iterable[Any], indent: str, lines: list[str]) -> None:
    for item in values:
        value = item
        if type(value) is Commented:
            lines.extend(f"{indent}# {line}" for line in _comment(value.comment))
            value = value.value
        if type(value) is Flow:
            lines.append(f"{indent}- {_flow(value.value)}")
        elif isinstance(value, dict) and value:
            start = len(lines)
            _mapping(value, indent + INDENT, lines)
            lines[start] = f"{indent}- {lines[start].lstrip()}"
        elif isinstance(value, (list, tuple, dict)):
            lines.append(f"{indent}- {_flow(value)}")
        else:
            lines.append(f"{indent}- {scalar(value)}")
