"""``composegen build``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from composegen.cli.common import FOLDER, FORMAT, SET, show
from composegen.diagnostics import Report
from composegen.source import visible

if TYPE_CHECKING:
    from composegen.emit.files import Change

_SHOWN = 20


@click.command()
@FOLDER
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 when the files are stale.")
@click.option("--diff", "only_diff", is_flag=True, help="Write nothing; show what would change.")
@click.option("--stdout", is_flag=True, help="Write nothing; print docker-compose.yml.")
@click.option(
    "--force",
    is_flag=True,
    help="Overwrite files that were edited by hand or are not composegen's.",
)
@SET
@FORMAT
def build(
    *,
    folder: str,
    only_check: bool,
    only_diff: bool,
    stdout: bool,
    force: bool,
    assignments: tuple[str, ...],
    style: str,
) -> None:
    """Compile annotations and .env to docker-compose.yml and its companions."""
    from composegen.building import prepare, remove_stale
    from composegen.emit.writing import write
    from composegen.project import COMPOSE_FILE, open_folder

    report = Report()
    project = open_folder(folder, assignments)
    looking = only_check or only_diff or stdout
    result = prepare(project, report, force=force or looking)
    if report.has_errors:
        show(report, style)
        if style == "text":
            _show_edits(result.changes, {d.path for d in report if d.code == "CG507"})
        click.echo("Nothing was written.", err=True)
        sys.exit(1)
    if stdout:
        show(report, style)
        click.echo(result.files[COMPOSE_FILE], nl=False)
        return
    if only_check or only_diff:
        show(report, style)
        _look(result.changes, result.stale, diff=only_diff)
        return
    written = write(project.path, result.changes, report)
    show(report, style)
    if report.has_errors:
        sys.exit(1)
    removed = remove_stale(project.path, result.stale)
    if style == "text":
        for line in _listing(written):
            click.echo(f"wrote {line}")
        for path in removed:
            click.echo(f"removed {path}")
        for note in result.notes:
            click.echo(note)
        if not written and not removed:
            click.echo("Nothing to do: all files are up to date.")


def _show_edits(changes: list[Change], edited: set[str]) -> None:
    """Show what would be lost of files that were edited by hand, as far as a screen takes it."""
    for change in changes:
        if change.path not in edited:
            continue
        lines = change.lost()
        click.echo(f"{change.path}:", err=True)
        for line in lines[:_SHOWN]:
            click.echo(f"  {visible(line)}", err=True)
        if len(lines) > _SHOWN:
            click.echo(f"  … {len(lines) - _SHOWN} more", err=True)


def _listing(paths: list[str]) -> list[str]:
    """Return the paths, those in composegen.d as one line: nobody reads forty of them."""
    inside = [p for p in paths if p.startswith("composegen.d/")]
    rest = [p for p in paths if p not in inside]
    return [*rest, f"composegen.d/ ({len(inside)} files)"] if len(inside) > 1 else [*rest, *inside]


def _look(changes: list[Change], stale: list[str], *, diff: bool) -> None:
    """Show what a build would do; exit 1 when it would do something and only a check was asked for."""
    if diff:
        for change in changes:
            click.echo(change.diff(), nl=False)
        for path in stale:
            click.echo(f"would remove {path}")
        return
    for change in changes:
        click.echo(f"stale: {change.path}", err=True)
    for path in stale:
        click.echo(f"no longer needed: {path}", err=True)
    if changes or stale:
        click.echo("  help: run `composegen build` and commit the result", err=True)
        sys.exit(1)
