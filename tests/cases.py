"""Cases as folders: one project each under ``tests/golden`` and ``tests/errors``.

A case holds ``input/`` (the project's folder) and may hold ``args``: one command line as typed
in a shell, settings of the process environment first, options after them.

    golden/CASE   ``expected/``, the whole tree that a build writes; ``diagnostics.txt``, what it
                  says (absent: nothing); ``without``, see below
    errors/CASE   ``diagnostics.txt``; nothing may be written

Files that are the same in every project are the bulk of the output. Their bytes are stored
once, in ``golden/static/expected``; every other case gets them too, byte for byte, but for the
groups that its ``without`` names, one a line. A group is one of ``GROUPS``: a file, or a folder.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

from click.testing import CliRunner

from composegen.cli import cli

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
ERRORS = HERE / "errors"
STATIC = "static"
GROUPS = (
    "Makefile",
    "composegen.mk",
    "composegen.d/hold/",
    "composegen.d/run/",
    "composegen.d/toolbox/",
)
_ASSIGNMENT = re.compile(r"[A-Z_][A-Z0-9_]*=")
# What the process environment of a test holds: whatever the developer has set cannot change a case.
_ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}

Tree = dict[str, bytes]


@dataclass(frozen=True)
class Case:
    """One folder of ``tests/golden`` or ``tests/errors``."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's name, which says what the case shows."""
        return self.path.name

    @property
    def input(self) -> Path:
        """The project as a user has it."""
        return self.path / "input"

    @property
    def diagnostics(self) -> str:
        """What the build is to say on the standard error."""
        file = self.path / "diagnostics.txt"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    @property
    def command(self) -> tuple[dict[str, str], list[str]]:
        """The environment and the options of ``args``."""
        file = self.path / "args"
        words = shlex.split(file.read_text(encoding="utf-8"), comments=True) if file.exists() else []
        settings: dict[str, str] = {}
        while words and _ASSIGNMENT.match(words[0]):
            name, _, value = words.pop(0).partition("=")
            settings[name] = value
        return settings, words


@dataclass(frozen=True)
class Built:
    """What a build did: its exit code, what it said, and the files that it made or changed."""

    code: int
    said: str
    wrote: Tree


def cases(root: Path) -> list[Case]:
    """Return all cases below ``root``, by name."""
    return [Case(p) for p in sorted(root.iterdir()) if p.is_dir()]


def tree(folder: Path) -> Tree:
    """Return every file below ``folder`` (links as their targets, empty folders left out)."""
    found: Tree = {}
    for root, folders, names in os.walk(folder):
        links = [f for f in folders if (Path(root) / f).is_symlink()]
        for name in (*names, *links):
            path = Path(root) / name
            found[path.relative_to(folder).as_posix()] = _content(path)
    return found


def _content(path: Path) -> bytes:
    if path.is_symlink():
        return str(path.readlink()).encode()
    return path.read_bytes() if path.is_file() else b"special"


def build(case: Case, folder: Path) -> Built:
    """Copy the case's input to ``folder``, which must not exist, and build it there."""
    shutil.copytree(case.input, folder, symlinks=True)
    settings, options = case.command
    return run(folder, options, settings)


def run(folder: Path, options: list[str] | None = None, settings: Mapping[str, str] | None = None) -> Built:
    """Run ``composegen build`` in this process and return what it did to ``folder``."""
    before = tree(folder)
    with mock.patch.dict(os.environ, {**_ENVIRONMENT, **(settings or {})}, clear=True):
        done = CliRunner().invoke(cli, ["build", str(folder), *(options or [])])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    after = tree(folder)
    return Built(done.exit_code, done.stderr, {p: b for p, b in after.items() if before.get(p) != b})


def group(path: str) -> str | None:
    """Return the group of a file that is the same in every project, or None."""
    return next((g for g in GROUPS if path == g or (g.endswith("/") and path.startswith(g))), None)


def static() -> Tree:
    """Return the files that are the same in every project, as ``golden/static`` holds them."""
    return {p: b for p, b in tree(GOLDEN / STATIC / "expected").items() if group(p)}


def expected(case: Case) -> Tree:
    """Return the whole tree that a golden case's build writes."""
    file = case.path / "without"
    without = file.read_text(encoding="utf-8").split() if file.exists() else []
    shared = {p: b for p, b in static().items() if group(p) not in without}
    return {**shared, **tree(case.path / "expected")}


def rewrite(case: Case, built: Built) -> None:
    """Make what a golden case's build did what is expected of it."""
    shutil.rmtree(case.path / "expected", ignore_errors=True)
    own = {p: b for p, b in built.wrote.items() if case.name == STATIC or group(p) is None}
    for path, content in own.items():
        file = case.path / "expected" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    wrote = {group(p) for p in built.wrote}
    missing = [g for g in sorted({str(group(p)) for p in static()}) if g not in wrote]
    _note(case.path / "without", "".join(f"{g}\n" for g in missing))
    rewrite_diagnostics(case, built)


def rewrite_diagnostics(case: Case, built: Built) -> None:
    """Make what the build said what is expected of it."""
    _note(case.path / "diagnostics.txt", built.said)


def _note(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)
    if text:
        file.write_text(text, encoding="utf-8")
