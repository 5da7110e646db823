"""``python -m composegen.reference --write|--check``: makes docs/reference, or tells whether it is stale."""

from __future__ import annotations

import sys
from pathlib import Path

from composegen.reference import pages, schema

FOLDER = Path(__file__).parents[2] / "docs" / "reference"


def files() -> dict[str, str]:
    """Return all generated files of docs/reference by name."""
    from composegen.cli import page  # noqa: PLC0415 - the command line is above this package

    return {
        "annotations.md": pages.keys(),
        "annotations.schema.json": schema.schema(),
        "cli.md": page.commands(),
        "diagnostics.md": pages.diagnostics(),
        "settings.md": pages.settings(),
    }


def stale(folder: Path) -> list[str]:
    """Return the names of the files in ``folder`` that differ from what would be written."""
    return [name for name, text in files().items() if _read(folder / name) != text]


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def write(folder: Path) -> list[str]:
    """Write the files that differ; return their names."""
    found = stale(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in found:
        (folder / name).write_text(files()[name], encoding="utf-8")
    return found


def main(arguments: list[str]) -> int:
    """Run with ``--write`` or ``--check``; return the exit code."""
    if arguments == ["--write"]:
        for name in write(FOLDER):
            sys.stdout.write(f"wrote docs/reference/{name}\n")
        return 0
    if arguments == ["--check"]:
        found = stale(FOLDER)
        for name in found:
            sys.stderr.write(f"docs/reference/{name} is stale: run `make docs` and commit the result\n")
        return 1 if found else 0
    sys.stderr.write("usage: python -m composegen.reference --write|--check\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
