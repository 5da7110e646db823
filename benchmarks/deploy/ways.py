"""The ways that are compared. Each makes the project run the image that its tag means now."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.deploy.project import Project

_ROUNDS = 60


@dataclass(frozen=True)
class Way:
    """One way: its name in the table, and what it does."""

    name: str
    replace: Callable[[Project], None]


def recreate(project: Project) -> None:
    """Let Compose replace the containers: the old ones stop, then the new ones start."""
    project.run("docker", "compose", "up", "--detach", "--no-deps", "--force-recreate", "web")


def rollout(project: Project) -> None:
    """Do what docker-rollout's documentation describes, without its optional hook.

    As many new containers are started beside the old ones; once all of them are healthy (asked every
    second, for a minute), the old ones are stopped and removed, else the new ones.
    """
    old = _ids(project)
    scale = f"web={2 * len(old)}"
    project.run("docker", "compose", "up", "--detach", "--no-recreate", "--scale", scale, "web")
    new = [i for i in _ids(project) if i not in old]
    for _ in range(_ROUNDS):
        if _healthy(project, new):
            break
        time.sleep(1)
    else:
        old = new
    project.run("docker", "stop", *old)
    project.run("docker", "rm", *old)


def composegen(project: Project) -> None:
    """Run `composegen deploy`."""
    project.run(sys.executable, "-m", "composegen", "deploy", "--yes", "web")


WAYS = (
    Way("docker compose up --force-recreate", recreate),
    Way("docker-rollout (restated)", rollout),
    Way("composegen deploy", composegen),
)


def _ids(project: Project) -> list[str]:
    return project.run("docker", "compose", "ps", "--quiet", "--no-trunc", "web").split()


def _healthy(project: Project, ids: list[str]) -> bool:
    found = json.loads(project.run("docker", "inspect", *ids))
    return all(c["State"]["Health"]["Status"] == "healthy" for c in found)


def run(words: list[str], folder: str, env: dict[str, str]) -> str:
    """Run a command and give its output; stop the benchmark when it fails."""
    done = subprocess.run(
        words, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout
