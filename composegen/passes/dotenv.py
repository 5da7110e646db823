"""``.env`` text -> bindings with spans, and the values that ``docker compose`` will see.

python-dotenv is deliberately not used. It reads another language: it leaves ``$V`` and
``$$`` alone, expands inside single quotes, lets the file win over the process
environment, and skips lines that stop Compose. A project must not be built from other
values than it is run with, so this follows compose-go's ``dotenv`` package instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from composegen.passes.dotenv_lexer import Statement, Value, lex
from composegen.passes.interpolation import (
    InterpolationError,
    Lookup,
    MissingVariableError,
    Reference,
    Template,
    parse,
    render,
)
from composegen.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_EXPORTED = "COMPOSE_"
_VALUE = re.compile(r"^[^=:\n]*[=:](.*)$|^.*$", re.MULTILINE)
_SHOWN = re.compile(r"""[^\s"'`$\\{}#]""")
"""All but what quotes and references are made of."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One statement of the file, with its value after interpolation.

    ``value`` is what this statement says: a later one of the same name, or the process
    environment, may still win. It is None for a name alone that nothing gives a value.
    ``value_span`` leaves out quotes; for a name alone it is empty. ``name`` is empty
    for ``=value``, which Compose accepts and nothing can refer to.
    """

    name: str
    value: str | None
    name_span: Span
    value_span: Span
    line: int


@dataclass(frozen=True, slots=True)
class EnvError:
    """A reason for which Compose refuses the file."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class EnvFile:
    """What a ``.env`` file says: its bindings and its errors, each in order of the text."""

    bindings: tuple[Binding, ...]
    errors: tuple[EnvError, ...]

    def values(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that Compose interpolates with.

        ``environ`` is the process environment that the file was parsed with; it wins,
        and within the file the last of several does. (Compose adds ``PWD`` where it is
        missing, and sets ``COMPOSE_PROJECT_NAME`` once it knows the name.)
        """
        own = {b.name: b.value for b in self.bindings if b.name and b.value is not None}
        return own | dict(environ)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A statement whose value has been parsed; ``template`` is None for a name alone."""

    statement: Statement
    template: Template | None


_Fault = tuple[int, int, str]
"""Start, end and message of an error."""


def parse_env(source: Source, environ: Mapping[str, str]) -> EnvFile:
    """Read ``source`` as ``docker compose`` run with ``environ`` would.

    ``source.text`` must have its line ends as they are in the file (``newline=""``).
    Compose stops at the first error; here all are collected where reading can go on.
    """
    statements, refused = lex(source.text)
    faults: list[_Fault] = [(e.start, e.end, str(e)) for e in refused]
    entries = [_entry(statement, faults) for statement in statements]
    values, missing = _settle(entries, dict(environ))  # os.environ is slow to look things up in
    errors = [EnvError(Span(source, a, b), why) for a, b, why in sorted(faults + missing)]
    return EnvFile(tuple(_bindings(source, entries, values)), tuple(errors))


def hidden(span: Span) -> Span:
    """Return the same place in a text whose values cannot be read: they may be secrets.

    A line without a name may be part of a value over several lines.
    """

    def mask(match: re.Match[str]) -> str:
        start = match.start(1) - match.start() if match[1] is not None else 0
        return match[0][:start] + _SHOWN.sub("*", match[0][start:])

    source = span.source
    return Span(Source(source.name, _VALUE.sub(mask, source.text)), span.start, span.end)


def _entry(statement: Statement, faults: list[_Fault]) -> _Entry:
    """Parse the value's references; single quotes have none."""
    value = statement.value
    if value is None:
        return _Entry(statement, None)
    if value.quote == "'":
        return _Entry(statement, (value.text,))
    try:
        return _Entry(statement, parse(value.text))
    except InterpolationError as error:
        faults.append(_fault(value, error))
        return _Entry(statement, (value.text,))


def _fault(value: Value, error: InterpolationError) -> _Fault:
    """Place ``error``: at the reference, or at the whole value if escapes moved it."""
    moved = len(value.text) != value.end - value.start
    return value.start + (0 if moved else error.offset), value.end, str(error)


def _settle(entries: Sequence[_Entry], environ: Mapping[str, str]) -> tuple[list[str | None], list[_Fault]]:
    """Return each entry's value, and the references that Compose refuses.

    Compose reads the file three times. After the first it exports what starts with
    ``COMPOSE_`` to its own environment: these are settled then, and the others may
    refer to them from above. The third time (the project folder might be another than
    the current one) the results of the second are the environment. That changes no
    value any more, but it can fail: ``B=1``, ``A=${B:?}``, ``B=`` does.
    """
    values, faults = _read(entries, environ)
    if faults or not any(map(_refers, entries)):
        return values, faults
    exported = {k: v for k, v in _known(entries, values).items() if k.startswith(_EXPORTED)}
    seen = exported | dict(environ)
    second, faults = _read(entries, seen)
    names = [entry.statement.name for entry in entries]
    triples = zip(names, values, second, strict=True)
    values = [first if name in exported else again for name, first, again in triples]
    if not faults:
        _, faults = _read(entries, _known(entries, values) | seen)
    return values, faults


def _refers(entry: _Entry) -> bool:
    return any(isinstance(part, Reference) for part in entry.template or ())


def _known(entries: Sequence[_Entry], values: Sequence[str | None]) -> dict[str, str]:
    pairs = zip(entries, values, strict=True)
    return {entry.statement.name: value for entry, value in pairs if value is not None}


def _read(entries: Sequence[_Entry], environ: Mapping[str, str]) -> tuple[list[str | None], list[_Fault]]:
    """Go through the file once: a reference sees ``environ``, then what stands above it."""
    above: dict[str, str] = {}
    faults: list[_Fault] = []
    values: list[str | None] = []

    def lookup(name: str) -> str | None:
        return environ[name] if name in environ else above.get(name)

    for entry in entries:
        value = _evaluate(entry, lookup, faults)
        if value is not None:
            above[entry.statement.name] = value
        values.append(value)
    return values, faults


def _evaluate(entry: _Entry, lookup: Lookup, faults: list[_Fault]) -> str | None:
    """Return the value of one entry; one that is refused keeps its text."""
    value = entry.statement.value
    if value is None or entry.template is None:
        return lookup(entry.statement.name)
    try:
        return render(entry.template, lookup)
    except MissingVariableError as error:
        faults.append(_fault(value, error))
        return value.text


def _bindings(source: Source, entries: Sequence[_Entry], values: Sequence[str | None]) -> Iterator[Binding]:
    """Attach spans and lines, counting line ends on the way."""
    line, counted = 1, 0
    for entry, result in zip(entries, values, strict=True):
        statement, value = entry.statement, entry.statement.value
        line += source.text.count("\n", counted, statement.start)
        counted = statement.start
        start, end = (value.start, value.end) if value else (statement.end, statement.end)
        name_span = Span(source, statement.start, statement.end)
        yield Binding(statement.name, result, name_span, Span(source, start, end), line)
