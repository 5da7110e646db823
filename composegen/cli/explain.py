"""``composegen explain``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from composegen.reference.entries import Entry


def _complete(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Complete keys, settings and codes, whatever their case."""
    from click.shell_completion import CompletionItem

    from composegen.reference.entries import entries

    return [
        CompletionItem(e.name, help=e.summary) for e in entries() if e.name.lower().startswith(typed.lower())
    ]


@click.command()
@click.argument("name", metavar="[KEY|CODE|SETTING]", required=False, shell_complete=_complete)
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How it is shown.",
)
def explain(*, name: str | None, style: str) -> None:
    """Explain an annotation key, a setting or a diagnostic code; without a name, list them all."""
    import json

    from composegen.reference import texts
    from composegen.reference.entries import entries

    if name is None:
        listed = json.dumps([_data(e) for e in entries()], indent=2) + "\n"
        click.echo(listed if style == "json" else texts.table(), nl=False)
        return
    entry = _find(name)
    text = json.dumps(_data(entry), indent=2) + "\n" if style == "json" else texts.one(entry)
    click.echo(text, nl=False)


def _find(name: str) -> Entry:
    """Return what is meant, or end with 1 and the names that are near."""
    from composegen.errors import ComposegenError
    from composegen.reference.entries import find, near
    from composegen.source import visible

    entry = find(name)
    if entry is None:
        close = near(name)
        hint = f"did you mean {' or '.join(close)}?" if close else "`composegen explain` lists all"
        raise ComposegenError(f"no key, setting or code is called {visible(name)!r}", hint)
    return entry


def _data(entry: Entry) -> dict[str, Any]:
    """Return an entry for programs."""
    facts: dict[str, Any] = {name.replace(" ", "_"): value for name, value in entry.facts}
    if "repeatable" in facts:
        facts["repeatable"] = entry.repeat
    return {"kind": entry.kind, "name": entry.name, "summary": entry.summary, **facts}
