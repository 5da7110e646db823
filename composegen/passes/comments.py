"""One comment line of a Dockerfile: an annotation, something that resembles one, or neither.

The rules are section 2.2 of the contract; the laxness of the ``mypaas.`` prefix is that
of MyPaas's own reader (any run of ``#`` and blanks, any quotes at either end).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal

from composegen.source import Source, Span

if TYPE_CHECKING:
    from composegen.passes.dockerfile import Range

Prefix = Literal["composegen", "mypaas"]

# All keys that MyPaas has; after its prefix other words without a value are prose.
MYPAAS_KEYS = frozenset(
    {"service", "url", "volume", "env", "port"} | {"publish", "scale", "healthcheck", "maxcpu", "maxmem"}
)
_MYPAAS_STRIPPED = "'\" \t\r\n"

_NO_BREAK = "\xa0\u2000-\u200b\u202f\u3000"
_ANNOTATION = re.compile(
    r"#(?P<run>[# \t]*)(?P<prefix>composegen|mypaas)\.(?P<key>[^\s=:]*)[ \t]*"
    r"(?P<sign>=?)(?P<value>[^\n]*)"
)
_NEAR_MISS = re.compile(
    rf"#(?P<run>[ \t{_NO_BREAK}]*)(?P<word>[Cc]ompose[-_ ][Gg]en|[A-Za-z0-9]{{4,13}})"
    rf"(?P<separator>[ \t{_NO_BREAK}]*[.:_/-][ \t{_NO_BREAK}]*|[ \t{_NO_BREAK}]+)"
    rf"(?P<key>[A-Za-z][A-Za-z0-9.-]*)[ \t{_NO_BREAK}]*=(?P<value>[^\n]*)"
)
_OTHER_CASE = re.compile(
    r"#[ \t]*(?P<word>composegen|mypaas)\.(?P<key>[a-z][a-z0-9.-]*):?[ \t]+(?P<value>[^\n]*)",
    re.IGNORECASE | re.ASCII,
)
_PROSE = re.compile(r"[A-Za-z]+[.,;!?)]*(?:\s|\Z)")
_QUOTED = re.compile(r"""(?:"(?:\\.|[^"\\])*\\?"|'(?:\\.|[^'\\])*\\?')\Z""")
_ONE_WORD = re.compile(r"\S+\Z")
_KEY_GOES_ON = re.compile(r"([A-Za-z]+)[ \t]+=")


class Reason(Enum):
    """Why a comment is not the annotation that it seems to be."""

    HEREDOC = "heredoc"
    """It stands in the body of a heredoc: Docker sees no comment there."""
    PREFIX = "prefix"
    """The prefix is misspelt or in the wrong case."""
    SEPARATOR = "separator"
    """Something else than one dot follows the prefix."""
    BLANK = "blank"
    """A no-break space stands where a blank would do."""
    NO_EQUALS = "no-equals"
    """A value follows the key without ``=``."""
    MYPAAS_NO_EQUALS = "mypaas-no-equals"
    """The same under MyPaas's prefix: MyPaas ignores the line."""
    PARSER_DIRECTIVE_POSITION = "parser-directive-position"
    """``# syntax=``, ``# escape=`` or ``# check=`` that Docker ignores: not on top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """One annotation line.

    ``has_equals`` is False for a key that stands alone in its line (``# composegen.init``):
    a mistake when the key exists, else prose.
    """

    prefix: Prefix
    key: str
    value: str
    line: Span
    key_span: Span
    value_span: Span
    has_equals: bool
    lax: bool
    """Only MyPaas's laxer rule reads it so: a run of ``#``, or unpaired quotes removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A line that looks like an annotation and is none."""

    reason: Reason
    span: Span
    text: str
    suggestion: str
    """The corrected line."""


def read_comment(source: Source, comment: Range) -> Annotation | Suspect | None:
    """Tell what a comment line is. ``comment`` starts with its ``#``."""
    text = source.text
    start = comment.start
    match = _ANNOTATION.match(text, start)
    if match is not None:
        if "#" in match["run"] and match["prefix"] == "composegen":
            return None  # switched off
        if match["sign"]:
            return _with_value(source, comment, match)
        if match["key"]:
            return _without_equals(source, comment, match)
    if text.find("=", start, comment.end) > 0:
        match = _NEAR_MISS.match(text, start)
        if match is not None:
            return _near_miss(source, comment, match)
    match = _OTHER_CASE.match(text, start) if text.find(".", start, comment.end) > 0 else None
    if match is not None and not _is_prose(match["key"], match["value"], match["word"].lower()):
        return _suspect(Reason.PREFIX, source, comment, _suggestion(match, match["word"].lower()))
    return None


def read_heredoc_line(source: Source, line: Range) -> Suspect | None:
    """Return a suspect if the line of a heredoc body would be an annotation elsewhere."""
    if source.text[line.start] != "#":
        return None
    found = read_comment(source, line)
    if not isinstance(found, Annotation) or not found.has_equals:
        return None
    return _suspect(Reason.HEREDOC, source, line, f"# {found.prefix}.{found.key} = {found.value}".rstrip())


def misplaced_directive(source: Source, comment: Range) -> Suspect:
    """Return the suspect for a parser directive that does not stand on top."""
    text = source.text[comment.start : comment.end]
    return _suspect(Reason.PARSER_DIRECTIVE_POSITION, source, comment, text)


def _with_value(source: Source, comment: Range, match: re.Match[str]) -> Annotation:
    run, prefix, key, _, raw = match.groups()
    start = match.start("value")
    raw = raw[: comment.end - start]
    value, at = _strict(raw, start)
    lax = False
    if prefix == "mypaas":
        strict = (key, value)
        key = key.rstrip(_MYPAAS_STRIPPED)
        value, at = _trimmed(raw, start, _MYPAAS_STRIPPED)
        lax = "#" in run or (key, value) != strict
    key_start = match.start("key")
    return Annotation(
        prefix=prefix,  # type: ignore[arg-type]  # one of two, by the pattern
        key=key,
        value=value,
        line=Span(source, *comment),
        key_span=Span(source, key_start, key_start + len(key)),
        value_span=Span(source, at, at + len(value)),
        has_equals=True,
        lax=lax,
    )


def _trimmed(raw: str, start: int, chars: str | None = None) -> tuple[str, int]:
    """Return ``raw``, which stands at ``start``, without the ``chars`` at its ends."""
    value = raw.strip(chars)
    return (value, start + raw.index(value[0])) if value else (value, start)


def _strict(raw: str, start: int) -> tuple[str, int]:
    """Return ``raw`` trimmed, and without one pair of quotes around the whole.

    In ``"a" "b"`` the first quote and the last one are no pair: each has a partner of its own.
    """
    value, start = _trimmed(raw, start)
    if _QUOTED.match(value):
        return value[1:-1], start + 1
    return value, start


def _without_equals(source: Source, comment: Range, match: re.Match[str]) -> Annotation | Suspect | None:
    """Judge ``prefix.KEY`` that no ``=`` follows: a key alone, a forgotten sign, or prose."""
    prefix: Prefix = match["prefix"]  # type: ignore[assignment]  # one of two, by the pattern
    key, value = match["key"], match["value"].removeprefix(":").strip()
    if prefix == "mypaas" and key not in MYPAAS_KEYS:
        return None
    if value.startswith("="):
        fixed = f"# {prefix}.{key} = {value[1:].strip()}"
        return _suspect(Reason.BLANK, source, comment, fixed)
    if value:
        if goes_on := _KEY_GOES_ON.match(value):
            fixed = f"# {prefix}.{key}-{goes_on[1]} = {value[goes_on.end() :].strip()}"
        elif _is_prose(key, value, prefix) and not _ONE_WORD.match(value):
            return None
        else:
            fixed = f"# {prefix}.{key} = {value}"
        reason = Reason.NO_EQUALS if prefix == "composegen" else Reason.MYPAAS_NO_EQUALS
        return _suspect(reason, source, comment, fixed)
    end = match.end("key")
    return Annotation(
        prefix=prefix,
        key=key,
        value="",
        line=Span(source, *comment),
        key_span=Span(source, match.start("key"), end),
        value_span=Span(source, end, end),
        has_equals=False,
        lax="#" in match["run"],
    )


def _is_prose(key: str, value: str, prefix: str) -> bool:
    """Whether ``prefix.key value`` reads like a sentence, not like a forgotten ``=``."""
    if prefix == "mypaas" and key.lower() not in MYPAAS_KEYS:
        return True
    return not value.strip() or bool(_PROSE.match(value))


def _near_miss(source: Source, comment: Range, match: re.Match[str]) -> Suspect | None:
    """Judge ``word SEPARATOR key =``: close to a prefix, or something of somebody else's."""
    word, separator = match["word"], match["separator"]
    if separator == "_" and word.isupper():
        return None  # COMPOSEGEN_REGISTRY=...: a setting, not an annotation
    prefix = _nearest(word.lower(), match["key"].lower())
    if prefix is None:
        return None
    reason = Reason.PREFIX
    if word == prefix:
        reason = Reason.BLANK if separator == "." else Reason.SEPARATOR
    return _suspect(reason, source, comment, _suggestion(match, prefix))


def _nearest(word: str, key: str) -> str | None:
    if _distance(word, "composegen") <= 2:  # noqa: PLR2004  two slips of the finger
        return "composegen"
    if key in MYPAAS_KEYS and _distance(word, "mypaas") <= 2:  # noqa: PLR2004
        return "mypaas"
    return None


def _distance(word: str, target: str) -> int:
    """Return the edit distance, swapped neighbours counting as one edit."""
    if abs(len(word) - len(target)) > 2:  # noqa: PLR2004
        return 3
    before: list[int] = []
    row = list(range(len(target) + 1))
    for i, char in enumerate(word, 1):
        last, before, row = before, row, [i]
        for j, wanted in enumerate(target, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (char != wanted))
            if last and j > 1 and char == target[j - 2] and word[i - 2] == wanted:
                best = min(best, last[j - 2] + 1)
            row.append(best)
    return row[-1]


def _suggestion(match: re.Match[str], prefix: str) -> str:
    key = match["key"].lower() if match["word"].isupper() else match["key"]
    return f"# {prefix}.{key} = {match['value'].strip()}".rstrip()


def _suspect(reason: Reason, source: Source, comment: Range, suggestion: str) -> Suspect:
    line = Span(source, *comment)
    return Suspect(reason=reason, span=line, text=line.text, suggestion=suggestion)
