"""Quotes, references and heredocs in a Dockerfile's words.

The behaviour is BuildKit's ``frontend/dockerfile/shell/lex.go``, and for heredocs
``heredocsFromLine`` in ``parser/parser.go``. It was compared with BuildKit's own parser
on random input.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from composegen.passes.words import SPACE

if TYPE_CHECKING:
    from collections.abc import Callable

# No value that composegen looks at is longer; it bounds ``ENV A=$A$A`` repeated.
MAX_VALUE = 32_768
MAX_DEPTH = 50

_WORD = re.compile(f"[^{SPACE}]+")
_RUN_OF_PLAIN = re.compile(r"[\w.,=:@+-]+")
_ONE_REFERENCE = re.compile(
    r"([\w/.:-]*)\$(?:([A-Za-z_]\w*)(?=[/.:-]|\Z)|\{([A-Za-z_]\w*)\})([\w/.:-]*)\Z", re.ASCII
)
_HEREDOC = re.compile(r"([0-9]*)<<(-?)[\t\n\f\r ]*([^<]*)\Z")


class UnresolvedError(ValueError):
    """The text is not well-formed, or holds a reference whose value is not known."""


@dataclass(frozen=True, slots=True)
class Heredoc:
    """The word after ``<<``: the line that ends the body, and whether tabs are chomped."""

    name: str
    chomp: bool


class _Lexer:
    """One pass over a text, as BuildKit's ``Lex``: words, and the text as one word.

    With ``lookup`` None nothing is expanded (BuildKit's SkipUnsetEnv).
    """

    __slots__ = (
        "buffer", "depth", "escape", "lookup", "pos", "raw_escapes", "raw_quotes", "spent", "text",
    )  # fmt: skip

    def __init__(
        self,
        text: str,
        escape: str,
        lookup: Callable[[str], str | None] | None,
        *,
        raw: bool,
    ) -> None:
        self.text = text
        self.pos = 0
        self.escape = escape
        self.lookup = lookup
        self.raw_quotes = raw
        self.raw_escapes = raw
        self.buffer: list[str] = []  # shared by nested calls, as in BuildKit
        self.depth = 0
        self.spent = 0

    def peek(self) -> str:
        return self.text[self.pos : self.pos + 1]

    def next(self) -> str:
        char = self.text[self.pos : self.pos + 1]
        self.pos += 1
        return char

    def process(self, stop: str = "", *, raw_escapes: bool) -> tuple[str, list[str]]:
        """Read up to ``stop`` (or the end) with the given treatment of escapes."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise UnresolvedError("nested too deeply")
        before, self.raw_escapes = self.raw_escapes, raw_escapes
        try:
            return self._process(stop)
        finally:
            self.depth -= 1
            self.raw_escapes = before

    def _process(self, stop: str) -> tuple[str, list[str]]:
        result: list[str] = []
        words: list[str] = []
        buffer = self.buffer
        buffer.clear()
        while char := self.peek():
            if char == stop:
                self.pos += 1
                self._flush(words)
                return "".join(result), words
            if char == "$":
                part = self._dollar()
                self._add_spaced(part, words)
            elif char in "'\"<":
                part = self._quoted(char) if char != "<" else self._angle()
                if part:
                    buffer.append(part)
            elif char == self.escape:
                part = self._escaped()
                buffer.append(part)
            elif char in SPACE:
                self.pos += 1
                part = char
                self._flush(words)
            else:
                part = self._plain()
                buffer.append(part)
            result.append(part)
        if stop:
            raise UnresolvedError(f"missing {stop}")
        self._flush(words)
        return "".join(result), words

    def _flush(self, words: list[str]) -> None:
        if self.buffer:
            words.append("".join(self.buffer))
            self.buffer.clear()

    def _add_spaced(self, part: str, words: list[str]) -> None:
        """Add the outcome of a reference, which is split at blanks."""
        at = 0
        for match in _WORD.finditer(part):
            if match.start() > at or (at == 0 and match.start()):
                self._flush(words)
            self.buffer.append(match.group())
            at = match.end()
        if at < len(part):
            self._flush(words)

    def _plain(self) -> str:
        match = _RUN_OF_PLAIN.match(self.text, self.pos)
        if match and self.escape not in match.group():
            self.pos = match.end()
            return match.group()
        return self.next()

    def _escaped(self) -> str:
        char = self.next()
        following = self.next()
        return char + following if self.raw_escapes else following

    def _angle(self) -> str:
        self.pos += 1
        if self.peek() != "<":
            return "<"
        start = self.pos
        self.pos += 1
        while self.peek() in (" ", "\t"):
            self.pos += 1
        return "<" + self.text[start : self.pos]

    def _quoted(self, quote: str) -> str:
        self.pos += 1
        if quote == "'":
            end = self.text.find("'", self.pos)
            if end < 0:
                raise UnresolvedError("missing '")
            body = self.text[self.pos : end]
            self.pos = end + 1
            return f"'{body}'" if self.raw_quotes else body
        return self._double_quoted()

    def _double_quoted(self) -> str:
        parts = ['"'] if self.raw_quotes else []
        while char := self.peek():
            if char == '"':
                self.pos += 1
                if self.raw_quotes:
                    parts.append('"')
                return "".join(parts)
            if char == "$":
                parts.append(self._dollar())
            elif char == self.escape:
                self.pos += 1
                if self.raw_escapes:
                    parts.append(char)
                if not self.peek():
                    break
                parts.append(self.next() if self.peek() in ('"', "$", self.escape) else char)
            else:
                parts.append(self._plain())
        raise UnresolvedError('missing "')

    def _name(self) -> str:
        first = self.peek()
        start = self.pos
        if first.isdecimal():
            while self.peek().isdecimal():
                self.pos += 1
        elif first and first in "@*#?-$!":
            self.pos += 1
        else:
            while (char := self.peek()) and (char.isalpha() or char.isdecimal() or char == "_"):
                self.pos += 1
        return self.text[start : self.pos]

    def _dollar(self) -> str:
        self.pos += 1
        if self.peek() != "{":
            name = self._name()
            return self._value(name, f"${name}") if name else "$"
        self.pos += 1
        if self.peek() in ("", "{", "}", ":"):
            raise UnresolvedError("bad substitution")
        name = self._name()
        sign = self.next()
        if sign == "}":
            return self._value(name, f"${{{name}}}")
        if sign == "/":
            return self._replaced(name)
        if not sign or sign not in ":+-?#%":
            raise UnresolvedError("unsupported modifier")
        return self._modified(name, sign)

    def _value(self, name: str, raw: str) -> str:
        if self.lookup is None:
            return raw
        value = self.lookup(name)
        if value is None:
            raise UnresolvedError(name)
        self.spent += len(value)
        if self.spent > MAX_VALUE:
            raise UnresolvedError("too long")
        return value

    def _modified(self, name: str, sign: str) -> str:
        colon = sign == ":"
        operator = self.next() if colon else sign
        pattern = operator in ("#", "%")
        if colon and pattern:
            raise UnresolvedError("unsupported modifier")
        word, _ = self.process("}", raw_escapes=pattern)
        if self.lookup is None:
            return f"${{{name}{':' if colon else ''}{operator}{word}}}"
        value = self.lookup(name)
        is_set = value is not None and not (colon and not value)
        if operator == "-":
            return self._value(name, "") if is_set else word
        if operator == "+":
            return word if is_set else ""
        if operator == "?" and is_set:
            return self._value(name, "")
        raise UnresolvedError("unsupported modifier")

    def _replaced(self, name: str) -> str:
        if self.peek() == "/":
            self.pos += 1
        pattern, _ = self.process("/", raw_escapes=True)
        replacement, _ = self.process("}", raw_escapes=True)
        if self.lookup is not None:
            raise UnresolvedError("unsupported modifier")
        return f"${{{name}/{pattern}/{replacement}}}"


def expand(text: str, escape: str, lookup: Callable[[str], str | None]) -> str:
    """Return ``text`` as one word: quotes removed, references replaced.

    ``lookup`` returns a value, or None for a name that is certainly not set, or raises
    UnresolvedError for one that cannot be known. Raises UnresolvedError.
    """
    if "$" not in text and "'" not in text and '"' not in text and escape not in text:
        return text
    if (match := _ONE_REFERENCE.match(text)) is None:
        return _Lexer(text, escape, lookup, raw=False).process(raw_escapes=False)[0]
    before, name, braced, after = match.groups()
    value = lookup(name or braced)
    if value is None or len(value) > MAX_VALUE:
        raise UnresolvedError(text)
    return f"{before}{value}{after}"


def heredocs(line: str) -> tuple[Heredoc, ...]:
    r"""Return the heredocs that an instruction announces, in the order of their bodies.

    The escape character is ``\`` here whatever ``# escape=`` says, and a line with
    unbalanced quotes announces none (``heredocsFromLine`` in BuildKit).
    """
    try:
        words = _Lexer(line, "\\", None, raw=True).process(raw_escapes=True)[1]
    except UnresolvedError:
        return ()
    found = []
    for word in words:
        match = _HEREDOC.match(word) if "<<" in word else None
        if match is None:
            continue
        try:
            names = _Lexer(match[3], "\\", None, raw=False).process(raw_escapes=False)[1]
        except UnresolvedError:
            continue
        if len(names) == 1:
            found.append(Heredoc(names[0], chomp=bool(match[2])))
    return tuple(found)
