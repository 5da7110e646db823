"""What several commands share: the folder argument and showing diagnostics."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from composegen.diagnostics import Report

FOLDER = click.argument("folder", metavar="[DIR]", default=".", type=click.Path(file_okay=False))
SET = click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="Give a setting, stronger than the environment and .env.",
)
FORMAT: Callable[[Any], Any] = click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="How diagnostics are shown.",
)


def show(report: Report, style: str) -> None:
    """Print the findings: text to the standard error, machine formats to the standard output."""
    from composegen.render import FORMATS

    rendered = FORMATS[style](report)
    if style == "text":
        if rendered:
            click.echo(rendered, err=True)
            click.echo(summary(report), err=True)
    else:
        click.echo(rendered, nl=False)


def summary(report: Report) -> str:
    """Return the counts, such as ``2 errors, 1 warning``."""
    from composegen.diagnostics import Severity

    errors = sum(d.severity is Severity.ERROR for d in report)
    warnings = sum(d.severity is Severity.WARNING for d in report)
    return ", ".join(
        f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((errors, "error"), (warnings, "warning")) if n
    )


def stop_on_errors(report: Report, style: str = "text") -> None:
    """Show the findings, and end with 1 when one of them is an error."""
    show(report, style)
    if report.has_errors:
        sys.exit(1)
