"""The project that is deployed: one routed service behind Traefik, its image built on this machine."""

from __future__ import annotations

import os
import sys
import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.deploy import ways
from tests.engine import Engine, images
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "app.test"
_GROUPS = ("busybox", "traefik", "haproxy", "testapp")
_ROOT = Path(__file__).parents[2]
_LOOK = 0.1
_PATIENCE = 60.0
_DOCKERFILE = """\
# composegen.service = web
# composegen.url = http://{host}
# composegen.port = 8080
# composegen.scale = {scale}
# composegen.healthcheck = /health
# composegen.stop-grace = 10s
FROM testapp:static
ENV PORT=8080
"""
_SETTINGS = """\
COMPOSE_PROJECT_NAME={name}
COMPOSEGEN_TLS=off
COMPOSEGEN_UPDATER=none
COMPOSEGEN_BIND=127.0.0.1
COMPOSEGEN_HTTP_PORT={port}
COMPOSEGEN_DOCKER_SOCKET={socket}
"""


@dataclass
class Project:
    """A project in a folder, on an engine."""

    engine: Engine
    folder: Path
    name: str
    port: int
    scale: int
    releases: int = 0
    env: dict[str, str] = field(default_factory=dict)

    def run(self, *words: str) -> str:
        """Run a command in the project."""
        return ways.run(list(words), str(self.folder), self.env)

    def build(self, ends: str) -> None:
        """Give the tag a new image; ``ends`` is what the app does on SIGTERM."""
        self.releases += 1
        env = {"PORT": "8080", "ON_TERM": ends, "VERSION": str(self.releases)}
        images.build_variant(self.engine, f"{self.name}-web:latest", "testapp:static", env=env)

    def count(self) -> int:
        """Count the service's containers that run."""
        return len(self.engine.docker("ps", "--quiet", *self._mine()).split())

    def settle(self) -> None:
        """Wait until the full number runs, and all of it is ready."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            ready = self.engine.docker("ps", "--quiet", "--filter=health=healthy", *self._mine()).split()
            if len(ready) == self.count() == self.scale:
                return
            time.sleep(_LOOK)
        sys.exit(f"{self.name} is not ready within {_PATIENCE:g} s")

    def end(self) -> None:
        """Remove everything."""
        self.engine.docker("compose", "-p", self.name, "down", "--volumes", "--timeout=1", check=False)
        ours = self.engine.docker("images", "--quiet", "--no-trunc", f"{self.name}-web").split()
        self.engine.docker("rmi", "--force", *ours, check=False)

    def _mine(self) -> tuple[str, str]:
        label = "--filter=label=com.docker.compose"
        return f"{label}.project={self.name}", f"{label}.service=web"


class Peak:
    """The most containers that were counted."""

    most = 0


@contextmanager
def peak(project: Project) -> Iterator[Peak]:
    """Count the service's containers while something happens."""
    found, ended = Peak(), threading.Event()

    def look() -> None:
        while not ended.wait(_LOOK):
            found.most = max(found.most, project.count())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()


@contextmanager
def project(folder: Path, scale: int, ends: str) -> Iterator[Project]:
    """Build and start a project; remove it afterwards."""
    engine = Engine.shared(_GROUPS)
    path = os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])
    name = f"cgbench-{uuid.uuid4().hex[:6]}"
    made = Project(engine, folder, name, free_port(), scale, env=engine.env | {"PYTHONPATH": path})
    folder.mkdir()
    (folder / "Dockerfile").write_text(_DOCKERFILE.format(host=HOST, scale=scale))
    settings = _SETTINGS.format(name=name, port=made.port, socket=engine.socket)
    (folder / ".env").write_text(settings)
    try:
        made.build(ends)
        made.run(sys.executable, "-m", "composegen", "build")
        # What `make up` does, without building the image anew.
        made.run("docker", "compose", "up", "--detach", "--wait", "--no-build", "web", "traefik")
        made.settle()
        yield made
    finally:
        made.end()
