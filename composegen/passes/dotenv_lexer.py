"""``.env`` text -> statements: where names and values begin and end, and what quotes do.

This half of the ``.env`` pass knows no variables. The rules are those of compose-go's
``dotenv`` package, observed and checked against ``docker compose`` by
``tests/property/test_dotenv_against_compose.py``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Go's two ideas of white space: all of it (between statements, and at a value's end),
# and what may stand beside a name or before a value. Python's str.isspace() is neither.
_BLANK = "\t\v\f\r \x85\xa0"
_SPACE = _BLANK + "\n\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_TRAILING = _BLANK + "\n\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))

_GAP = re.compile(rf"(?:[{_SPACE}]|#[^\n]*)*")
_BLANKS = re.compile(rf"[{_BLANK}]*")
# \v, U+0085 and U+00A0 do not end the word "export"; after a blank that does, they count.
_EXPORT = re.compile(rf"(?:export(?=[\t\n\f\r ])[{_BLANK}]*)?")
# \w is exactly what Go calls letters and numbers, and the underscore.
_NAME = re.compile(rf"[\w.\-\[\]{_BLANK}]*")
_QUOTED = {
    "'": re.compile(r"'([^'\\]*(?:\\.[^'\\]*)*)'", re.DOTALL),
    '"': re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL),
}
_ESCAPE = re.compile(r"\\(0[0-9]{0,3}|.)", re.DOTALL)
_LARGEST_OCTAL = 0o377
_ESCAPED = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", '"': '"',
    "$": "$$",  # for the interpolation that follows, which makes it one
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Value:
    """The right side of a statement: ``text`` after quotes and escapes, at ``[start, end)``.

    ``quote`` is the character round it, or empty; the offsets leave the quotes out.
    """

    text: str
    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Statement:
    """``NAME=value``, or with no value a ``NAME`` to inherit; the name is at ``[start, end)``."""

    name: str
    start: int
    end: int
    value: Value | None


class DotenvSyntaxError(ValueError):
    """Text at ``[start, end)`` that Compose refuses; reading can go on at ``resume``."""

    def __init__(self, message: str, start: int, end: int, resume: int) -> None:
        super().__init__(message)
        self.start = start
        self.end = end
        self.resume = resume


def lex(text: str) -> tuple[list[Statement], list[DotenvSyntaxError]]:
    """Return the statements of ``text``, and all errors.

    Statements need not be on lines of their own: what follows a closing quote is the
    next one. One byte order mark at the start is skipped.
    """
    statements: list[Statement] = []
    errors: list[DotenvSyntaxError] = []
    position = _skip(_GAP, text, 1 if text.startswith("\ufeff") else 0)
    while position < len(text):
        try:
            statement, position = _statement(text, position)
            statements.append(statement)
        except DotenvSyntaxError as error:
            errors.append(error)
            position = error.resume
        position = _skip(_GAP, text, position)
    return statements, errors


def _skip(pattern: re.Pattern[str], text: str, position: int) -> int:
    """Return the offset behind ``pattern``, which matches anywhere, be it nothing."""
    match = pattern.match(text, position)
    return match.end() if match else position


def _line_end(text: str, position: int) -> int:
    """Return the offset of the line feed that ends the line; a lone CR does not."""
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _statement(text: str, position: int) -> tuple[Statement, int]:
    """Read one statement; return it with the offset behind it."""
    start = _skip(_EXPORT, text, position)
    stop = _skip(_NAME, text, start)
    name = text[start:stop].rstrip(_BLANK)
    end = start + len(name)
    if stop == len(text):
        return _last_word(text, position, Statement(name, start, end, None)), stop
    if text[stop] not in "=:\n":
        message = f"unexpected character {text[stop]!r} in the name of a variable"
        raise DotenvSyntaxError(message, stop, stop + 1, _line_end(text, stop))
    value, resume = None, stop
    if text[stop] != "\n":
        value, resume = _value(text, _skip(_BLANKS, text, stop + 1))
    if " " in name:
        message = f"the name of a variable cannot contain a space: {name!r}"
        raise DotenvSyntaxError(message, start, end, resume)
    return Statement(name, start, end, value), resume


def _last_word(text: str, position: int, statement: Statement) -> Statement:
    """Check the end of a file that ends within a name, without a line feed.

    Compose takes such a name for the value of a variable without a name: it means
    nothing, nor does a space in it. Inheriting comes to the same.
    """
    if statement.start == len(text):
        message = "'export' is followed by neither a name nor a line end"
        raise DotenvSyntaxError(message, position, len(text), len(text))
    return statement


def _value(text: str, start: int) -> tuple[Value, int]:
    """Read the value at ``start``; return it with the offset behind it."""
    quote = text[start : start + 1]
    if quote in _QUOTED:
        return _quoted(text, start, quote)
    line_end = _line_end(text, start)
    comment = text.find(" #", start, line_end)
    raw = text[start : line_end if comment < 0 else comment].rstrip(_TRAILING)
    return Value(raw, "", start, start + len(raw)), line_end


def _quoted(text: str, start: int, quote: str) -> tuple[Value, int]:
    """Read a quoted value, which may span lines."""
    match = _QUOTED[quote].match(text, start)
    if not match:
        end = _line_end(text, start)
        message = f"the value's opening quote {quote} is never closed"
        raise DotenvSyntaxError(message, start, end, end)
    raw = match[1]
    if "\\" in raw:
        raw = raw.replace("\\'", "'") if quote == "'" else _ESCAPE.sub(_unescape, raw)
    return Value(raw, quote, match.start(1), match.end(1)), match.end()


def _unescape(match: re.Match[str]) -> str:
    r"""Return what an escape in double quotes stands for.

    Unknown ones stay as they are. Octal is ``\0`` and three digits; with fewer, or
    beyond 0377, only the zero goes (Compose rewrites it for Go, which then refuses).
    """
    code = match[1]
    if code[0] != "0":
        return _ESCAPED.get(code, match[0])
    digits = code[1:]
    if re.fullmatch("[0-7]{3}", digits) and int(digits, 8) <= _LARGEST_OCTAL:
        return chr(int(digits, 8))
    return "\\" + digits
