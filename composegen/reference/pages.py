"""The reference pages: Markdown made of the declarations, the same bytes every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from composegen.codes import CODES
from composegen.keys.project import SETTINGS
from composegen.keys.service import KEYS
from composegen.reference.entries import FAMILY, Entry, find, spelled

if TYPE_CHECKING:
    from collections.abc import Iterable

_MADE = "<!-- Made by `make docs` from the declarations in composegen/; do not edit. -->"
_STAR = "\\*"
_GROUPS = {
    "1": "Annotations",
    "2": "One service",
    "3": "Several services",
    "4": "Settings and .env",
    "5": "Files",
}


def keys() -> str:
    """Return the page of annotation keys."""
    intro = (
        "A Dockerfile declares a service with comments of the form `# composegen.KEY = VALUE`. Keys "
        "marked with * may be repeated; every other key stands once. `# mypaas.KEY = VALUE` works for "
        "the keys that MyPaas has, with MyPaas's meaning. `composegen explain KEY` shows the same."
    )
    rows = [
        (f"[{spelled(n)}](#{_anchor(spelled(n))}){_STAR if k.repeat else ''}", _cell(k.summary))
        for n, k in KEYS.items()
    ]
    return _page("Annotations", intro, ("key", "effect"), rows, map(_section, KEYS))


def settings() -> str:
    """Return the page of settings."""
    intro = (
        "Settings stand in `.env`. The command line (`--set NAME=VALUE`) is stronger than the process "
        "environment, and that is stronger than `.env`. A setting read at *build* gives the generated "
        "files their shape, so the files have to be built again when it changes; the files keep it, and "
        "a build without `.env` uses what they were built with. One read at *up* stays a variable in "
        "the files."
    )
    rows = [
        (f"[{n}](#{_anchor(n)})", k.read, f"{_cell(k.default or 'none')}", _cell(k.summary))
        for n, k in SETTINGS.items()
    ]
    family = find(FAMILY)
    assert family is not None  # noqa: S101 - it is declared beside the settings
    default = dict(family.facts)["default"]
    rows.append((f"[{FAMILY[:-1]}{_STAR}](#{_anchor(FAMILY)})", "build, up", default, family.summary))
    head = ("setting", "read at", "default", "meaning")
    return _page("Settings", intro, head, rows, map(_section, (*SETTINGS, FAMILY)))


def diagnostics() -> str:
    """Return the page of diagnostic codes."""
    intro = (
        "Every finding has a code. An error stops the build before anything is written; a warning does "
        "not. `composegen explain CODE` shows the same as this page."
    )
    rows = [
        (f"[{n}](#{_anchor(n)})", "warning" if c.warning else "error", _cell(c.title))
        for n, c in CODES.items()
    ]
    return _page("Diagnostics", intro, ("code", "severity", "title"), rows, _code_sections())


def _code_sections() -> Iterable[str]:
    group = ""
    for name, code in CODES.items():
        if name[2] != group:
            group = name[2]
            yield f"## {_GROUPS[group]}"
        severity = "Warning" if code.warning else "Error"
        yield f"### {name}\n\n{severity}: {code.title}.\n\n{code.explanation}\n\n```text\n{code.example}\n```"


def _page(
    title: str,
    intro: str,
    head: tuple[str, ...],
    rows: Iterable[tuple[str, ...]],
    sections: Iterable[str],
) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (head, tuple("---" for _ in head), *rows)]
    return "\n\n".join([f"# {title}", _MADE, intro, "\n".join(lines), *sections]) + "\n"


def _section(name: str) -> str:
    """Return the section of one key or setting."""
    entry = find(name)
    assert entry is not None  # noqa: S101 - the names come from the same declarations
    title = spelled(name) if name in KEYS else name
    return "\n\n".join([f"## {title}", entry.summary, _facts(entry)])


def _facts(entry: Entry) -> str:
    lines = [f"- {name}: {value}" for name, value in entry.facts if name != "example"]
    example = dict(entry.facts)["example"]
    language = "dockerfile" if example.startswith("#") else "ini"
    return "\n".join(lines) + f"\n\n```{language}\n{example}\n```"


def _cell(text: str) -> str:
    """Return text for a table: a bar would end the cell."""
    return text.replace("|", "\\|")


def _anchor(title: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return title.lower().replace(".", "").replace("*", "")
