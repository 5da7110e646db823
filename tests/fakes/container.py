"""One container of the fake engine: what it does while time passes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from composegen.deploys.observed import Check, Container

if TYPE_CHECKING:
    from composegen.deploys.wanted import WantedService
    from tests.fakes.registry import Behaviour

_KEPT = 5
_STARTING = 1.0
_BACKOFF = 0.2


@dataclass
class FakeContainer:
    """Moves on with ``advance``; ``shown`` is what ``docker inspect`` would tell."""

    id: str
    number: int
    service: WantedService
    image: str
    behaviour: Behaviour
    created: float
    hostname: str
    address: str
    oneoff: bool = False
    reference: str = ""
    compose_image: str = ""
    scale: int | None = None
    """What its environment says of the number of replicas."""
    state: str = "created"
    health: str = ""
    exit_code: int = 0
    error: str = ""
    restarts: int = 0
    started: float = 0.0
    finished: float = 0.0
    checks: list[Check] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    _next: float = 0.0
    """When the next check runs, or the next restart comes."""

    def start(self, now: float) -> None:
        """Begin to run."""
        self.state, self.started, self.exit_code, self.error = "running", now, 0, ""
        self.health = "starting" if self.service.checked else ""
        self.checks.clear()
        self.log += self.behaviour.log
        self._next = now + _STARTING

    def end(self, now: float, code: int) -> None:
        """End, and stay so."""
        self.state, self.finished, self.exit_code, self.address = "exited", now, code, ""
        self.health = "unhealthy" if self.health else ""

    def advance(self, until: float, *, held: bool) -> None:
        """Live until a moment; ``held`` is whether its hold flag is there meanwhile."""
        while True:
            crash = self.started + self.behaviour.crash_after
            if self.state == "restarting" and self._next <= until:
                self.start(self._next)
            elif self.state == "running" and crash <= min(until, self._next if self.health else until):
                self._crash(crash)
            elif self.state == "running" and self.health and self._next <= until:
                self._check(self._next, held=held)
            else:
                return

    def _crash(self, when: float) -> None:
        self.finished, self.exit_code = when, self.behaviour.exit_code
        if self.service.oneshot or self.oneoff:
            self.end(when, self.behaviour.exit_code)
            return
        self.state = "restarting"
        self.restarts += 1
        self._next = when + min(_BACKOFF * 2**self.restarts, 60)

    def _check(self, when: float, *, held: bool) -> None:
        age = when - self.started
        well = self.behaviour.ready_after <= age < self.behaviour.sick_after
        output = "ready" if well else "not ready: nothing answers on port 80"
        if held:
            output, well = f"held, {output}", False
        self.checks = [*self.checks, Check(ended=when, code=0 if well else 1, output=output)][-_KEPT:]
        young = self.health == "starting"
        if well:
            self.health = "healthy"
        elif not young or age >= self.service.budget:
            self.health = "unhealthy"
        young = self.health == "starting"
        self._next = when + (_STARTING if young else self.service.interval)

    def shown(self, project: str) -> Container:
        """Return it as it is now."""
        suffix = "run-" if self.oneoff else ""
        return Container(
            id=self.id,
            name=f"{project}-{self.service.name}-{suffix}{self.number}",
            service=self.service.name,
            number=self.number,
            image=self.image,
            reference=self.reference,
            compose_image=self.compose_image,
            config_hash=self.service.config_hash,
            state=self.state,
            health=self.health,
            checks=tuple(self.checks),
            exit_code=self.exit_code,
            error=self.error,
            restarts=self.restarts,
            created=self.created,
            started=self.started,
            finished=self.finished,
            hostname=self.hostname,
            oneoff=self.oneoff,
            addresses=dict.fromkeys(self.service.networks, self.address) if self.address else {},
            port=self.service.port,
            scale=self.scale,
            grace=self.service.grace,
            traits=self.service.traits,
        )
