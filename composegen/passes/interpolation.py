"""Compose's variable interpolation: ``$V``, ``${V:-default}`` and their relatives.

The rules are those of compose-go's ``template`` package, which Compose applies both
to the values of a compose file and to unquoted and double-quoted values of ``.env``.
Where its versions differ, the stricter one holds here: before compose-go 2.10.1 the
text after an operator was interpolated even when it was not used, so a fault in it
was an error. What passes here means the same under every supported Compose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from composegen.text import BadReference, raw, split

Lookup = Callable[[str], "str | None"]
"""Returns the value of a variable, or None when it is not set."""

# Compose matches names without regard to case, by Unicode's simple folding: LONG S
# and KELVIN SIGN fold to "s" and "k", so they count as letters of a name too.
_LETTER = "_a-zA-Z\u017f\u212a"
_NAME = rf"[{_LETTER}][{_LETTER}0-9]*"

# The dot leaves out line ends on purpose: Compose refuses a default over two lines.
# The argument is greedy; _closing_brace() finds out how much of it is the default.
_TOKEN = re.compile(
    rf"\$(?:(?P<escaped>\$)|(?P<plain>{_NAME})"
    rf"|\{{(?:(?P<braced>{_NAME})(?:(?P<operator>:?[-+?])(?P<argument>.*))?\}}|))"
)
_MALFORMED = "'${' begins no reference like ${NAME} or ${NAME:-default}, on one line; '$$' is a dollar"
_DEEPEST = 100
_BRACE = re.compile(r"\{.?|\}", re.DOTALL)
_OPENING = re.compile(rf"\$(?:\$|\{{{_NAME}(?P<operator>:?[-+?])?)")


class InterpolationError(ValueError):
    """Compose refuses the text; ``offset`` is where in it the offending reference starts."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class MissingVariableError(InterpolationError):
    """A variable that ``${V:?}`` or ``${V?}`` requires has no value."""

    def __init__(self, reference: Reference, reason: str) -> None:
        message = f"required variable {reference.name} is missing a value"
        super().__init__(f"{message}: {reason}" if reason else message, reference.start)
        self.name = reference.name


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference to a variable, at ``[start, end)`` of the text.

    ``operator`` is empty, or one of ``:-``, ``-``, ``:?``, ``?``, ``:+`` and ``+``.
    ``default`` is what follows it, as written; ``template`` is the same, parsed.
    """

    name: str
    operator: str
    default: str
    start: int
    end: int
    template: Template = ()


Template = tuple["str | Reference", ...]
"""A parsed text: literal pieces and references, in order."""


def parse(text: str) -> Template:
    """Split ``text`` into literals (``$$`` is one, ``$``) and references.

    Raises:
        InterpolationError: for what Compose calls an invalid template.
    """
    return tuple(_parts(text, 0, len(text))) if "$" in text else (text,)


def render(template: Template, lookup: Lookup) -> str:
    """Return the text that ``template`` stands for; an unset variable is empty.

    Raises:
        MissingVariableError: if a required variable has no value.
    """
    return "".join([p if isinstance(p, str) else _value(p, lookup) for p in template])


def substitute(text: str, lookup: Lookup) -> str:
    """Return ``text`` with every reference replaced, as Compose does it.

    A value that is put in is not interpolated again.

    Raises:
        InterpolationError: if ``text`` is malformed, or a required variable has no value.
    """
    return render(parse(text), lookup)


def references(text: str) -> tuple[Reference, ...]:
    """Return all references in ``text``, an outer one before those in its default.

    Raises:
        InterpolationError: if ``text`` is malformed.
    """
    return tuple(_references(parse(text)))


def misread(text: str) -> bool:
    """Whether Compose ends a reference of an annotation's ``text`` elsewhere than its braces say.

    That can only be where a default, or what follows it, holds braces: see :func:`_closing_brace`.
    """
    if "${" not in text or text.count("{") == text.count("${"):
        return False
    try:
        written = raw(text)
    except BadReference:
        return False  # no reference for anybody, and reported as such
    try:
        read = [(r.start, r.end) for r in references(written)]
        return any(ours != theirs for ours, theirs in zip_longest(_spans(written, 0, len(written)), read))
    except (BadReference, InterpolationError):
        return True


def _spans(text: str, position: int, end: int) -> Iterator[tuple[int, int]]:
    """Return where the references in ``[position, end)`` of a compose file's text seem to begin and end."""
    while match := _OPENING.search(text, position, end):
        position = match.end()
        if match[0] == "$$":
            continue
        start, argument = match.start(), position
        position = _balanced(text, start, argument, end)
        yield start, position
        if match["operator"]:
            yield from _spans(text, argument, position - 1)


def _balanced(text: str, start: int, argument: int, end: int) -> int:
    """Return the end of the reference at ``start``: each brace in its argument has a partner.

    Where they have none, the first brace that ends no other reference closes it.
    """
    depth = 1
    for at in range(argument, end):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at + 1
    return start + len(split(text[start:end])[0][0])


def _references(template: Template) -> Iterator[Reference]:
    for part in template:
        if isinstance(part, Reference):
            yield part
            yield from _references(part.template)


def _parts(text: str, position: int, end: int, depth: int = 0) -> Iterator[str | Reference]:
    """Parse ``[position, end)``; a ``$`` that begins nothing known is a literal.

    Compose has no limit to nesting; Python's stack has.
    """
    if depth > _DEEPEST:
        raise InterpolationError(f"references are nested more than {_DEEPEST} deep", position)
    while match := _TOKEN.search(text, position, end):
        if match.start() > position:
            yield text[position : match.start()]
        position = match.end()
        if match["escaped"]:
            yield "$"
        elif match["plain"]:
            yield Reference(match["plain"], "", "", *match.span())
        elif match["braced"]:
            reference = _braced(match, depth)
            yield reference
            position = reference.end
        else:
            raise InterpolationError(_MALFORMED, match.start())
    if position < end:
        yield text[position:end]


def _braced(match: re.Match[str], depth: int) -> Reference:
    """Build the reference that ``match``, which may reach too far, begins with."""
    name, start, operator = match["braced"], match.start(), match["operator"]
    if not operator:
        return Reference(name, "", "", start, match.end())
    text, begin = match.string, match.start("argument")
    end = _closing_brace(text, start, match.end())
    template = tuple(_parts(text, begin, end, depth + 1))
    return Reference(name, operator, text[begin:end], start, end + 1, template)


def _closing_brace(text: str, start: int, end: int) -> int:
    """Return the offset of the brace that closes the reference at ``start``.

    Compose counts braces, with or without a ``$``, so a default may hold JSON. Two of
    its habits matter: the character after an opening brace is passed over, so ``{}``
    opens and does not close; and if the count does not come out, the last one closes.
    """
    depth = 0
    for brace in _BRACE.finditer(text, start, end):
        depth += -1 if brace[0] == "}" else 1
        if depth == 0:
            return brace.start()
    return end - 1


def _value(reference: Reference, lookup: Lookup) -> str:
    """Apply the operator. The default is always rendered (see the module's docstring)."""
    default = render(reference.template, lookup)
    value = lookup(reference.name)
    given = bool(value) if reference.operator.startswith(":") else value is not None
    match reference.operator[-1:]:
        case "-" if not given:
            return default
        case "+" if given:
            return default
        case "?" if not given:
            raise MissingVariableError(reference, default)
    return value or ""
