"""The entries as text for a terminal."""

from __future__ import annotations

import textwrap
from itertools import groupby

from composegen.reference.entries import CODE, KEY, SETTING, Entry, entries

WIDTH = 100
_HEADS = {
    KEY: "Annotation keys, in a Dockerfile: # composegen.KEY = VALUE (* may be repeated)",
    SETTING: "Settings, in .env: NAME=VALUE",
    CODE: "Diagnostic codes",
}
_KINDS = {KEY: "annotation key", SETTING: "setting", CODE: "diagnostic code"}


def one(entry: Entry) -> str:
    """Return all that is known of one entry."""
    title = f"composegen.{entry.name}" if entry.kind == KEY else entry.name
    lines = [f"{title} ({_KINDS[entry.kind]})", ""]
    lines += textwrap.wrap(entry.summary, WIDTH - 2, initial_indent="  ", subsequent_indent="  ")
    lines.append("")
    margin = max(len(name) for name, _ in entry.facts) + 4
    for name, value in entry.facts:
        first, *rest = value.splitlines()
        if name == "example":  # to be copied, so never wrapped
            lines.append(f"  {name}".ljust(margin) + first)
            lines += [" " * margin + line for line in rest]
            continue
        lines += textwrap.wrap(
            first,
            WIDTH,
            initial_indent=f"  {name}".ljust(margin),
            subsequent_indent=" " * margin,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(lines) + "\n"


def table() -> str:
    """Return the list of everything: a name and one sentence each."""
    blocks = []
    for kind, group in groupby(entries(), lambda e: e.kind):
        found = [(e.name + ("*" if e.repeat else ""), _short(e)) for e in group]
        margin = max(len(name) for name, _ in found) + 4
        blocks.append("\n".join([_HEADS[kind], *(f"  {n}".ljust(margin) + about for n, about in found)]))
    return "\n\n".join(blocks) + "\n\nMore about one: composegen explain NAME\n"


def _short(entry: Entry) -> str:
    """Return the title of a code, the first sentence of a key or setting."""
    if entry.kind == CODE:
        return dict(entry.facts)["title"]
    head, stop, _ = entry.summary.partition(". ")
    return head + "." if stop else entry.summary
