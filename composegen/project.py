"""A project's folder: what is read from it before the passes run."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from composegen import discover
from composegen.errors import UsageError
from composegen.passes.dotenv import parse_env
from composegen.passes.settings import look_up
from composegen.pipeline import Input
from composegen.source import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from composegen.diagnostics import Report

COMPOSE_FILE = "docker-compose.yml"
_SHAPE = re.compile(
    r"^x-composegen:\n(?:(?:[ \t].*)?\n)*?  shape:(?P<inline> \{\})?\n(?P<body>(?:    .*\n)*)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Folder:
    """A project's folder and the settings given on the command line."""

    path: Path
    given: Mapping[str, str]
    environ: Mapping[str, str]

    def load(self, report: Report) -> Input:
        """Read .env, the present shape and all Dockerfiles; report what cannot be read."""
        env = self._env(report)
        shape = self.shape()
        named, where = look_up(
            "COMPOSEGEN_SOURCES", self.given, self.environ, parse_env(env, self.environ), shape
        )
        paths = discover.find(self.path, named, report, where)
        sources = [s for p in paths if (s := discover.read(self.path, p, report)) is not None]
        return Input(
            sources=sources,
            env=env,
            environ=self.environ,
            given=self.given,
            shape=shape,
            exists=lambda p: (self.path / p).exists(),
            place=self.path.resolve().as_posix(),
        )

    def _env(self, report: Report) -> Source:
        if not os.path.lexists(self.path / ".env"):
            return Source(".env", "")
        return discover.read(self.path, ".env", report) or Source(".env", "")

    def shape(self) -> dict[str, str]:
        """Return the build settings that the present output was made with."""
        try:
            text = (self.path / COMPOSE_FILE).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return {}
        match = _SHAPE.search(text)
        if match is None or not match["body"]:
            return {}
        return {name: scalar.replace("$$", "$") for name, scalar in map(_entry, match["body"].splitlines())}


def _entry(line: str) -> tuple[str, str]:
    """Return one line of the shape, which ``emit.yaml`` wrote: a plain or a JSON scalar."""
    name, _, value = line.strip().partition(": ")
    if value.startswith('"'):
        try:
            value = str(json.loads(value))
        except ValueError:
            value = ""
    return name, value


def open_folder(path: str, assignments: tuple[str, ...]) -> Folder:
    """Return the folder; ``assignments`` are NAME=VALUE settings of the command line.

    Raises:
        UsageError: the folder is not there, or an assignment is none.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise UsageError(f"{path} is not a folder", "name the folder that holds the project")
    given = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not name:
            raise UsageError(
                f"--set {assignment}: expected NAME=VALUE", "for example --set COMPOSEGEN_TLS=local"
            )
        given[name] = value
    return Folder(folder, given, dict(os.environ))
