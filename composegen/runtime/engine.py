"""The Docker Engine, asked through the ``docker`` command.

The command honours DOCKER_HOST and contexts, and is there wherever composegen is of use. A call
takes about as long as a third of importing the Python SDK, and most commands need three of them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from composegen.errors import EngineUnreachable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PATIENCE = 10.0
_NO_COMMAND, _TOO_LATE = 127, 124
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call gave. ``code`` is 127 without a docker command, 124 when it took too long."""

    code: int
    out: str
    error: str

    @property
    def ok(self) -> bool:
        """Whether the call succeeded."""
        return self.code == 0

    @property
    def reason(self) -> str:
        """The last line of the error, without credentials of an address."""
        lines = [line.strip() for line in self.error.splitlines() if line.strip()]
        return _CREDENTIALS.sub("", lines[-1]) if lines else f"exit code {self.code}"

    def json(self) -> Any:
        """Return the output as data; None when it is none."""
        try:
            return json.loads(self.out)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Engine:
    """Calls ``docker`` in ``folder``; each call ends within ``patience`` seconds."""

    folder: Path
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    patience: float = PATIENCE
    inherit: tuple[int, ...] = ()
    """Descriptors that stay open in each command."""

    def run(self, *words: str) -> Answer:
        """Run ``docker`` with ``words``; never raises."""
        try:
            done = subprocess.run(
                ["docker", *words],
                cwd=self.folder,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                pass_fds=self.inherit,
                capture_output=True,
                timeout=self.patience,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Answer(_TOO_LATE, "", f"docker did not answer within {self.patience:g} s")
        except OSError as error:
            return Answer(_NO_COMMAND, "", f"docker cannot be run: {(error.strerror or '').lower()}")
        return Answer(
            done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        )

    def compose(self, *words: str) -> Answer:
        """Run ``docker compose`` on the project in the folder, manual services included."""
        return self.run("compose", "--profile", "*", *words)

    def require(self) -> str:
        """Return the engine's version.

        Raises:
            EngineUnreachable: no engine answers.
        """
        quick = replace(self, patience=min(self.patience, PATIENCE))
        answer = quick.run("version", "--format", "{{.Server.Version}}")
        if not answer.ok or not answer.out.strip():
            raise EngineUnreachable(
                f"no Docker Engine answers: {answer.reason}",
                "start it, or name the right one with DOCKER_HOST or `docker context use`",
            )
        return answer.out.strip()

    def containers(self, project: str) -> list[dict[str, Any]]:
        """Return what ``docker inspect`` says of the project's containers, stopped ones included."""
        label = f"label=com.docker.compose.project={project}"
        ids = self.run("ps", "--all", "--quiet", "--no-trunc", "--filter", label).out.split()
        found = self.run("inspect", *ids).json() if ids else []
        return [c for c in found if isinstance(c, dict)] if isinstance(found, list) else []
