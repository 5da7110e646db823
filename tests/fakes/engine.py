"""A stateful engine in memory, with a clock of its own: the same verbs as the real one.

It reads what a real deploy would read from the project's folder: pins in ``.env`` and the flags in
``composegen.d/hold``. Faults and interruptions come in through ``meddle``::

    engine.meddle = lambda when, verb, count: ...   # when: "before" or "after" the verb

which is called around every changing verb with the number of changing verbs so far, and may raise
what it likes: ``EngineRefused`` for a fault, a BaseException for a kill -9.
"""

# ruff: noqa: D102 - the docstrings of the verbs stand in the protocol

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from composegen.deploys.machine import NOTHING
from composegen.deploys.observed import Image, Observed, Order
from composegen.deploys.references import fixed, is_id, repository
from composegen.errors import EngineRefused
from tests.fakes.container import FakeContainer
from tests.fakes.registry import Behaviour, Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from composegen.deploys.machine import Machine
    from composegen.deploys.observed import Container
    from composegen.deploys.wanted import Wanted, WantedService

START = 1_760_000_000.0
_KILLED, _TOO_LATE = 137, 124
F = TypeVar("F", bound="Callable[..., Any]")


def changing(verb: F) -> F:
    """Mark a verb as one that changes something: it is counted, and can be meddled with."""

    @wraps(verb)
    def wrapped(self: FakeEngine, *words: Any, **named: Any) -> Any:
        self.count += 1
        self.calls.append((verb.__name__, *words))
        count = self.count
        self.meddle("before", verb.__name__, count)
        found = verb(self, *words, **named)
        self.meddle("after", verb.__name__, count)
        return found

    return cast("F", wrapped)


@dataclass
class FakeEngine:
    """``files`` is what the compose file says; tests replace it to edit the files."""

    files: Wanted
    registry: Registry = field(default_factory=Registry)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    """Image id to what it does; one that is not here behaves well."""
    images: dict[str, Image] = field(default_factory=dict)
    """By id."""
    tags: dict[str, str] = field(default_factory=dict)
    """Tag to id, as on this machine."""
    containers: dict[str, FakeContainer] = field(default_factory=dict)
    meddle: Callable[[str, str, int], None] = lambda _when, _verb, _count: None
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    count: int = 0
    ordered: list[Order] = field(default_factory=list)
    free: int | None = 8 << 30
    executed: Callable[[str, Sequence[str]], tuple[int, str]] = lambda _service, _words: (0, "")
    """What a command in a container of a service gives."""
    ran: Callable[[Behaviour, Sequence[str]], tuple[int, float, Sequence[str]]] = lambda behaviour, words: (
        behaviour.exit_code,
        behaviour.stop_takes,
        [f"ran {' '.join(words)}"],
    )
    """What a one-off gives: exit code, seconds, lines."""
    _now: float = START
    _made: int = 0

    # -- for tests

    def push(self, reference: str, label: str, behaviour: Behaviour | None = None) -> tuple[str, str]:
        """Push an image to the registry; return its digest name and its id."""
        digest, identity = self.registry.push(reference, label)
        if behaviour is not None:
            self.behaviours[identity] = behaviour
        return digest, identity

    def build(self, reference: str, label: str, behaviour: Behaviour | None = None) -> str:
        """Build an image on this machine; return its id."""
        identity = "sha256:" + hashlib.sha256(f"image {label}".encode()).hexdigest()
        self.images[identity] = Image(id=identity, created=self._now)
        self.tags[reference] = identity
        if behaviour is not None:
            self.behaviours[identity] = behaviour
        return identity

    def fetch(self, reference: str) -> str:
        """Pull a tag as ``docker pull`` does: it moves; return the id."""
        identity = self._have(self.registry.resolve(reference))
        self.tags[reference] = identity
        return identity

    def up(self) -> None:
        """Start everything that is missing, as a first ``make up`` does, and wait."""
        for service in self.wanted().services:
            missing = service.replicas - len(self.observe().of(service.name))
            if service.manual or missing <= 0:
                continue
            if not is_id(service.image) and self.image(service.image) is None:
                self.fetch(service.image)
            for container in self._create(service, missing):
                container.start(self._now)
        self.sleep(10)

    def replace_by_watchtower(self, service: str) -> None:
        """Replace the containers of a service by what its tag means at the registry now."""
        wanted = self._service(service, NOTHING)
        identity = self.fetch(wanted.reference)
        for old in [c for c in self.containers.values() if c.service.name == service and not c.oneoff]:
            if old.image == identity:
                continue
            new = self._new(replace(old.service), old.number, identity)
            new.hostname, new.reference, new.compose_image = old.hostname, old.reference, old.compose_image
            new.scale = old.scale
            self._drop(old.id)
            new.start(self._now)

    # -- the verbs

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        until = self._now + seconds
        for container in self.containers.values():
            container.advance(until, held=self._held(container))
        self._now = until

    def wanted(self, assignments: Mapping[str, str] = NOTHING) -> Wanted:
        pins = {**self._env(), **assignments}
        return replace(self.files, services=tuple(_resolved(s, pins) for s in self.files.services))

    def observe(self, references: Iterable[str] = ()) -> Observed:
        shown = sorted(self._shown(self.containers.values()), key=lambda c: (c.service, c.number))
        names = {*references, *(c.image for c in shown)}
        found = {n: i for n in names if (i := self.image(n)) is not None}
        return Observed(containers=tuple(shown), images=found, when=self._now)

    def look(self, ids: Iterable[str]) -> tuple[Container, ...]:
        return self._shown(c for i in ids if (c := self.containers.get(i)) is not None)

    def orders(self, since: float) -> tuple[Order, ...]:
        return tuple(o for o in self.ordered if o.when >= since)

    def resolve(self, reference: str) -> str:
        return self.registry.resolve(reference)

    @changing
    def pull(self, reference: str) -> Image:
        found = self.image(reference)
        return found or self.images[self._have(self.registry.resolve(reference))]

    def image(self, reference: str) -> Image | None:
        if is_id(reference):
            found = self.images.get(reference)
        elif fixed(reference):
            found = next((i for i in self.images.values() if reference in i.digests), None)
        else:
            found = self.images.get(self.tags.get(reference, ""))
        if found is None:
            return None
        return replace(found, tags=tuple(sorted(t for t, i in self.tags.items() if i == found.id)))

    @changing
    def tag(self, image: str, reference: str) -> None:
        if image not in self.images:
            raise EngineRefused(f"the tag {reference} was to be moved", f"No such image: {image}")
        self.tags[reference] = image

    @changing
    def remove_image(self, image: str) -> bool:
        if any(c.image == image for c in self.containers.values()):
            return False
        self.images.pop(image, None)
        self.tags = {t: i for t, i in self.tags.items() if i != image}
        return True

    @changing
    def create(
        self, service: str, number: int, assignments: Mapping[str, str] = NOTHING
    ) -> tuple[Container, ...]:
        made = self._create(self._service(service, assignments), number)
        return self._shown(made)

    @changing
    def start(self, container: str) -> None:
        found = self._container(container, "started")
        if found.state == "running":
            return
        if found.behaviour.cannot_start:
            found.error, found.exit_code = found.behaviour.cannot_start, 127
            raise EngineRefused(f"{found.service.name} could not be started", found.error)
        found.address = found.address or self._address()
        found.start(self._now)

    @changing
    def stop(self, container: str, grace: float | None = None) -> None:
        found = self._container(container, "stopped")
        if found.state == "paused":
            found.state = "running"
        if found.state not in {"running", "restarting"}:
            return
        self._order(found)
        patience = found.service.grace if grace is None else grace
        takes = min(found.behaviour.stop_takes, patience)
        deaf = found.behaviour.stop_takes > patience
        self.sleep(takes)
        found.end(self._now, _KILLED if deaf else found.behaviour.exit_code)

    @changing
    def stop_all(self, containers: Iterable[str]) -> None:
        there = [c for i in containers if (c := self.containers.get(i)) is not None]
        for found in there:
            if found.state == "paused":
                found.state = "running"
        running = [c for c in there if c.state in {"running", "restarting"}]
        for found in running:
            self._order(found)
        self.sleep(max((min(c.behaviour.stop_takes, c.service.grace) for c in running), default=0))
        for found in running:
            deaf = found.behaviour.stop_takes > found.service.grace
            found.end(self._now, _KILLED if deaf else found.behaviour.exit_code)

    @changing
    def remove(self, container: str) -> None:
        self._drop(container)

    @changing
    def pause(self, container: str) -> None:
        found = self._container(container, "paused")
        if found.state == "paused":
            return
        if found.state != "running":
            raise EngineRefused(f"{found.service.name} was to be paused", "container is not running")
        found.state = "paused"

    @changing
    def unpause(self, container: str) -> None:
        found = self.containers.get(container)
        if found is not None and found.state == "paused":
            found.state = "running"

    def logs(self, container: str, lines: int = 20) -> tuple[str, ...]:
        return tuple(self._container(container, "read").log[-lines:])

    @changing
    def run_once(
        self,
        service: str,
        words: Sequence[str],
        assignments: Mapping[str, str] = NOTHING,
        *,
        timeout: float | None = None,
        say: Callable[[str], None] | None = None,
    ) -> int:
        wanted = self._service(service, assignments)
        image = self.image(wanted.image)
        if image is None:
            raise EngineRefused(f"a one-off of {service} was to run", f"No such image: {wanted.image}")
        behaviour = self.behaviours.get(image.id, Behaviour())
        code, takes, lines = self.ran(behaviour, words)
        if timeout is not None and takes > timeout:
            self.sleep(timeout)
            return _TOO_LATE
        self.sleep(takes)
        for line in lines if say is not None else ():
            say(line)
        return code

    def execute(self, container: str, words: Sequence[str], *, timeout: float = 60.0) -> tuple[int, str]:
        del timeout
        found = self._container(container, "asked")
        if found.state != "running":
            raise EngineRefused(f"a command was to run in {found.service.name}", "container is not running")
        return self.executed(found.service.name, words)

    def memory(self) -> int | None:
        return self.free

    # -- inside

    def _service(self, name: str, assignments: Mapping[str, str]) -> WantedService:
        found = self.wanted(assignments).get(name)
        if found is None:
            raise EngineRefused(f"containers of {name} were to be made", f"no such service: {name}")
        return found

    def _create(self, service: WantedService, number: int) -> list[FakeContainer]:
        image = self.image(service.image)
        if image is None:
            raise EngineRefused(
                f"containers of {service.name} were to be made", f"No such image: {service.image}"
            )
        last = max((c.number for c in self.containers.values() if c.service.name == service.name), default=0)
        return [self._new(service, last + n + 1, image.id) for n in range(number)]

    def _new(self, service: WantedService, number: int, image: str) -> FakeContainer:
        self._made += 1
        identity = hashlib.sha256(f"container {self._made}".encode()).hexdigest()
        self.containers[identity] = FakeContainer(
            id=identity,
            number=number,
            service=service,
            image=image,
            behaviour=self.behaviours.get(image, Behaviour()),
            created=self._now,
            hostname=service.hostname or identity[:12],
            address=self._address(),
            reference=service.image,
            compose_image=image,
            scale=service.replicas,
        )
        return self.containers[identity]

    def _address(self) -> str:
        self._made += 1
        return f"10.0.{self._made // 250}.{self._made % 250 + 2}"

    def _have(self, digest: str) -> str:
        identity = self.registry.ids[digest]
        known = self.images.get(identity)
        digests = tuple(dict.fromkeys((*(known.digests if known else ()), digest)))
        self.images[identity] = Image(id=identity, digests=digests, created=self._now)
        return identity

    def _container(self, identity: str, what: str) -> FakeContainer:
        found = self.containers.get(identity)
        if found is None:
            raise EngineRefused(f"a container was to be {what}", f"No such container: {identity[:12]}")
        return found

    def _drop(self, identity: str) -> None:
        found = self.containers.pop(identity, None)
        if found is not None:
            self._order(found, removed=True)

    def _order(self, container: FakeContainer, *, removed: bool = False) -> None:
        self.ordered.append(Order(container.service.name, container.id, self._now, removed=removed))

    def _shown(self, found: Iterable[FakeContainer]) -> tuple[Container, ...]:
        return tuple(c.shown(self.files.project) for c in found)

    def _held(self, container: FakeContainer) -> bool:
        return (
            container.service.routed
            and Path(self.files.folder, "composegen.d", "hold", container.hostname).exists()
        )

    def _env(self) -> dict[str, str]:
        try:
            lines = Path(self.files.folder, ".env").read_text("utf-8").splitlines()
        except FileNotFoundError:
            return {}
        pairs = (line.partition("=") for line in lines if not line.startswith("#"))
        return {name: value for name, equals, value in pairs if equals}


def _resolved(service: WantedService, pins: Mapping[str, str]) -> WantedService:
    """Return a service with its pin put in, and the hash that Compose would give it then."""
    image = (pins.get(service.variable) if service.variable else "") or service.reference or service.image
    text = f"{image} {service.fingerprint} {service.name}"
    return replace(service, image=image, config_hash=hashlib.sha256(text.encode()).hexdigest())


def _conforms(engine: FakeEngine) -> Machine:
    """Let the type checker hold the fake to the protocol."""
    return engine


__all__ = ["Behaviour", "FakeEngine", "Registry", "repository"]
