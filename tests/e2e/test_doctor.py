"""From an empty folder to a page in three commands, and what doctor says of it on the real engine."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
import urllib.request
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.engine import Engine
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.e2e

ANONYMOUS = """\
# composegen.service = keeper
# composegen.compose.volumes = ["/kept"]
# composegen.healthcheck = off
FROM busybox:musl
CMD ["sleep", "1000"]
"""


@dataclass
class Project:
    """A project of its own, as `init` makes it."""

    engine: Engine
    name: str
    folder: Path
    https: int

    def composegen(self, *words: str, code: int | None = 0, **environ: str) -> str:
        """Run composegen on the project and return what it prints."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("COMPOSE")}
        done = subprocess.run(
            [sys.executable, "-m", "composegen", *words],
            cwd=self.folder,
            env=inherited | self.engine.env | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert "Traceback" not in done.stderr
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def doctor(self, code: int = 0, **environ: str) -> dict[str, list[tuple[str, str]]]:
        """Return doctor's findings by check."""
        found: dict[str, list[tuple[str, str]]] = {}
        for f in json.loads(self.composegen("doctor", "--format", "json", code=code, **environ)):
            found.setdefault(f["check"], []).append((f["status"], f["message"]))
        return found

    def container(self, service: str) -> str:
        """Return the id of a service's container."""
        labels = (
            f"label=com.docker.compose.project={self.name}",
            f"label=com.docker.compose.service={service}",
        )
        return self.engine.docker("ps", "-q", "--filter", labels[0], "--filter", labels[1]).split()[0]

    def page(self) -> str:
        """Return the site's page."""
        trusting = ssl._create_unverified_context()  # noqa: S323, SLF001 - the project's own authority
        with urllib.request.urlopen(
            f"https://localhost:{self.https}/", context=trusting, timeout=10
        ) as answer:
            return str(answer.read().decode())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Make the project with `init`, on ports of its own; removed with all it had."""
    engine = Engine.shared(["busybox", "traefik", "haproxy"])
    name = f"cgdoctor-{uuid.uuid4().hex[:8]}"
    made = Project(engine, name, tmp_path_factory.mktemp("doctor"), free_port())
    made.composegen("init", "--service", "site")
    with (made.folder / ".env").open("a") as env:
        env.write(f"COMPOSE_PROJECT_NAME={name}\n")
        env.write(f"COMPOSEGEN_HTTP_PORT={free_port()}\nCOMPOSEGEN_HTTPS_PORT={made.https}\n")
        env.write(f"COMPOSEGEN_DOCKER_SOCKET={engine.socket}\n")
    try:
        yield made
    finally:
        compose = ["docker", "compose", "-p", name, "down", "--volumes", "--remove-orphans", "--timeout", "0"]
        subprocess.run(compose, cwd="/", env=engine.env, capture_output=True, check=False)
        for service in ("site", "keeper"):
            engine.docker("image", "rm", "--force", f"{name}-{service}", check=False)


@pytest.fixture
def running(project: Project) -> Project:
    """Give the project up and running; so each test stands alone, and a second `up` is quick."""
    project.composegen("up")
    return project


def test_before_anything_runs(project: Project, tmp_path: Path) -> None:
    """A project that is not built yet: the machine is fine, the files are not there."""
    fresh = Project(project.engine, "", tmp_path, 0)
    fresh.composegen("init")
    found = fresh.doctor(code=1, COMPOSEGEN_DOCKER_SOCKET=str(project.engine.socket))
    assert found["engine"][0][0] == found["compose"][0][0] == "ok"
    assert found["files"][0][0] == "fail"
    assert "volumes" not in found


def test_page_in_three_commands(project: Project) -> None:
    """`init` and `up` serve the example's page, and doctor finds nothing to mend."""
    project.composegen("up")
    assert "It works" in project.page()
    found = project.doctor()
    assert {s for findings in found.values() for s, _ in findings} == {"ok"}
    assert ("ok", f"port {project.https} is held by this project's frontend") in found["ports"]


def test_anonymous_volume(running: Project) -> None:
    """A running container's volume without a name is found."""
    project = running
    folder = project.folder / "keeper"
    folder.mkdir()
    (folder / "Dockerfile").write_text(ANONYMOUS)
    project.composegen("up")
    try:
        assert any(s == "warn" and m.startswith("keeper keeps /kept") for s, m in project.doctor()["volumes"])
    finally:
        shutil.rmtree(folder)
        project.composegen("up")


def test_port_of_another_project(running: Project) -> None:
    """A port that another project's container holds is a failure that names the container."""
    project = running
    holder = project.container("traefik")
    name = project.engine.docker("inspect", "--format", "{{.Name}}", holder).strip().lstrip("/")
    found = project.doctor(code=1, COMPOSE_PROJECT_NAME=f"{project.name}-other")
    assert ("fail", f"port {project.https} is held by the container {name}") in found["ports"]


def test_unreachable_engine(project: Project) -> None:
    """A socket without an engine is exit code 3, and the project's own checks are made."""
    found = project.doctor(code=3, DOCKER_HOST="unix:///nowhere/docker.sock")
    assert found["engine"][0][0] == "fail"
    assert found["env"][0] == ("ok", ".env is there, and private")


def test_down(running: Project) -> None:
    """`down` removes the containers; the ports are free again."""
    project = running
    project.composegen("down")
    found = project.doctor()
    assert ("ok", f"port {project.https} is free") in found["ports"]
