"""One-off tasks: a command in a new container of a service, beside those that run.

It has the service's environment, volumes and networks. It gets no request: Compose gives it none of
the service's names on a network, and its labels tell the frontend and watchtower to leave it alone. It
is not probed (a liveness check would end it), never restarted, and removed when it has ended.
"""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from composegen.deploys.store import accepted, records
from composegen.deploys.traits import seconds
from composegen.emit.parts import WATCHTOWER
from composegen.errors import ComposegenError, EngineRefused, UsageError
from composegen.runtime.attached import attached, terminal
from composegen.runtime.surroundings import dotenv

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from composegen.deploys.store.files import State
    from composegen.runtime.engine import Engine

# Labels that win over the service's own: no frontend shows it, watchtower leaves it alone.
UNSEEN = ("traefik.enable=false", "composegen.frontend=", f"{WATCHTOWER}.enable=false")
_GRACE = 10.0
_SLACK = 20.0
_OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    *(f"docker-compose.override.y{a}ml" for a in ("", "a")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to run. Times in seconds."""

    service: str
    name: str
    """Of the container."""
    words: tuple[str, ...] = ()
    """() means the command of the service itself."""
    assignments: tuple[tuple[str, str], ...] = ()
    """The variable that fixes the image."""
    init: bool = True
    """Whether a small init is the first process, so that signals end a program that ignores none."""
    grace: float = _GRACE
    timeout: float = 24 * 3600.0


def task(
    engine: Engine,
    state: State,
    service: str,
    words: Sequence[str],
    *,
    release: int | None = None,
    timeout: float = 24 * 3600.0,
) -> Task:
    """Return the task: a command in the accepted image of a service, or in that of a release.

    Raises:
        UsageError: there is no such service or release.
        ComposegenError: the files cannot be read, or the image is gone.
    """
    answer = engine.compose("config", "--format", "json")
    document = answer.json()
    if not answer.ok or not isinstance(document, dict):
        raise ComposegenError(
            f"Compose cannot read docker-compose.yml: {answer.reason}",
            "`composegen doctor` says which variables are missing",
        )
    services: Mapping[str, Any] = document.get("services") or {}
    if service not in services:
        raise UsageError(f"there is no service {service!r}", f"services: {', '.join(sorted(services))}")
    body = services[service]
    own = ((document.get("x-composegen") or {}).get("services") or {}).get(service) or {}
    variable, reference = str(own.get("image", "")), str(own.get("reference", ""))
    image = ""
    if release is not None:
        image = _of_release(engine, state, service, release)
        if not variable:
            raise UsageError(f"{service} has no releases: composegen adds it", "leave --release out")
    elif variable and body.get("image") == reference:
        known = accepted.read(state).get(reference)
        if known is not None and engine.run("image", "inspect", known.image).ok:
            image = known.image
    grace = body.get("stop_grace_period")
    return Task(
        service=service,
        name=f"{document.get('name', '')}-{service}-run-{uuid.uuid4().hex[:8]}",
        words=tuple(words),
        assignments=((variable, image),) if image else (),
        init=body.get("init") is None or bool(body.get("init")),
        grace=seconds(grace) if grace else _GRACE,
        timeout=timeout,
    )


def _of_release(engine: Engine, state: State, service: str, number: int) -> str:
    history = records.read(state, service)
    found = history.get(number)
    if found is None:
        known = ", ".join(str(r.number) for r in history.releases) or "none yet"
        raise UsageError(f"{service} has no release {number}", f"releases of it: {known}")
    if engine.run("image", "inspect", found.image).ok:
        return found.image
    if not found.digest:
        raise ComposegenError(
            f"the image of release {number} of {service} is no longer on this machine",
            "it was built here: check that commit out, and build it again",
        )
    pulled = replace(engine, patience=3600.0).run("pull", "--quiet", found.digest)
    if not pulled.ok:
        raise EngineRefused(f"the image of release {number} of {service} was to be pulled", pulled.reason)
    return found.digest


def command(engine: Engine, task: Task, override: Path, *options: str) -> list[str]:
    """Return the words of the docker command; ``override`` is the file that ``overriding`` gave."""
    files = [word for path in (*_files(engine), str(override)) for word in ("--file", path)]
    labels = [word for label in UNSEEN for word in ("--label", label)]
    first = ["compose", "--project-directory", str(engine.folder), *files, "--profile", "*"]
    run = ["--progress", "quiet", "run", "--rm", "--no-deps", "--name", task.name]
    return [*first, *run, *labels, *options, task.service, *task.words]


@contextmanager
def overriding(task: Task) -> Iterator[Path]:
    """Give a compose file that takes away what a one-off must not have."""
    body: dict[str, Any] = {"healthcheck": {"disable": True}}
    if task.init:
        body["init"] = True
    with TemporaryDirectory(prefix="composegen-") as folder:
        path = Path(folder) / "one-off.json"
        path.write_text(json.dumps({"services": {task.service: body}}))
        yield path


def run(engine: Engine, task: Task) -> int:
    """Run it with the caller's input, output and signals; return its exit code, 124 when it took too long."""
    engine = _assigned(engine, task)
    with overriding(task) as override:
        options = () if terminal() else ("--no-TTY",)
        try:
            return attached(
                engine, command(engine, task, override, *options), task.timeout, lambda: stop(engine, task)
            )
        finally:
            engine.run("rm", "--force", "--volumes", task.name)


def start(engine: Engine, task: Task) -> None:
    """Start it in the background, and a process that ends it in time.

    Raises:
        EngineRefused: it could not be started.
    """
    engine = _assigned(engine, task)
    with overriding(task) as override:
        words = command(engine, task, override, "--no-TTY", "--detach")
        answer = replace(engine, patience=600.0).run(*words)
    if not answer.ok:
        raise EngineRefused(f"{task.name} was to be started", answer.reason)
    subprocess.Popen(
        [sys.executable, "-m", "composegen.deploys.guard", task.name, f"{task.timeout:g}", f"{task.grace:g}"],
        cwd="/",  # python -m looks for modules in the current folder first, and the project has its own
        env=dict(engine.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def stop(engine: Engine, task: Task) -> None:
    """Stop it: with its signal, and after its grace for good."""
    patient = replace(engine, patience=task.grace + _SLACK)
    patient.run("stop", "--time", f"{max(1, round(task.grace))}", task.name)


def _assigned(engine: Engine, task: Task) -> Engine:
    return replace(engine, environ={**engine.environ, **dict(task.assignments)})


def _files(engine: Engine) -> list[str]:
    """Return the compose files, as Compose finds them when none is named."""
    given = {**dotenv(engine.folder, engine.environ), **engine.environ}
    if given.get("COMPOSE_FILE"):
        return given["COMPOSE_FILE"].split(given.get("COMPOSE_PATH_SEPARATOR") or ":")
    beside = next((n for n in _OVERRIDES if (engine.folder / n).exists()), None)
    return ["docker-compose.yml", *([beside] if beside else [])]
