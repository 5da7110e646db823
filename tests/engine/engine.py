"""The engine as tests see it: how to reach it, and what can be done to it."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.engine import apt
from tests.engine.daemon import Daemon
from tests.engine.images import ensure
from tests.engine.places import SHARED, EngineError, env_file, locked, run_folder, write_atomic
from tests.engine.toolchain import toolchain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_COMPOSE = (2, 24)
_INSTALL = """\
No Docker Engine is reachable here, and one can be unpacked only on Debian, as root.
Install Docker Engine 25 or newer with the Compose plugin 2.24 or newer, start it, and
see that `docker info` and `docker compose version` work for you. Then try again."""


@dataclass(frozen=True)
class Engine:
    """A Docker Engine. `daemon` is None for the machine's own, which is never stopped."""

    name: str
    daemon: Daemon | None

    @classmethod
    def shared(cls, images: Iterable[str] | None = None) -> Engine:
        """Give the engine that all tests share, started and with images, when needed."""
        engine = cls.find(SHARED)
        engine.load(images)
        return engine

    @classmethod
    def find(cls, name: str) -> Engine:
        """Give the engine of this name, started when needed; its images are not looked at."""
        if name == SHARED and _machine_has_one():
            return cls(name, None)
        if not apt.usable():
            raise EngineError(_INSTALL)
        engine = cls(name, Daemon(name, toolchain()))
        with locked(f"engine-{name}"):
            engine.daemon.start() if engine.daemon else None
        return engine

    @classmethod
    @contextmanager
    def private(cls, name: str, images: Iterable[str] | None = None) -> Iterator[Engine]:
        """Give a test its own engine, to restart or to fill; removed afterwards.

        Skip the test on EngineError: a machine that has an engine of its own may not be
        able to start another.
        """
        if name == SHARED:
            raise ValueError("the shared engine is not private")
        engine = cls(name, Daemon(name, toolchain())) if apt.usable() else None
        if engine is None or engine.daemon is None:
            raise EngineError(_INSTALL)
        engine.daemon.remove()
        try:
            engine.daemon.start()
            engine.load(images)
            yield engine
        finally:
            engine.daemon.remove()

    @property
    def socket(self) -> Path:
        """The engine's unix socket, as the host sees it."""
        if self.daemon:
            return self.daemon.socket
        host = os.environ.get("DOCKER_HOST", "")
        return Path(host[7:] if host.startswith("unix://") else "/var/run/docker.sock")

    @property
    def exports(self) -> dict[str, str]:
        """The variables that lead to this engine."""
        found = {"COMPOSEGEN_DOCKER_SOCKET": str(self.socket)}
        if self.daemon:
            found["DOCKER_HOST"] = f"unix://{self.socket}"
            found["DOCKER_CONFIG"] = str(self.daemon.tools.config)
        elif "DOCKER_HOST" in os.environ:
            found["DOCKER_HOST"] = os.environ["DOCKER_HOST"]
        return found

    @property
    def env(self) -> dict[str, str]:
        """The environment for a subprocess that is to use this engine."""
        env = os.environ | self.exports
        if self.daemon:
            env["PATH"] = f"{self.daemon.tools.cli}:{env.get('PATH', '')}"
            env.pop("DOCKER_CONTEXT", None)
        return env

    def shell(self) -> str:
        """Lines for a shell to source."""
        lines = [f"export {key}={_quote(value)}\n" for key, value in self.exports.items()]
        if self.daemon:
            lines.append(f"export PATH={_quote(str(self.daemon.tools.cli))}:$PATH\n")
        return "".join(lines)

    def write_env(self) -> Path:
        """Write the shell's lines to the file where others look for them."""
        path = env_file(self.name)
        write_atomic(path, self.shell())
        return path

    def docker(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        """Run the docker client and give its output; EngineError holds what it said."""
        done = subprocess.run(
            ["docker", *arguments],
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode:
            raise EngineError(f"docker {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def load(self, images: Iterable[str] | None = None) -> None:
        """See that the images of these groups are there (all, when none are named)."""
        ensure(self, images)

    def stop(self, *, hard: bool = False) -> None:
        """Stop the engine; `hard` as a power cut would."""
        self._own().stop(hard=hard)

    def restart(self, *, hard: bool = False) -> None:
        """Stop and start the engine; containers come back as their restart policy says."""
        daemon = self._own()
        daemon.stop(hard=hard)
        daemon.start()

    def _own(self) -> Daemon:
        if self.daemon is None:
            raise EngineError("this engine is the machine's own: it is not ours to stop")
        return self.daemon


def _machine_has_one() -> bool:
    """Say whether the environment leads to an engine that is new enough."""
    if os.environ.get("COMPOSEGEN_TEST_PRIVATE_ENGINE") == "1":
        return False
    if os.environ.get("DOCKER_HOST") == f"unix://{run_folder(SHARED) / 'docker.sock'}":
        return False  # ours: somebody has sourced its env file
    try:
        info = subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=20)
        told = subprocess.run(
            ["docker", "compose", "version", "--short"],
            capture_output=True,
            text=True,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    version = re.match(r"v?(\d+)\.(\d+)", told.stdout)
    if info.returncode or told.returncode or version is None:
        return False
    return (int(version[1]), int(version[2])) >= _COMPOSE


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
