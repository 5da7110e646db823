"""Golden cases and examples as projects that Compose can read: built, with a filled ``.env``."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tests import cases

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

EXAMPLES = cases.HERE.parent / "examples"
# What a variable is filled with is a host, as most are; these are none.
_VALUES = {
    "COMPOSEGEN_FRONTEND_PROJECT": "cggold-static",
    "COMPOSEGEN_REGISTRY": "registry.example.com",
    "MEDIA_FOLDER": "./media",
    "MEMORY": "64m",
}
# What `make` sets for every command of Compose.
_RUNNER = {"UID": "1000", "GID": "1000"}
_REQUIRED = re.compile(r"^([A-Za-z_][A-Za-z0-9_]*)=$", re.MULTILINE)


@dataclass(frozen=True)
class Composed:
    """A built project; ``environ`` is what its ``docker compose`` runs with."""

    name: str
    folder: Path
    environ: Mapping[str, str]

    @property
    def project(self) -> str:
        """The compose project's name."""
        return f"cggold-{self.name}"

    def compose(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ``docker compose`` for this project."""
        return subprocess.run(
            ["docker", "compose", "-p", self.project, *words],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )

    @cached_property
    def config(self) -> dict[str, Any]:
        """The compose file as Compose reads it, every profile included."""
        done = self.compose("--profile", "*", "config", "--format", "json")
        assert (done.returncode, done.stderr) == (0, ""), f"{self.name}: {done.stderr}"
        loaded: dict[str, Any] = json.loads(done.stdout)
        return loaded


def names() -> list[str]:
    """Return the names of all golden cases and examples; ``example-`` starts the latter's."""
    examples = [f"example-{p.name}" for p in sorted(EXAMPLES.iterdir()) if p.is_dir()]
    return [c.name for c in cases.cases(cases.GOLDEN)] + examples


def composed(name: str, place: Path, environ: Mapping[str, str]) -> Composed:
    """Build the case below ``place`` and fill in what its ``.env.example`` says is required."""
    folder = place / name
    example = name.removeprefix("example-")
    if example != name:
        shutil.copytree(EXAMPLES / example, folder, symlinks=True)
        built = cases.run(folder, ["--force"])
    else:
        built = cases.build(cases.Case(cases.GOLDEN / name), folder)
    assert built.code == 0, built.said
    fill(folder)
    return Composed(name, folder, {**environ, **_RUNNER})


def fill(folder: Path) -> None:
    """Copy ``.env.example`` to ``.env``, unless there is one, and fill in what it leaves open."""
    env, example = folder / ".env", (folder / ".env.example").read_text("utf-8")
    text = env.read_text("utf-8-sig") if env.exists() else example
    required = dict.fromkeys(_REQUIRED.findall(example))
    missing = [n for n in required if not re.search(rf"^{n}=.", text, re.MULTILINE)]
    lines = [f"{n}={_VALUES.get(n, n.lower().replace('_', '-') + '.example.com')}" for n in missing]
    env.write_text("\n".join([text.rstrip("\r\n"), *lines]) + "\n", encoding="utf-8")
