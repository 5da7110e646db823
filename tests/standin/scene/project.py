"""The project under test: one routed service that watchtower updates.

`project` is the one place that knows how a project comes about.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.engine import images
from tests.ports import free_port
from tests.standin import image as standin
from tests.standin.scene import apps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine.engine import Engine
    from tests.standin.scene.sink import Sink

HOST = "app.test"
SERVICE = "web"
EVERY = 3
_ROOT = Path(__file__).parents[3]
_IMAGES = ("busybox", "haproxy", "testapp", "python")
_TAIL = 25
_STARTUP = "10s"
_GRACE = "5s"
_PATIENCE = 300


@dataclass(frozen=True)
class Replica:
    """One container of the service."""

    name: str
    image: str
    state: str
    health: str

    @property
    def ready(self) -> bool:
        """Say whether it runs and its probe passes."""
        return (self.state, self.health) == ("running", "healthy")


@dataclass(frozen=True)
class Project:
    """A project in a folder, with its engine."""

    engine: Engine
    folder: Path
    name: str
    port: int
    scale: int
    reference: str

    @property
    def url(self) -> str:
        """Where the service answers."""
        return f"http://{HOST}"

    def compose(self, *words: str, check: bool = True) -> str:
        """Run `docker compose` in the project."""
        return self._run("docker", "compose", *words, check=check)

    def up(self, *, check: bool = True) -> str:
        """Run `make up`, as whoever runs the server does; it says when not all is ready."""
        return self._run("make", "up", check=check)

    def replicas(self) -> list[Replica]:
        """Look at the service's containers, by name."""
        listed = self._list(f"com.docker.compose.service={SERVICE}")
        found = json.loads(self.engine.docker("inspect", *listed, check=False) or "[]")
        replicas = [
            Replica(
                str(entry["Name"]).lstrip("/"),
                str(entry["Image"]),
                str(entry["State"]["Status"]),
                str((entry["State"].get("Health") or {}).get("Status", "")),
            )
            for entry in found
        ]
        return sorted(replicas, key=lambda replica: replica.name)

    def all_run(self, image: str) -> bool:
        """Say whether the full number runs this image and is ready."""
        found = self.replicas()
        ours = [r for r in found if r.image == image and r.ready]
        return len(ours) == len(found) == self.scale

    def taken(self, image: str) -> int:
        """Count the replicas that have this image, in whatever state."""
        return sum(replica.image == image for replica in self.replicas())

    def rounds(self) -> int:
        """Count the rounds that watchtower has ended."""
        return self.compose("logs", "watchtower").count("Update session completed")

    def story(self) -> str:
        """Tell everything that explains a failure."""
        words = ("--no-color", "--tail", str(_TAIL))
        return "\n".join(
            [
                *map(str, self.replicas()),
                self.compose("ps", "--all", check=False),
                self.compose("logs", *words, check=False),
            ]
        )

    def end(self) -> None:
        """Remove everything the project has in the engine."""
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "2", check=False)
        left = self._list()
        if left:
            self.engine.docker("rm", "--force", "--volumes", *left, check=False)

    def _run(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self.engine.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE,
        )
        told = done.stdout + done.stderr
        assert not (check and done.returncode), f"{' '.join(words)}:\n{told}\n{self.story()}"
        return told

    def _list(self, *labels: str) -> list[str]:
        wanted = (f"com.docker.compose.project={self.name}", *labels)
        filters = [f"--filter=label={label}" for label in wanted]
        return self.engine.docker("ps", "--all", "--quiet", "--no-trunc", *filters).split()


@contextmanager
def project(
    engine: Engine,
    folder: Path,
    reference: str,
    *,
    sink: Sink,
    watchtower: str,
    scale: int = 2,
    has_shell: bool = False,
    check: str = apps.HEALTH,
    frontend: str = "traefik",
) -> Iterator[Project]:
    """Compile a project for `reference`, give it unstarted, remove it afterwards."""
    images.ensure(engine, [*_IMAGES, frontend])
    name = f"cgtest-{folder.name.replace('_', '-').lower()[:24]}-{time.time_ns() % 10**8}"
    made = Project(engine, folder, name, free_port(), scale, reference)
    (folder / "Dockerfile").write_text(_dockerfile(made, sink, check, has_shell=has_shell))
    (folder / ".env").write_text(_settings(made, frontend))
    _compile(made)
    compose = folder / "docker-compose.yml"
    compose.write_text(compose.read_text().replace(f"image: {standin.NAME}\n", f"image: {watchtower}\n"))
    try:
        yield made
    finally:
        made.end()


def _dockerfile(made: Project, sink: Sink, check: str, *, has_shell: bool) -> str:
    """Write the annotations; nothing is built from it, but it says whether there is a shell."""
    base = "busybox:musl" if has_shell else "scratch"
    path = check.split(maxsplit=1)[0]
    startup = f"# composegen.startup = {path} {_STARTUP}\n" if path.startswith("/") else ""
    return f"""\
# composegen.service = {SERVICE}
# composegen.image = {made.reference}
# composegen.url = {made.url}
# composegen.port = {apps.PORT}
# composegen.scale = {made.scale}
# composegen.healthcheck = {check}
{startup}\
# composegen.update = auto
# composegen.stop-grace = {_GRACE}
# composegen.compose.logging = {json.dumps(sink.logging)}
FROM {base}
COPY testapp /testapp
ENTRYPOINT ["/testapp"]
"""


def _settings(made: Project, frontend: str) -> str:
    return f"""\
COMPOSE_PROJECT_NAME={made.name}
COMPOSEGEN_FRONTEND={frontend}
COMPOSEGEN_TLS=off
COMPOSEGEN_BIND=127.0.0.1
COMPOSEGEN_HTTP_PORT={made.port}
COMPOSEGEN_DOCKER_SOCKET={made.engine.socket}
COMPOSEGEN_UPDATE_SCHEDULE='*/{EVERY} * * * * *'
"""


def _compile(made: Project) -> None:
    path = os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "composegen", "build", str(made.folder)],
        env=made.engine.env | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stdout + done.stderr
