"""``composegen doctor``."""

from __future__ import annotations

import json
import sys

import click

from composegen.cli.common import FOLDER


@click.command()
@FOLDER
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How findings are shown.",
)
def doctor(*, folder: str, style: str) -> None:
    """Check the machine and the project, and say how to mend what is wrong.

    Changes nothing. Exit 0 when nothing fails (warnings are for you to judge), 1 when something
    does, 3 when no engine answers.
    """
    from composegen.errors import EngineUnreachable
    from composegen.project import open_folder
    from composegen.runtime.doctor import Status, examine, worst
    from composegen.source import visible

    found, reachable = examine(open_folder(folder, ()))
    if style == "json":
        data = [
            {"check": f.check, "status": f.status.value, "message": f.message, "mend": f.mend} for f in found
        ]
        click.echo(json.dumps(data, indent=2))
    else:
        for finding in found:
            click.echo(f"{finding.status.value:<4}  {finding.check}: {visible(finding.message)}")
            if finding.mend:
                click.echo(f"      help: {visible(finding.mend)}")
        counts = {s: sum(f.status is s for f in found) for s in Status}
        click.echo(", ".join(f"{n} {s.value}" for s, n in counts.items()))
    if not reachable:
        sys.exit(EngineUnreachable.exit_code)
    sys.exit(1 if worst(found) is Status.FAIL else 0)
