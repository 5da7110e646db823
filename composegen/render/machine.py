"""Diagnostics for programs: JSON, and GitHub's workflow commands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from composegen.source import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from composegen.diagnostics import Diagnostic


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """Return the findings as a JSON list."""
    return json.dumps([_data(d) for d in diagnostics], indent=2, ensure_ascii=True) + "\n"


def _data(diagnostic: Diagnostic) -> dict[str, Any]:
    found: dict[str, Any] = {
        "code": diagnostic.code,
        "severity": diagnostic.severity.label,
        "message": diagnostic.message,
        "help": diagnostic.help,
        "file": diagnostic.where,
    }
    if diagnostic.span is not None:
        source = diagnostic.span.source
        found["line"], found["column"] = source.position(diagnostic.span.start)
        found["end_line"], found["end_column"] = source.position(diagnostic.span.end)
    found["related"] = [
        {
            "file": r.span.source.name,
            "line": r.span.source.position(r.span.start)[0],
            "message": r.message,
        }
        for r in diagnostic.related
    ]
    return found


def render_github(diagnostics: Iterable[Diagnostic]) -> str:
    """Return the findings as workflow commands, which GitHub shows beside the lines."""
    return "".join(_command(d) for d in diagnostics)


def _command(diagnostic: Diagnostic) -> str:
    place = f"file={_property(visible(diagnostic.where))}"
    if diagnostic.span is not None:
        line, column = diagnostic.span.source.position(diagnostic.span.start)
        place += f",line={line},col={column}"
    text = f"{visible(diagnostic.message)}\nhelp: {visible(diagnostic.help)}"
    return f"::{diagnostic.severity.label} {place},title={diagnostic.code}::{_escape(text)}\n"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
