"""A build from a folder to the list of changes: reading, compiling, comparing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from composegen.emit import templates
from composegen.emit.files import Change, changes, stale
from composegen.passes.dotenv import parse_env
from composegen.passes.settings import kept
from composegen.pipeline import compile_project
from composegen.project import COMPOSE_FILE
from composegen.targets.ignores import own_ignores

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from composegen.diagnostics import Report
    from composegen.model import Stack
    from composegen.pipeline import Input
    from composegen.project import Folder

INCLUDE = "include composegen.mk"
STRONGER = ("compose.yaml", "compose.yml")
MAKEFILES = ("GNUmakefile", "makefile", "Makefile")  # in the order in which make looks for them


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that a build would do."""

    files: Mapping[str, str]
    changes: list[Change]
    stale: list[str]
    notes: list[str]
    stack: Stack | None


def prepare(project: Folder, report: Report, *, force: bool) -> Prepared:
    """Compile ``project`` and compare the result with what is there. Writes nothing.

    With ``force`` edited and foreign files are no error.
    """
    given = project.load(report)
    output = compile_project(given, report)
    if report.has_errors:
        return Prepared({}, [], [], [], output.stack)
    files = dict(output.files)
    notes = kept(given.given, given.environ, parse_env(given.env, given.environ), given.shape)
    makefile = next((p for n in MAKEFILES if (p := project.path / n).exists()), None)
    if makefile is None:
        files["Makefile"] = templates.text("Makefile")
    elif INCLUDE not in _text(makefile):
        notes.append(f"Your {makefile.name} does not include the targets: add the line `{INCLUDE}`.")
    if output.stack is not None:
        own = own_ignores(output.stack)
        files |= {path: text for path, text in own.items() if (project.path / path).is_file()}
    if not force:
        _alone(project, given, report)
    found = changes(project.path, files, report, force=force)
    return Prepared(files, found, list(stale(project.path, files)), notes, output.stack)


def _alone(project: Folder, given: Input, report: Report) -> None:
    """Report a file that Compose would read instead of docker-compose.yml."""
    if parse_env(given.env, project.environ).values(project.environ).get("COMPOSE_FILE"):
        return
    for name in STRONGER:
        if (project.path / name).exists():
            report.add(
                "CG508",
                name,
                f"{name} is there, and Compose reads it instead of {COMPOSE_FILE}",
                "move it away; write what it says as annotations, or into docker-compose.override.yml",
            )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def remove_stale(folder: Path, paths: list[str]) -> list[str]:
    """Remove generated files that are no longer needed and whose content nobody edited."""
    removed = []
    for path in paths:
        try:
            (folder / path).unlink()
        except OSError:
            continue
        removed.append(path)
        parent = (folder / path).parent
        while parent != folder and not any(parent.iterdir()):
            parent.rmdir()
            parent = parent.parent
    return removed
