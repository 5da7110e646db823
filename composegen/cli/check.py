"""``composegen check``."""

from __future__ import annotations

import click

from composegen.cli.common import FOLDER, FORMAT, SET, stop_on_errors
from composegen.diagnostics import Report


@click.command()
@FOLDER
@SET
@FORMAT
def check(*, folder: str, assignments: tuple[str, ...], style: str) -> None:
    """Show diagnostics only; write nothing. Exit 1 when there are errors."""
    from composegen.pipeline import compile_project
    from composegen.project import open_folder

    report = Report()
    compile_project(open_folder(folder, assignments).load(report), report)
    stop_on_errors(report, style)
    if style == "text" and not list(report):
        click.echo("No findings.")
