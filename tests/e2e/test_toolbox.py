"""The toolbox in real containers: an image without shell, read-only, no user, no capability.

COMPOSEGEN_TEST_BUSYBOX_IMAGE names another image than busybox:musl to take busybox from.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCRIPTS = Path(__file__).parents[2] / "templates" / "toolbox"
BIN = "/.composegen/bin"
IMAGE = os.environ.get("COMPOSEGEN_TEST_BUSYBOX_IMAGE", "busybox:musl")
READY, SICK = (0, "ready"), "not ready: "

DOCKERFILE = f"""\
FROM {IMAGE} AS made
RUN mkdir /www && echo yes >/www/index.html
FROM scratch
COPY --from=made /bin/busybox /app/busybox
COPY --from=made /www /www
USER 65534:65534
CMD ["/app/busybox", "httpd", "-f", "-p", "8000", "-h", "/www"]
"""

COMPOSE = """\
x-app: &app
  image: ${COMPOSE_PROJECT_NAME}-app
  pull_policy: never
  restart: unless-stopped
  stop_grace_period: 1s
  read_only: true
  cap_drop: [ALL]
  security_opt: ["no-new-privileges:true"]
  volumes: ["toolbox:/.composegen/bin:ro", "./hold:/.composegen/hold:ro"]
  depends_on: {toolbox: {condition: service_completed_successfully}}
x-health: &health {interval: 1s, timeout: 30s, retries: 1, start_period: 20s, start_interval: 1s}
services:
  toolbox:
    image: IMAGE
    command: [sh, /toolbox/fill]
    environment: {ACME_DIRECTORY: "https://ca.test/directory"}
    network_mode: none
    read_only: true
    cap_drop: [ALL]
    cap_add: [CHOWN, DAC_OVERRIDE, FOWNER]
    security_opt: ["no-new-privileges:true"]
    volumes: ["./toolbox:/toolbox:ro", "toolbox:/.composegen/bin", "acme:/acme"]
  web:
    <<: *app
    scale: 2
    networks:
      default: {aliases: ["${COMPOSE_PROJECT_NAME}-web"]}
      frontend: {aliases: ["${COMPOSE_PROJECT_NAME}-web"]}
    healthcheck:
      <<: *health
      test: [CMD, BIN/sh, BIN/probe, --tries=2, --timeout=1, http, "8000", /]
  shy:
    <<: *app
    command: [/app/busybox, httpd, -f, -p, "127.0.0.1:8000", -h, /www]
    healthcheck:
      <<: *health
      test: [CMD, BIN/sh, BIN/probe, --tries=1, tcp, "8000"]
  lively:
    <<: *app
    init: true
    healthcheck:
      <<: *health
      test: [CMD, BIN/sh, BIN/probe, --tries=1, --timeout=1, http, "8000", /,
             --, live, --tries=2, --timeout=1, --startup=30, --grace=1, http, "8000", /]
networks: {default: {}, frontend: {}}
volumes: {toolbox: {}, acme: {}}
""".replace("BIN", BIN).replace("IMAGE", IMAGE)


@dataclass
class Project:
    """A compose project of its own."""

    engine: Engine
    name: str
    folder: Path

    def compose(self, *words: str) -> str:
        """Run docker compose."""
        done = subprocess.run(
            ["docker", "compose", *words],
            cwd=self.folder,
            env=self.engine.env | {"COMPOSE_PROJECT_NAME": self.name},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def containers(self, service: str) -> list[str]:
        """Ids of the service's containers."""
        return self.compose("ps", "--all", "--quiet", service).split()

    def execute(self, container: str, *words: str) -> tuple[int, str]:
        """Run a program of the toolbox in a container."""
        done = subprocess.run(
            ["docker", "exec", container, f"{BIN}/{words[0]}", *words[1:]],
            env=self.engine.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout.strip()

    def probe(self, container: str, *words: str) -> tuple[int, str]:
        """Run the probe by hand."""
        return self.execute(container, "sh", f"{BIN}/probe", *words)

    def gate(self, container: str, *words: str) -> tuple[int, str]:
        """Run the gate as watchtower does."""
        command = f"{BIN}/sh {BIN}/gate --alias={self.name}-web --replicas=2 {' '.join(words)}"
        return self.execute(container, "sh", "-c", f"{command} --timeout=1 http 8000 /")

    def health(self, container: str) -> str:
        """Status and last words of the health check."""
        told = json.loads(self.engine.docker("inspect", container))[0]["State"]["Health"]
        return f"{told['Status']}: {told['Log'][-1]['Output'].strip() if told['Log'] else ''}"

    def wait(self, container: str, expected: str, seconds: float = 20) -> None:
        """Wait until the health is this."""
        wait(
            lambda: self.health(container).startswith(expected),
            seconds,
            lambda: self.health(container),
        )


def wait(done: Callable[[], bool], seconds: float, what: Callable[[], object]) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, what()
        time.sleep(0.1)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project, up; removed with all it had."""
    engine = Engine.shared(["busybox"])
    folder = tmp_path_factory.mktemp("toolbox")
    made = Project(engine, f"cgtoolbox-{uuid.uuid4().hex[:8]}", folder)
    shutil.copytree(SCRIPTS, folder / "toolbox")
    (folder / "hold").mkdir()
    (folder / "docker-compose.yml").write_text(COMPOSE)
    image = f"{made.name}-app"
    engine.docker("build", "--quiet", "--tag", image, "-", stdin=DOCKERFILE)
    try:
        made.compose("up", "--detach")
        yield made
    finally:
        made.compose("down", "--volumes", "--timeout", "0")
        engine.docker("image", "rm", "--force", image)


def test_healthy(project: Project) -> None:
    """An image with nothing in it but its app gets healthy."""
    for container in project.containers("web"):
        project.wait(container, "healthy: ready")


def test_second_up_changes_nothing(project: Project) -> None:
    """The volume is filled at each `up`; nothing is restarted by it."""
    before = project.containers("web")
    project.compose("up", "--detach")
    assert project.containers("web") == before


def test_held_and_released(project: Project) -> None:
    """The flag of a deploy is a file outside, named after the container's hostname."""
    container = project.containers("web")[0]
    hostname = project.engine.docker("inspect", "--format={{.Config.Hostname}}", container).strip()
    flag = project.folder / "hold" / hostname
    flag.touch()
    try:
        project.wait(container, "unhealthy: held, ready")
    finally:
        flag.unlink()
    project.wait(container, "healthy: ready")


def test_drained_until_it_expires(project: Project) -> None:
    """The drain flag takes the container out, and means nothing once it has expired."""
    container = project.containers("web")[0]
    command = f"echo {int(time.time()) + 5} >/dev/shm/composegen-drain"
    project.execute(container, "sh", "-c", command)
    project.wait(container, "unhealthy: draining", 4)
    project.wait(container, "healthy: ready")


def test_bound_to_loopback(project: Project) -> None:
    """An app that listens on 127.0.0.1 only is told so."""
    expected = "listens on 127.0.0.1 only: other containers cannot reach it; bind 0.0.0.0"
    (container,) = project.containers("shy")
    assert project.probe(container, "--tries=1", "tcp", "8000") == (1, SICK + expected)
    assert project.probe(container, "--loopback", "http", "8000", "/") == READY


def test_nothing_is_left_behind(project: Project) -> None:
    """The first process is an app that reaps nobody: no probe leaves a zombie."""
    (container,) = project.containers("shy")
    project.probe(container, "--tries=1", "http", "8000", "/")
    project.probe(container, "run", f"{BIN}/busybox", "true")
    project.probe(container, "--tries=1", "--timeout=1", "run", f"{BIN}/busybox", "sleep", "9")
    time.sleep(1.5)
    listed = [line for line in project.execute(container, "busybox", "ps")[1].splitlines() if "[" in line]
    assert listed == []


def test_gate(project: Project) -> None:
    """Two ready replicas: 0, and the one that asked is out of the frontend."""
    container, other = project.containers("web")
    for each in (container, other):
        project.wait(each, "healthy")
    assert project.gate(container, "--drain=3", "--expire=4") == (0, "gate: drained")
    assert project.health(container) == "unhealthy: draining"
    project.wait(container, "healthy: ready")


def test_gate_with_a_sick_replica(project: Project) -> None:
    """The other is sick: 75. The sick one itself: 0. A replica that is not running: 75."""
    container, other = project.containers("web")
    for each in (container, other):
        project.wait(each, "healthy")
    options = ("--drain=0", "--expire=1")
    # Not by `docker pause`: one that falls into the start of a health check can never be undone.
    project.engine.docker("kill", "--signal=STOP", other)
    try:
        code, said = project.gate(container, *options)
        assert (code, said.endswith("no answer within 1 s")) == (75, True)
    finally:
        project.engine.docker("kill", "--signal=CONT", other)
    command = f"{BIN}/sh {BIN}/gate --alias={project.name}-web --replicas=2"
    command += " --drain=0 --expire=1 tcp 9999"  # where nobody listens
    code, said = project.execute(container, "sh", "-c", command)
    assert (code, said) == (
        0,
        "gate: not ready myself (connection refused on port 9999): replace me",
    )
    project.engine.docker("stop", "--time=0", other)
    try:
        assert project.gate(container, *options) == (75, "gate: 1 of 2 replicas are running")
    finally:
        project.engine.docker("start", other)


def test_liveness_restarts_what_hangs(project: Project) -> None:
    """An app that hangs is ended and started again, and says why in its log."""
    (container,) = project.containers("lively")
    project.wait(container, "healthy")

    def restarts() -> int:
        return int(project.engine.docker("inspect", "--format={{.RestartCount}}", container))

    assert restarts() == 0
    project.execute(container, "sh", "-c", "kill -STOP -1")
    wait(lambda: restarts() == 1, 30, lambda: project.health(container))
    project.wait(container, "healthy: ready")
    logged = subprocess.run(
        ["docker", "logs", container],
        env=project.engine.env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "composegen: not alive: no answer within 1 s; restarting" in logged.stderr
    time.sleep(3)
    assert restarts() == 1


def test_acme_folder_is_traefiks(project: Project) -> None:
    """The certificates' folder belongs to Traefik's user and to nobody else."""
    mounts = ["--volume", f"{project.name}_acme:/acme:ro"]
    command = ["busybox", "stat", "-c", "%a %u %g", "/acme/https:/ca.test/directory"]
    said = project.engine.docker("run", "--rm", *mounts, IMAGE, *command)
    assert said == "700 65532 65532\n"
