"""The real engine, through the ``docker`` command and Compose.

Compose is called as the runner calls it (``runtime.surroundings``), so that hashes come out the same.
"""

# ruff: noqa: D102 - the docstrings of the verbs stand in the protocol

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from composegen.deploys import inspecting, oneoff, reading
from composegen.deploys.machine import NOTHING
from composegen.deploys.observed import Container, Image, Observed, Order
from composegen.deploys.references import at, is_id
from composegen.deploys.streaming import stream
from composegen.errors import ComposegenError, EngineRefused, EngineUnreachable
from composegen.runtime import registry
from composegen.runtime.engine import Answer, Engine
from composegen.runtime.surroundings import dotenv, surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from composegen.deploys.machine import Machine
    from composegen.deploys.wanted import Wanted

LONG = 600.0
"""Seconds that pulling, creating and removing may take: what a slow disk needs, not a limit to rely on."""
_SLACK = 30.0
_READ = ("docker-compose.yml", ".env")
"""The files that composegen and people change while a command runs."""
_PULL = 6 * 3600.0
_MISSING = re.compile(r"no such (container|image|object)", re.IGNORECASE)
_GOING = re.compile(r"removal of container \S+ is already in progress", re.IGNORECASE)
_NO_DAEMON = re.compile(
    r"cannot connect to the docker daemon|error during connect|failed to connect to the docker api",
    re.IGNORECASE,
)
_IN_USE = re.compile(r"conflict|image is being used|must be forced", re.IGNORECASE)
_DAEMON = re.compile(r"^(?:Error:? )?(?:response )?from daemon: (.+)$", re.IGNORECASE | re.MULTILINE)
_MEMORY = re.compile(r"^MemAvailable:\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True)
class DockerMachine:
    """``folder`` is the project's, ``environ`` the process environment of whoever runs the command."""

    folder: Path
    environ: Mapping[str, str]
    inherit: tuple[int, ...] = ()
    """Descriptors that every command gets: with that of the lock, one that outlives us keeps it."""
    _filled_in: dict[object, tuple[dict[str, Any], dict[str, str]]] = field(
        default_factory=dict, compare=False, repr=False
    )
    """What Compose made of the files, by their contents: one deploy asks four times."""

    @classmethod
    def of(
        cls, folder: str | Path, environ: Mapping[str, str] | None = None, inherit: tuple[int, ...] = ()
    ) -> DockerMachine:
        """Return the machine for the project in ``folder``."""
        return cls(Path(folder).resolve(), dict(os.environ if environ is None else environ), inherit)

    @cached_property
    def engine(self) -> Engine:
        """The engine as the runner would call it."""
        environ = surroundings(self.folder, self.environ)
        return Engine(self.folder, environ, patience=LONG, inherit=self.inherit)

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def wanted(self, assignments: Mapping[str, str] = NOTHING) -> Wanted:
        engine = self._engine(assignments)
        key = (frozenset(assignments.items()), *(_bytes(self.folder / name) for name in _READ))
        if key not in self._filled_in:
            self._filled_in[key] = self._fill_in(engine)
        document, hashes = self._filled_in[key]
        values = {**dotenv(self.folder, engine.environ), **engine.environ}
        return reading.wanted(document, hashes, self.folder, values)

    def _fill_in(self, engine: Engine) -> tuple[dict[str, Any], dict[str, str]]:
        """Let Compose read the files: two calls, each a tenth of a second and more on a small machine."""
        shown = engine.compose("config", "--format", "json")
        document = shown.json()
        if not shown.ok or not isinstance(document, dict):
            self._unreachable(shown)
            raise ComposegenError(
                f"Compose cannot read docker-compose.yml: {shown.reason}",
                "`composegen doctor` says which variables are missing",
            )
        hashed = engine.compose("config", "--hash", "*")
        if not hashed.ok:
            raise ComposegenError(f"Compose cannot read docker-compose.yml: {hashed.reason}")
        return document, dict(line.split(maxsplit=1) for line in hashed.out.splitlines() if " " in line)

    @cached_property
    def project(self) -> str:
        """The compose project's name, which .env, the environment or the folder gives."""
        answer = self.engine.compose("config", "--no-interpolate", "--format", "json")
        document = answer.json()
        if not answer.ok or not isinstance(document, dict):
            raise ComposegenError(
                f"Compose cannot read docker-compose.yml: {answer.reason}", "run `composegen build` first"
            )
        return str(document.get("name", ""))

    @property
    def services(self) -> tuple[str, ...]:
        """The names of all services, of the files or with containers; no variable is needed."""
        answer = self.engine.compose("config", "--no-interpolate", "--format", "json")
        document = answer.json()
        listed = document.get("services") or {} if isinstance(document, dict) else {}
        return tuple(dict.fromkeys((*listed, *(c.service for c in self.observe().containers))))

    def observe(self, references: Iterable[str] = ()) -> Observed:
        label = f"label=com.docker.compose.project={self.project}"
        listed = self._done(
            "the containers were to be listed", "ps", "--all", "--quiet", "--no-trunc", "--filter", label
        )
        found = sorted(self.look(listed.out.split()), key=lambda c: (c.service, c.number, c.created))
        names = sorted({*references, *(c.image for c in found)})
        return Observed(containers=tuple(found), images=self._images(names), when=self.now())

    def look(self, ids: Iterable[str]) -> tuple[Container, ...]:
        wanted = list(ids)
        found = {str(c.get("Id")): c for c in self._inspect("container", wanted)}
        return tuple(inspecting.container(found[i]) for i in wanted if i in found)

    def orders(self, since: float) -> tuple[Order, ...]:
        words = ["--since", f"{since:.3f}", "--until", f"{self.now():.3f}", "--format", "{{json .}}"]
        project = f"label=com.docker.compose.project={self.project}"
        for one in ("type=container", "event=kill", "event=destroy", project):
            words += ["--filter", one]
        listed = self._done("the engine's events were to be read", "events", *words)
        return tuple(inspecting.order(json.loads(line)) for line in listed.out.splitlines())

    def resolve(self, reference: str) -> str:
        return at(reference, registry.digest(self.engine, reference))

    def pull(self, reference: str) -> Image:
        found = self.image(reference)
        if found is None:
            patient = replace(self.engine, patience=_PULL)
            self._judge(f"{reference} was to be pulled", patient.run("pull", "--quiet", reference))
            found = self.image(reference)
        if found is None:
            raise EngineRefused(f"{reference} was to be pulled", "it is not there afterwards")
        return found

    def image(self, reference: str) -> Image | None:
        return self._images([reference]).get(reference)

    def tag(self, image: str, reference: str) -> None:
        self._done(f"the tag {reference} was to be moved", "tag", image, reference)

    def remove_image(self, image: str) -> bool:
        answer = self.engine.run("image", "rm", image)
        if not answer.ok and _IN_USE.search(answer.error):
            names = self._images([image]).get(image)
            used = self.engine.run("ps", "--all", "--quiet", "--filter", f"ancestor={image}").out.split()
            if names is None or used or not names.tags + names.digests:
                return False
            # Several names: each goes by itself, and the image with the last of them.
            for name in names.tags + names.digests:
                self.engine.run("image", "rm", name)
            return self.image(image) is None
        self._unreachable(answer)
        return answer.ok or bool(_MISSING.search(answer.error))

    def create(
        self, service: str, number: int, assignments: Mapping[str, str] = NOTHING
    ) -> tuple[Container, ...]:
        before = set(self._ids(service))
        what = f"containers of {service} were to be made"
        scale = f"{service}={len(before) + number}"
        words = ("up", "--no-start", "--no-deps", "--no-recreate", "--pull", "never", "--no-build")
        answer = self._engine(assignments).compose("--progress", "plain", *words, "--scale", scale, service)
        self._judge(what, answer)
        made = self.look(i for i in self._ids(service) if i not in before)
        if len(made) != number:
            raise EngineRefused(what, f"Compose made {len(made)} in the place of {number}")
        return tuple(sorted(made, key=lambda c: c.number))

    def start(self, container: str) -> None:
        answer = self.engine.run("start", container)
        self._unreachable(answer)
        if not answer.ok:
            found = next(iter(self.look([container])), None)
            reason = (found.error if found else "") or _daemon(answer)
            raise EngineRefused("a container was to be started", reason)

    def stop(self, container: str, grace: float | None = None) -> None:
        self.unpause(container)
        words = () if grace is None else ("--time", f"{max(0, round(grace))}")
        patient = replace(self.engine, patience=LONG + (grace or 0))
        self._judge("a container was to be stopped", patient.run("stop", *words, container))

    def stop_all(self, containers: Iterable[str]) -> None:
        there = self.look(containers)
        for container in there:
            if container.state == "paused":
                self.unpause(container.id)
        if there:
            patient = replace(self.engine, patience=LONG + max(c.grace for c in there))
            self._judge("containers were to be stopped", patient.run("stop", *(c.id for c in there)))

    def remove(self, container: str) -> None:
        answer = self.engine.run("rm", "--force", "--volumes", container)
        if not answer.ok and not _MISSING.search(answer.error) and not _GOING.search(answer.error):
            self._judge("a container was to be removed", answer)

    def pause(self, container: str) -> None:
        answer = self.engine.run("pause", container)
        if not answer.ok and "already paused" not in answer.error:
            self._judge("a container was to be paused", answer)

    def unpause(self, container: str) -> None:
        answer = self.engine.run("unpause", container)
        if not answer.ok and "not paused" not in answer.error and not _MISSING.search(answer.error):
            self._judge("a container was to go on", answer)

    def logs(self, container: str, lines: int = 20) -> tuple[str, ...]:
        answer = self._done("a log was to be read", "logs", "--tail", str(lines), container)
        return tuple(inspecting.plain(x) for x in (answer.out + answer.error).splitlines() if x.strip())[
            -lines:
        ]

    def run_once(
        self,
        service: str,
        words: Sequence[str],
        assignments: Mapping[str, str] = NOTHING,
        *,
        timeout: float | None = None,
        say: Callable[[str], None] | None = None,
    ) -> int:
        task = oneoff.Task(service=service, name=f"{self.project}-{service}-once", words=tuple(words))
        engine = self._engine(assignments)
        # One that was left when its deploy was killed: a second must not run beside it.
        self._end(task.name)
        try:
            with oneoff.overriding(task) as override:
                command = ["docker", *oneoff.command(engine, task, override, "--no-TTY")]
                return stream(command, engine, timeout, say or (lambda _line: None))
        finally:
            self._end(task.name)

    def execute(self, container: str, words: Sequence[str], *, timeout: float = 60.0) -> tuple[int, str]:
        patient = replace(self.engine, patience=timeout + _SLACK)
        answer = patient.run("exec", container, *words)
        self._unreachable(answer)
        if not answer.ok and ("is not running" in answer.error or _MISSING.search(answer.error)):
            raise EngineRefused("a command was to run in a container", answer.reason)
        return answer.code, answer.out + answer.error

    def memory(self) -> int | None:
        try:
            match = _MEMORY.search(Path("/proc/meminfo").read_text("ascii"))
        except OSError:
            return None
        return int(match[1]) * 1024 if match else None

    # -- inside

    def _engine(self, assignments: Mapping[str, str]) -> Engine:
        if not assignments:
            return self.engine
        return replace(self.engine, environ={**self.engine.environ, **assignments})

    def _end(self, name: str) -> None:
        """Stop a one-off by its name, within its grace, and remove it; mostly it is gone by itself."""
        if self.engine.run("stop", name).ok:
            self.remove(name)

    def _ids(self, service: str) -> list[str]:
        """Return the ids of a service's own containers."""
        label = "label=com.docker.compose"
        filters = (f"{label}.project={self.project}", f"{label}.service={service}", f"{label}.oneoff=False")
        words = [w for f in filters for w in ("--filter", f)]
        listed = self._done(
            "the containers were to be listed", "ps", "--all", "--quiet", "--no-trunc", *words
        )
        return listed.out.split()

    def _inspect(self, kind: str, names: Sequence[str]) -> list[dict[str, object]]:
        if not names:
            return []
        answer = self.engine.run(kind, "inspect", *names)
        if not answer.ok and not _MISSING.search(answer.error):
            self._judge(f"the {kind}s were to be looked at", answer)
        found = answer.json()
        return [f for f in found if isinstance(f, dict)] if isinstance(found, list) else []

    def _images(self, names: Sequence[str]) -> dict[str, Image]:
        """Return the images by the names that were asked for. ``inspect`` prints them in that order."""
        listed = [inspecting.image(i) for i in self._inspect("image", names)]
        if len(listed) == len(names):
            return dict(zip(names, listed, strict=True))
        found: dict[str, Image] = {}
        for name in names:
            for image in listed:
                if name in {image.id, *image.digests, *image.tags}:
                    found[name] = image
        missing = [n for n in names if n not in found and not is_id(n)]
        for name in missing:  # short names such as docker.io/library/busybox
            alone = self._inspect("image", [name])
            found.update({name: inspecting.image(alone[0])} if alone else {})
        return found

    def _done(self, what: str, *words: str) -> Answer:
        answer = self.engine.run(*words)
        self._judge(what, answer)
        return answer

    def _judge(self, what: str, answer: Answer) -> None:
        self._unreachable(answer)
        if not answer.ok:
            raise EngineRefused(what, _daemon(answer))

    def _unreachable(self, answer: Answer) -> None:
        if not answer.ok and _NO_DAEMON.search(answer.error):
            raise EngineUnreachable(
                f"no Docker Engine answers: {answer.reason}",
                "start it, or name the right one with DOCKER_HOST or `docker context use`",
            )


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _daemon(answer: Answer) -> str:
    """Return the engine's own line of an answer, where the command adds others."""
    match = _DAEMON.search(answer.error)
    return inspecting.plain(match[1] if match else answer.reason)


def _conforms(machine: DockerMachine) -> Machine:
    """Let the type checker hold the class to the protocol."""
    return machine
