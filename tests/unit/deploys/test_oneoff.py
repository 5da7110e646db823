"""One-off tasks: which image, what Compose is told, and how they end. The docker command is a script."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from composegen.deploys import guard, oneoff
from composegen.deploys.docker_machine import DockerMachine
from composegen.deploys.store import accepted, records
from composegen.deploys.store.files import State
from composegen.errors import ComposegenError, EngineRefused, EngineUnreachable, UsageError
from composegen.runtime.attached import attached
from composegen.runtime.engine import Engine

if TYPE_CHECKING:
    from pathlib import Path

ACCEPTED, OLD = "sha256:" + "a" * 64, "sha256:" + "b" * 64
DIGEST = "registry.example.com/web@sha256:" + "d" * 64
TAG = "registry.example.com/web:latest"
# Notes its words, and answers what stands in a file named after the first two of them.
_DOCKER = """#!/bin/sh
printf '%s\\n' "$*" >>"$FAKE/log"
case "$*" in
*"config "*"--format json"*) cat "$FAKE/config" ;;
"image inspect "*) grep -Fqx "$3" "$FAKE/images" ;;
"pull "*) [ ! -e "$FAKE/no-registry" ] || { echo "connection refused" >&2; exit 1; } ;;
"wait "*) exec sleep "$(cat "$FAKE/lasts")" ;;
"compose "*" run "*) exec sh "$FAKE/run" ;;
esac
"""


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """An engine whose docker is the script; the project is in its folder."""
    fake = tmp_path / "fake"
    fake.mkdir()
    (fake / "docker").write_text(_DOCKER)
    (fake / "docker").chmod(0o755)
    project = tmp_path / "shop"
    project.mkdir()
    found = Engine(project, {**os.environ, "PATH": f"{fake}:{os.environ['PATH']}", "FAKE": str(fake)})
    (fake / "images").write_text(f"{ACCEPTED}\n{OLD}\n")
    (fake / "log").write_text("")
    describe(found)
    return found


def describe(engine: Engine, **body: object) -> None:
    """Let Compose answer with a project of one service."""
    document = {
        "name": "shop",
        "services": {"web": {"image": TAG, **body}},
        "x-composegen": {"services": {"web": {"image": "COMPOSEGEN_IMAGE_WEB", "reference": TAG}}},
    }
    file(engine, "config").write_text(json.dumps(document))


def file(engine: Engine, name: str) -> Path:
    """Give a file of the script's."""
    return engine.folder.parent / "fake" / name


def calls(engine: Engine) -> list[str]:
    """List what docker was asked."""
    return file(engine, "log").read_text().splitlines()


def test_the_image_is_the_accepted_one(engine: Engine) -> None:
    """A tag that somebody has moved since does not count."""
    state = State(engine.folder)
    assert oneoff.task(engine, state, "web", ["ls"]).assignments == ()
    accepted.accept(state, TAG, ACCEPTED, "2026-01-01T00:00:00Z")
    task = oneoff.task(engine, state, "web", ["ls", "-l"])
    assert task.assignments == (("COMPOSEGEN_IMAGE_WEB", ACCEPTED),)
    assert task.words == ("ls", "-l")
    assert task.name.startswith("shop-web-run-")
    file(engine, "images").write_text("")
    assert oneoff.task(engine, state, "web", []).assignments == ()


def test_a_pin_wins_over_what_was_accepted(engine: Engine) -> None:
    """The compose file as it is resolved names the pin already."""
    state = State(engine.folder)
    accepted.accept(state, TAG, ACCEPTED, "2026-01-01T00:00:00Z")
    describe(engine, image=DIGEST)
    assert oneoff.task(engine, state, "web", []).assignments == ()


def _release(state: State, **of: str) -> None:
    release = records.Release(number=3, **{"image": OLD, **of})
    records.write(state, records.History(service="web", releases=(release,), active=3))


def test_a_release_brings_its_image(engine: Engine) -> None:
    """From this machine, else from the registry by its digest."""
    state = State(engine.folder)
    _release(state)
    assert oneoff.task(engine, state, "web", [], release=3).assignments[0][1] == OLD
    _release(state, image="sha256:gone", digest=DIGEST)
    assert oneoff.task(engine, state, "web", [], release=3).assignments[0][1] == DIGEST
    assert f"pull --quiet {DIGEST}" in calls(engine)


def test_a_release_whose_image_cannot_be_had(engine: Engine) -> None:
    """Each way says which release, and what the matter is."""
    state = State(engine.folder)
    with pytest.raises(UsageError, match="no release 4") as none:
        oneoff.task(engine, state, "web", [], release=4)
    assert none.value.hint == "releases of it: none yet"
    _release(state, image="sha256:gone")
    with pytest.raises(ComposegenError, match="release 3 of web is no longer on this machine"):
        oneoff.task(engine, state, "web", [], release=3)
    _release(state, image="sha256:gone", digest=DIGEST)
    file(engine, "no-registry").write_text("")
    with pytest.raises(EngineRefused, match="connection refused"):
        oneoff.task(engine, state, "web", [], release=3)


def test_a_service_that_there_is_not(engine: Engine) -> None:
    """The hint names those that there are."""
    with pytest.raises(UsageError, match="no service 'wbe'") as error:
        oneoff.task(engine, State(engine.folder), "wbe", [])
    assert error.value.hint == "services: web"


def test_what_compose_is_told(engine: Engine) -> None:
    """No dependencies, no health check, an init; the frontend and watchtower are told to look away."""
    task = oneoff.task(engine, State(engine.folder), "web", ["ls", "--all"])
    with oneoff.overriding(task) as override:
        words = oneoff.command(engine, task, override, "--no-TTY")
        body = json.loads(override.read_text())["services"]["web"]
    assert body == {"healthcheck": {"disable": True}, "init": True}
    assert not override.exists()
    assert words[-4:] == ["--no-TTY", "web", "ls", "--all"]
    assert {"--rm", "--no-deps"} <= set(words)
    for label in ("traefik.enable=false", "com.centurylinklabs.watchtower.enable=false"):
        assert words[words.index(label) - 1] == "--label"


def test_a_service_without_an_init_keeps_its_first_process(engine: Engine) -> None:
    """`init = no` was written for a reason."""
    describe(engine, init=False, stop_grace_period="1m30s")
    task = oneoff.task(engine, State(engine.folder), "web", [])
    assert task.grace == 90
    with oneoff.overriding(task) as override:
        assert "init" not in json.loads(override.read_text())["services"]["web"]


@pytest.mark.parametrize(
    ("there", "env", "expected"),
    [
        ((), "", ["docker-compose.yml"]),
        (("docker-compose.override.yml",), "", ["docker-compose.yml", "docker-compose.override.yml"]),
        (("docker-compose.override.yml",), "COMPOSE_FILE=a.yml:b.yml\n", ["a.yml", "b.yml"]),
    ],
)
def test_the_files_are_those_that_compose_reads(
    engine: Engine, there: tuple[str, ...], env: str, expected: list[str]
) -> None:
    """Naming one file more must not lose the others."""
    for name in there:
        (engine.folder / name).write_text("services: {}\n")
    (engine.folder / ".env").write_text(env)
    task = oneoff.task(engine, State(engine.folder), "web", [])
    words = oneoff.command(engine, task, engine.folder / "more.json")
    named = [words[i + 1] for i, word in enumerate(words) if word == "--file"]
    assert named == [*expected, str(engine.folder / "more.json")]


def _task(engine: Engine, timeout: float = 30.0) -> oneoff.Task:
    return oneoff.task(engine, State(engine.folder), "web", [], timeout=timeout)


def _pid(engine: Engine) -> int:
    """Wait for the pid of the command, which a busy machine starts late."""
    deadline = time.monotonic() + 30
    while not (file(engine, "pid").exists() and file(engine, "pid").read_text().endswith("\n")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return int(file(engine, "pid").read_text())


def test_the_exit_code_is_passed_on_and_the_container_removed(engine: Engine) -> None:
    """Compose removes it too, unless it is killed."""
    file(engine, "run").write_text("exit 7\n")
    task = _task(engine)
    assert oneoff.run(engine, task) == 7
    assert calls(engine)[-1] == f"rm --force --volumes {task.name}"


def test_one_that_takes_too_long_is_stopped(engine: Engine) -> None:
    """Exit code 124, as timeout(1) has it."""
    words = ["compose", "x", "run", "y"]
    stopped: list[float] = []
    began = time.monotonic()

    def stop() -> None:
        stopped.append(time.monotonic() - began)
        os.kill(_pid(engine), signal.SIGTERM)

    file(engine, "run").write_text(f"echo $$ >{file(engine, 'pid')}\nexec sleep 60\n")
    assert attached(engine, words, 0.5, stop) == 124
    assert 0.4 < stopped[0] < 5


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_it(engine: Engine, number: signal.Signals) -> None:
    """The code is a shell's; the handlers are as before afterwards."""
    file(engine, "run").write_text(f"echo $$ >{file(engine, 'pid')}\nexec sleep 60\n")
    before = signal.getsignal(number)

    def send() -> None:
        _pid(engine)  # by then it is waited for
        os.kill(os.getpid(), number)

    sender = threading.Thread(target=send)
    sender.start()

    def stop() -> None:
        os.kill(_pid(engine), signal.SIGTERM)

    assert attached(engine, ["compose", "x", "run", "y"], 60, stop) == 128 + number
    sender.join()
    assert signal.getsignal(number) is before


def test_a_client_that_does_not_end_is_killed(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The container is stopped by then; nobody waits for ever."""
    monkeypatch.setattr("composegen.runtime.attached._LAST", 0.2)
    file(engine, "run").write_text("exec sleep 60\n")
    began = time.monotonic()
    assert attached(engine, ["compose", "x", "run", "y"], 0.2, lambda: None) == 124
    assert time.monotonic() - began < 10


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_guard_is_not_made_of_the_projects_modules(engine: Engine) -> None:
    """A file of the project's that is named as a module of Python's is not run."""
    (engine.folder / "subprocess.py").write_text("raise SystemExit(1)\n")
    file(engine, "lasts").write_text("60")
    file(engine, "run").write_text("")
    oneoff.start(engine, oneoff.Task(service="web", name="shop-web-run-1", timeout=0.2, grace=3))
    limit = time.monotonic() + 20
    while "stop --time 3 shop-web-run-1" not in calls(engine):
        assert time.monotonic() < limit, calls(engine)
        time.sleep(0.1)


def test_what_a_killed_deploy_has_left_goes_first(engine: Engine) -> None:
    """Its one-off may still run: it is stopped and removed before the next one gets its name."""
    file(engine, "run").write_text("echo done\n")
    said: list[str] = []
    machine = DockerMachine(engine.folder, engine.environ)
    describe(engine)
    assert machine.run_once("web", ["migrate"], say=said.append) == 0
    assert said == ["done"]
    log = "\n".join(calls(engine))
    before, _, after = log.partition("--name shop-web-once ")
    assert "stop shop-web-once\nrm --force --volumes shop-web-once\n" in before
    assert "rm --force --volumes shop-web-once" in after


def test_a_signal_ends_what_is_streamed(engine: Engine) -> None:
    """At once, and not when the one-off has ended by itself; its container is stopped and removed."""
    file(engine, "run").write_text("echo begun\nexec sleep 60\n")
    describe(engine)

    def signalled(_line: str) -> None:
        raise SystemExit(143)

    began = time.monotonic()
    with pytest.raises(SystemExit):
        DockerMachine(engine.folder, engine.environ).run_once("web", ["migrate"], say=signalled)
    assert time.monotonic() - began < 20
    assert calls(engine)[-2:] == ["stop shop-web-once", "rm --force --volumes shop-web-once"]


def test_without_docker(tmp_path: Path) -> None:
    """No traceback."""
    engine = Engine(tmp_path, {"PATH": str(tmp_path)})
    with pytest.raises(EngineUnreachable):
        attached(engine, ["version"], 1, lambda: None)


@pytest.mark.parametrize(("lasts", "stops"), [("0", False), ("60", True)])
def test_the_guard_stops_what_is_late(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, lasts: str, *, stops: bool
) -> None:
    """And leaves alone what has ended by itself."""
    file(engine, "lasts").write_text(lasts)
    for name in ("PATH", "FAKE"):
        monkeypatch.setenv(name, engine.environ[name])
    guard.guard("shop-web-run-1", 0.5, 3)
    assert ("stop --time 3 shop-web-run-1" in calls(engine)) == stops
