"""The lines of a Dockerfile as Docker sees them: instructions, comments, heredoc bodies.

The rules are those of BuildKit's ``frontend/dockerfile/parser/parser.go`` and
``directives.go``; each function names the one that it follows.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

from composegen.passes.expansion import Heredoc, heredocs
from composegen.passes.words import SPACE, flags, json_list

BYTE_ORDER_MARK = "\ufeff"

_DIRECTIVE = re.compile(r"#([^\n]*)")
_DIRECTIVE_BODY = re.compile(
    r"(syntax|escape|check)[\t\n\f\r ]*=[\t\n\f\r ]*(.+?)[\t\n\f\r ]*\Z", re.IGNORECASE | re.ASCII
)
_KEYWORD = re.compile(f"([^\t\v\f\r ]+)(?:[\t\v\f\r ][{SPACE}]*)?")
_TAKES_HEREDOC = frozenset({"RUN", "COPY", "ADD"})


class Range(NamedTuple):
    """A line of the text, without the blanks around it and the line end."""

    start: int
    end: int


class Joints(NamedTuple):
    """Where the pieces of an instruction that goes over several lines come from."""

    joined: list[int]
    source: list[int]


class Instruction(NamedTuple):
    """One instruction, its continued lines joined and the comments between them left out."""

    keyword: str
    """In upper case."""
    args: str
    start: int
    end: int
    base: int
    """Offset of ``args`` in the text, or in the joined line when there are ``joints``."""
    joints: Joints | None = None
    heredoc: int = -1
    """Offset of the first heredoc body."""

    def offset(self, index: int) -> int:
        """Return the offset in the text of character ``index`` of ``args``."""
        at = self.base + index
        if self.joints is None:
            return at
        piece = bisect_right(self.joints.joined, at) - 1
        return self.joints.source[piece] + at - self.joints.joined[piece]

    def locate(self, start: int, end: int) -> Range:
        """Return where ``args[start:end]`` (not empty) stands in the text."""
        return Range(self.offset(start), self.offset(end - 1) + 1)


@dataclass(slots=True)
class Lexed:
    """What :func:`lex` found, in the order of the text."""

    escape: str = "\\"
    header_end: int = 0
    """Where the parser directives end."""
    instructions: list[Instruction] = field(default_factory=list)
    comments: list[Range] = field(default_factory=list)
    heredoc_lines: list[Range] = field(default_factory=list)


def lex(text: str) -> Lexed:
    """Split ``text`` into instructions, comments and heredoc lines. Never raises."""
    return _Reader(text).read()


def is_directive(comment: str) -> bool:
    """Whether the comment would be a parser directive if it stood on top."""
    return bool(_DIRECTIVE_BODY.match(comment[1:].strip(SPACE)))


class _Reader:
    """Goes over the lines once."""

    __slots__ = ("index", "lexed", "lines", "pos", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.split("\n")
        self.index = 0
        self.pos = 0
        self.lexed = Lexed()

    def read(self) -> Lexed:
        """Read all lines (``Parse``)."""
        if self.lines[0].startswith(BYTE_ORDER_MARK):
            self.lines[0] = self.lines[0][1:]
            self.pos = 1
        self._directives()
        lines, count = self.lines, len(self.lines)
        comments, escape = self.lexed.comments, self.lexed.escape
        while self.index < count:
            line = lines[self.index]
            start = self.pos
            self.index += 1
            self.pos = start + len(line) + 1
            body = line.strip(SPACE)
            if not body:
                continue
            if body[0] == "#":
                at = start + line.index("#")
                comments.append(Range(at, at + len(body)))
            elif body[-1] == escape and _continues(line, escape):
                self._continued(line, start)
            else:
                at = start + line.index(body[0])
                self._instruction(body, at, at + len(body), None)
        return self.lexed

    def _directives(self) -> None:
        """Read the parser directives: on top, each once, before anything else.

        The first line that is not one ends them, an empty line and another comment too
        (``DirectiveParser.ParseLine``). Blanks may stand before the ``#``.
        """
        seen: set[str] = set()
        while self.index < len(self.lines):
            line = self.lines[self.index].lstrip(SPACE)
            match = _DIRECTIVE.match(line)
            body = _DIRECTIVE_BODY.match(match[1].lstrip(SPACE).rstrip("\r")) if match else None
            if body is None or body[1].lower() in seen:
                break
            seen.add(body[1].lower())
            if body[1].lower() == "escape" and body[2] in ("`", "\\"):
                self.lexed.escape = body[2]
            self.pos += len(self.lines[self.index]) + 1
            self.index += 1
        self.lexed.header_end = self.pos

    def _continued(self, first: str, start: int) -> None:
        """Join an instruction that goes over several lines.

        Comments and empty lines between them are left out; the blanks that a continued
        line begins with stay.
        """
        escape, lines, count = self.lexed.escape, self.lines, len(self.lines)
        piece = first.lstrip(SPACE)
        start += len(first) - len(piece)
        pieces, sources = [_trim(piece, escape)], [start]
        end = start + len(piece.rstrip(SPACE))
        more = True
        while more and self.index < count:
            line = lines[self.index]
            at = self.pos
            self.index += 1
            self.pos = at + len(line) + 1
            body = line.strip(SPACE)
            if not body:
                continue
            if body[0] == "#":
                at += line.index("#")
                self.lexed.comments.append(Range(at, at + len(body)))
                continue
            more = body[-1] == escape and _continues(line, escape)
            pieces.append(_trim(line, escape) if more else line.rstrip("\r"))
            sources.append(at)
            end = at + line.index(body[0]) + len(body)
        joined = "".join(pieces)
        body = joined.strip(SPACE)
        if body:
            at = joined.index(body[0])
            self._instruction(body, start, end, _joints(pieces, sources, at))

    def _instruction(self, body: str, start: int, end: int, joints: Joints | None) -> None:
        match = _KEYWORD.match(body)
        if match is None:  # a form feed or the like cannot be: body is stripped
            return
        keyword = match[1].upper()
        args = body[match.end() :]
        base = match.end() + (start if joints is None else 0)
        heredoc = -1
        if "<<" in body:
            found = _heredocs(keyword, args, body, self.lexed.escape)
            if found:
                heredoc = self.pos
                self._skip_bodies(found)
        self.lexed.instructions.append(Instruction(keyword, args, start, end, base, joints, heredoc))

    def _skip_bodies(self, found: tuple[Heredoc, ...]) -> None:
        """Pass over heredoc bodies; one that does not end takes the rest of the text."""
        lines, count, body = self.lines, len(self.lines), self.lexed.heredoc_lines
        for heredoc in found:
            while self.index < count:
                line = lines[self.index]
                at = self.pos
                self.index += 1
                self.pos = at + len(line) + 1
                bare = line.rstrip("\r")
                if (bare.lstrip("\t") if heredoc.chomp else bare) == heredoc.name:
                    break
                if "#" in line:
                    stripped = line.strip(SPACE)
                    at += line.index(stripped[0])
                    body.append(Range(at, at + len(stripped)))


def _continues(line: str, escape: str) -> bool:
    """Whether the line goes on (``lineContinuationRegex``).

    Blanks and tabs may follow the escape character; a second one before it cancels it.
    """
    kept = line.lstrip(SPACE).rstrip("\r").rstrip(" \t")
    return kept[-1:] == escape and kept[-2:-1] != escape


def _trim(line: str, escape: str) -> str:
    """Cut the escape character that ends the line, and what follows it."""
    return line[: line.rindex(escape)]


def _joints(pieces: list[str], sources: list[int], shift: int) -> Joints:
    """Return the joints, counted from character ``shift`` of the joined text."""
    joined = []
    at = -shift
    for piece in pieces:
        joined.append(at)
        at += len(piece)
    return Joints(joined, sources)


def _heredocs(keyword: str, args: str, body: str, escape: str) -> tuple[Heredoc, ...]:
    """Return the heredocs of an instruction that may have some (``canContainHeredoc``)."""
    if keyword == "ONBUILD":
        args = args[flags(args, escape)[1] :]
        match = _KEYWORD.match(args)
        keyword, args = (match[1].upper(), args[match.end() :]) if match else ("", "")
    if keyword not in _TAKES_HEREDOC:
        return ()
    if json_list(args[flags(args, escape)[1] :]) is not None:
        return ()
    return heredocs(body)
