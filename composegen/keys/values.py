"""The simple value types: text, numbers, sizes, durations, names and choices."""

from __future__ import annotations

import ipaddress
import json
import re
import shlex
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from composegen import text
from composegen.keys.spec import BadValue, ValueType

if TYPE_CHECKING:
    from collections.abc import Callable

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
"""Half a surrogate pair counts too: a JSON list may hold one, and no file can."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_SIZE = re.compile(r"(\d{1,19}(?:\.\d{1,19})?) *([bkmgt]?)(?:i?b)?\Z", re.IGNORECASE)
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h))+\Z")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_VARIABLE_WITH_VALUE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
"""`discovery.type=single-node`: a container may have such a variable, only .env may not."""
_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_SECONDS = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600)}
MAX_PORT = 65535
MAX_COUNT = 2**31 - 1
MIN_SECONDS = Decimal("0.001")
MAX_SECONDS = 366 * 24 * 3600


def plain(value: str) -> str:
    """Return ``value`` after checking that it holds no control character."""
    if (found := _CONTROL.search(value)) is not None:
        raise BadValue(f"control character {found.group()!r} in the value", found.start(), found.end())
    return value


def with_references(value: str) -> str:
    """Return ``value`` after checking that its references are well formed."""
    plain(value)
    if "${" in value:
        try:
            text.split(value)
        except text.BadReference as bad:
            raise BadValue(str(bad), bad.offset) from None
    return value


def no_references(value: str) -> str:
    """Return ``value`` after checking that it holds no reference."""
    plain(value)
    at = value.find("${")
    if at >= 0:
        raise BadValue(
            "a reference is not possible here",
            at,
            None,
            "references work in hosts, env, images, volume sources, limits and commands",
        )
    return value


def number(value: str, most: int) -> int | None:
    """Return a whole number from 1 to ``most``, or None when ``value`` is none."""
    digits = value.lstrip("0")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > len(str(most)):
        return None
    return int(digits) if int(digits) <= most else None


def port(value: str) -> int:
    """Parse a TCP port."""
    no_references(value)
    found = number(value, MAX_PORT)
    if found is None:
        raise BadValue(
            f"expected a number from 1 to {MAX_PORT}, found {value!r}",
            hint="write the port your process listens on, for example: # composegen.port = 8000",
        )
    return found


def count(value: str) -> int:
    """Parse a whole number from 1."""
    no_references(value)
    found = number(value, MAX_COUNT)
    if found is None:
        raise BadValue(f"expected a whole number from 1, found {value!r}")
    return found


def pids(value: str) -> str:
    """Parse a limit of processes: a whole number or a reference."""
    return _with_numbers(value, pids) if text.has_reference(value) else str(count(value))


def _with_numbers(value: str, parse: Callable[[str], str]) -> str:
    """Check a limit with references: what stands around one, and its default, must fit ``parse``."""
    parts = text.split(with_references(value))
    shape = "".join("1" if is_reference else part for part, is_reference in parts)
    operands = text.operands(value) if len(parts) == 1 else []
    try:
        for one in (shape, *filter(None, operands)):
            parse(one)
    except BadValue as bad:
        raise BadValue(f"{bad} in {value!r}", 0, len(value)) from None
    return value


def boolean(value: str) -> bool:
    """Parse yes or no."""
    word = value.lower()
    if word in {"yes", "true", "on"}:
        return True
    if word in {"no", "false", "off"}:
        return False
    raise BadValue(f"expected yes or no, found {value!r}")


def name(value: str) -> str:
    """Parse a name of letters, digits, '.', '_' and '-' that starts with a letter or digit."""
    no_references(value)
    if not _NAME.match(value):
        raise BadValue(f"{value!r} is not a name: letters, digits, '.', '_' and '-', a letter or digit first")
    return value


def cpus(value: str) -> str:
    """Parse a number of CPUs such as ``1.5`` or ``.5``, or a reference."""
    if text.has_reference(value):
        return _with_numbers(value, cpus)
    if not re.fullmatch(r"\d*\.?\d+", value, re.ASCII) or Decimal(value) <= 0:
        raise BadValue(f"expected a number of CPUs above 0 such as 1.5, found {value!r}")
    return f"0{value}" if value.startswith(".") else value


def size(value: str) -> str:
    """Parse a size such as ``512m`` or ``2GiB`` (or a reference); the result is Compose's form."""
    if text.has_reference(value):
        return _with_numbers(value, size)
    return f"{to_bytes(value)}b" if "." in value else _compose_size(value)


def literal_size(value: str) -> str:
    """Parse a size that has to be known when the files are made."""
    return size(no_references(value))


def _compose_size(value: str) -> str:
    to_bytes(value)
    match = _SIZE.match(value)
    return f"{match.group(1)}{match.group(2).lower() or 'b'}" if match else value


def to_bytes(value: str) -> int:
    """Return the bytes that ``512m`` or ``2GiB`` mean (binary units, as Docker counts)."""
    match = _SIZE.match(value) if value.isascii() else None
    if match is None:
        raise BadValue(f"expected a size such as 512m or 2GiB, found {value!r}")
    result = int(Decimal(match.group(1)) * _UNITS[match.group(2).lower()])
    if not 0 < result < 1 << 63:
        raise BadValue(f"expected a size above 0 that fits 63 bits, found {value!r}")
    return result


def to_seconds(value: str) -> Decimal:
    """Return the seconds of ``90s``, ``1m30s``, ``500ms`` or ``2h``."""
    if not _DURATION.match(value) or not value.isascii():
        raise BadValue(f"expected a duration such as 500ms, 30s, 5m or 1h, found {value!r}")
    total = sum((Decimal(n) * _SECONDS[u] for n, u in _DURATION_PART.findall(value)), Decimal(0))
    if not MIN_SECONDS <= total <= MAX_SECONDS:
        raise BadValue(f"expected a duration from 1ms to a year, found {value!r}")
    return total


def duration(value: str) -> Decimal:
    """Parse a duration; the unit of the result is seconds."""
    return to_seconds(no_references(value))


@dataclass(frozen=True, slots=True)
class Command:
    """A command line: one string for a shell-like split by Compose, or a list of words."""

    words: str | tuple[str, ...]


def command(value: str) -> Command:
    """Parse a command: JSON list or plain text."""
    with_references(value)
    if not value.startswith("["):
        _splits(value)
        return Command(value)
    try:
        words = json.loads(value)
    except (ValueError, RecursionError) as bad:
        at = getattr(bad, "pos", 0)
        raise BadValue(
            "the list is not valid JSON",
            at,
            None,
            'write it as ["word", "word"] with double quotes',
        ) from None
    if not isinstance(words, list) or not words or not all(isinstance(w, str) for w in words):
        raise BadValue("expected a JSON list of strings")
    for word in words:
        with_references(word)
    return Command(tuple(words))


def _splits(value: str) -> None:
    """Refuse a command line that Compose refuses, or drops the end of: it runs no shell.

    Compose splits as ``go-shellwords`` does, which stops at the first ``;``, ``&``, ``|``, ``<``
    or ``>`` outside of quotes without a word.
    """
    shown = "".join("x" * len(p) if is_ref else p for p, is_ref in text.split(value))
    quote, escaped = "", False
    for at, character in enumerate(shown):
        if escaped:
            escaped = False
        elif character == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"`":
            quote = character
        elif character == "(" and shown[:at].endswith("$"):
            quote = ")"
        elif character in ";&|<>()":
            raise BadValue(
                f"{character!r} needs a shell, and Compose starts none",
                at,
                at + 1,
                'write ["sh", "-c", "first && second"], or put the word into quotes',
            )
    if quote or escaped:
        raise BadValue(f"the command line ends inside {quote or 'an escape'}", 0, len(value))


def hook(value: str) -> str:
    """Parse a command that a shell will run; the words of a JSON list are quoted for it."""
    at = plain(value).find("${")
    if at >= 0:
        raise BadValue(
            "a hook takes no reference",
            at,
            None,
            "it runs in the container: write $NAME for a variable of it, which env = NAME hands on from .env",
        )
    if not value.startswith("["):
        return value  # `;` and `&&` are the shell's here
    parsed = command(value).words
    return parsed if isinstance(parsed, str) else shlex.join(parsed)


@dataclass(frozen=True, slots=True)
class Assignment:
    """``NAME=value``; ``value`` is None for a bare NAME."""

    name: str
    value: str | None


def env(value: str) -> Assignment:
    """Parse ``KEY`` or ``KEY=value``."""
    with_references(value)
    head, equals, rest = value.partition("=")
    head = head.rstrip()
    if not (_VARIABLE_WITH_VALUE if equals else _VARIABLE).match(head):
        raise BadValue(
            f"{head!r} is not a variable's name: letters, digits and '_', no digit first",
            0,
            min(len(value), max(len(head), 1)),
        )
    return Assignment(head, rest.lstrip() if equals else None)


def assignment(value: str) -> Assignment:
    """Parse ``NAME=value`` where the name is free text without blanks."""
    with_references(value)
    head, equals, rest = value.partition("=")
    head = head.strip()
    if not equals or not head or re.search(r"\s", head) or "$" in head:
        raise BadValue("expected NAME=value")
    return Assignment(head, rest.strip())


def cidr(value: str) -> str:
    """Parse an address or a network such as ``10.0.0.0/8``."""
    no_references(value)
    try:
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError:
        raise BadValue(f"expected an address or a network such as 10.0.0.0/8, found {value!r}") from None


def choice(*words: str) -> ValueType[str]:
    """Return the type of a value that is one of ``words``."""

    def parse(value: str) -> str:
        if value not in words:
            raise BadValue(f"expected {' or '.join((', '.join(words[:-1]), words[-1]))}, found {value!r}")
        return value

    return ValueType("choice", " | ".join(words), parse, {"enum": list(words)})


def word(kind: str, what: str, pattern: str) -> ValueType[str]:
    """Return the type of a value that matches ``pattern`` as a whole; ``what`` is it in words."""
    regex = re.compile(f"(?:{pattern})\\Z", re.ASCII)

    def parse(value: str) -> str:
        if not regex.match(value):
            raise BadValue(f"expected {what}, found {value!r}")
        return value

    return ValueType(kind, what, parse, {"type": "string", "pattern": f"^(?:{pattern})$"})


_STRING = {"type": "string"}
PORT = ValueType(
    "port", "a number from 1 to 65535", port, {"type": "integer", "minimum": 1, "maximum": MAX_PORT}
)
COUNT = ValueType("count", "a whole number from 1", count, {"type": "integer", "minimum": 1})
PIDS = ValueType("pids", "a whole number from 1, or a reference", pids, _STRING)
BOOLEAN = ValueType("boolean", "yes or no", boolean, {"enum": ["yes", "no"]})
NAME = ValueType(
    "name",
    "letters, digits, '.', '_', '-'",
    name,
    {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$"},
)
TEXT = ValueType("text", "text; references allowed", with_references, _STRING)
LITERAL = ValueType("text", "text", no_references, _STRING)
CPUS = ValueType("cpus", "a number such as 1.5", cpus, _STRING)
SIZE = ValueType("size", "a size such as 512m or 2GiB", size, _STRING)
LITERAL_SIZE = ValueType("size", "a size such as 512m or 2GiB", literal_size, _STRING)
DURATION = ValueType("duration", "a duration such as 30s", duration, _STRING)
HOOK = ValueType("hook", 'a shell command, or a JSON list ["word", "word"]', hook, _STRING)
COMMAND = ValueType("command", 'text, or a JSON list ["word", "word"]', command, _STRING)
ENV = ValueType("env", "KEY or KEY=value", env, _STRING)
ASSIGNMENT = ValueType("assignment", "NAME=value", assignment, _STRING)
CIDR = ValueType("cidr", "an address or a network such as 10.0.0.0/8", cidr, _STRING)
USER = word(
    "user",
    "a user such as 1000:1000, app or ${UID}:${GID}",
    r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|\$\{[A-Za-z_]\w*\})(?::(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|\$\{[A-Za-z_]\w*\}))?",
)
