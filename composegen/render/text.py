"""Diagnostics for people: file, line, column, the line itself with a caret, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from composegen.source import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from composegen.diagnostics import Diagnostic
    from composegen.source import Span

MAX_WIDTH = 160


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """Return the findings as text, one block each."""
    return "\n".join(_one(d) for d in diagnostics)


def _one(diagnostic: Diagnostic) -> str:
    where = visible(diagnostic.where)
    head = f"{diagnostic.severity.label}[{diagnostic.code}]: {visible(diagnostic.message)}"
    if diagnostic.span is None:
        lines = [f"{where}: {head}"]
    else:
        line, column = diagnostic.span.source.position(diagnostic.span.start)
        lines = [f"{where}:{line}:{column}: {head}", *excerpt(diagnostic.span)]
    for related in diagnostic.related:
        line, column = related.span.source.position(related.span.start)
        lines.append(f"  {visible(related.span.source.name)}:{line}:{column}: {visible(related.message)}")
    lines.append(f"  help: {visible(diagnostic.help)}")
    return "\n".join(lines) + "\n"


def excerpt(span: Span) -> list[str]:
    """Return the line of ``span`` with carets below; of a long line, the part that counts."""
    number, column = span.source.position(span.start)
    line = span.source.line_at(span.start)
    first = max(0, column - 1 - MAX_WIDTH // 2) if len(line) > MAX_WIDTH else 0
    shown = line[first : first + MAX_WIDTH].replace("\t", " ")
    start = column - 1 - first
    length = max(1, min(span.end - span.start, len(line) - (column - 1), MAX_WIDTH - start))
    margin = f"  {number} | "
    safe = visible(shown)
    if safe != shown:
        start = len(visible(shown[:start]))
    return [f"{margin}{safe}", f"{' ' * (len(margin) - 2)}| {' ' * start}{'^' * length}"]
