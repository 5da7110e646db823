"""How a frontend is told which replicas get requests: to let new ones in, and to drain old ones.

Traefik looks at health, and a replica with a hold flag is not healthy. nginx does not: it is given the
addresses of the replicas that it may use, from before the new ones start until the old ones have gone. Its
files know one port of a service; replicas that listen on another one (that of the release before) are
listed with theirs for as long as they run.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from composegen.deploys.stage import LOOK
from composegen.errors import EngineRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from composegen.deploys.observed import Container, Observed
    from composegen.deploys.stage import Stage
    from composegen.deploys.wanted import Wanted, WantedService

MOMENT = 1.0
"""Seconds until Traefik has surely heard of a change of health (it waits 0.1 s at most by itself)."""
FORGOTTEN = 2.5
"""Seconds until nginx, going by name, does not know a removed container any more: an answer of Docker's DNS
counts for one second, and it looks once a second whether one has become too old. Asked before, it sends
requests to where nobody is."""
_LIMIT = 60.0


class Frontend(Protocol):
    """A kind of frontend. ``stay`` are replicas that serve before and after; all are running ones."""

    def begin(self, service: WantedService, stay: tuple[Container, ...]) -> None:
        """Before new replicas start: only ``stay`` get requests until further notice."""

    def let_in(self, service: WantedService, all_: tuple[Container, ...]) -> None:
        """The new ones are good: all of these get requests."""

    def drain(self, service: WantedService, go: tuple[Container, ...], stay: tuple[Container, ...]) -> None:
        """Return once ``go`` get no new requests, and those that they have were given ``stop-grace``."""

    def end(self, service: WantedService) -> None:
        """The service is as it should be: nothing is fixed any more."""


@dataclass(frozen=True, slots=True)
class ByHealth:
    """Traefik: who is healthy gets requests."""

    stage: Stage

    def begin(self, service: WantedService, stay: tuple[Container, ...]) -> None:
        """Nothing to do: a new container is not healthy while its flag is up."""

    def let_in(self, service: WantedService, all_: tuple[Container, ...]) -> None:
        """Lower the flags; the caller waits for health."""
        del service
        self.stage.flags.lower_for(all_)

    def drain(self, service: WantedService, go: tuple[Container, ...], stay: tuple[Container, ...]) -> None:
        """Raise the flags, wait until the last is no longer healthy, then as long as a request may last."""
        del stay
        machine = self.stage.machine
        self.stage.flags.raise_for(go)
        # One that is broken does not look at its flag: twice the longest time, and not for ever.
        limit = machine.now() + 2 * (service.interval + service.timeout) + MOMENT
        names = [c.id for c in go]
        while machine.now() < limit:
            left = [c for c in machine.look(names) if c.state == "running" and c.health == "healthy"]
            if not left:
                break
            machine.sleep(LOOK)
        machine.sleep(MOMENT + service.grace)

    def end(self, service: WantedService) -> None:
        """Nothing to do: the flags go with the containers."""


@dataclass(frozen=True, slots=True)
class ByAddress:
    """nginx: who is listed gets requests; a list stands for each service that is being deployed.

    ``name`` is the frontend's service, whose script ``reload`` takes the lists.
    """

    stage: Stage
    name: str
    wanted: Wanted
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Service to addresses, as the script takes them."""

    def begin(self, service: WantedService, stay: tuple[Container, ...]) -> None:
        """Fix the list to the old ones; with none there is nothing to protect."""
        self._fix(service, stay)

    def let_in(self, service: WantedService, all_: tuple[Container, ...]) -> None:
        """List old and new; the flags go too, so that health tells the truth."""
        self.stage.flags.lower_for(all_)
        self._fix(service, all_)

    def drain(self, service: WantedService, go: tuple[Container, ...], stay: tuple[Container, ...]) -> None:
        """List those that stay; nginx tells when the requests of before have ended, or the grace is over."""
        self.stage.flags.raise_for(go)
        self._fix(service, stay, drain=service.grace)

    def end(self, service: WantedService) -> None:
        """Take the list away: nginx goes by name again, once that means what is there."""
        if self.lists.pop(service.name, None) is not None:
            self.stage.machine.sleep(FORGOTTEN)
            self.reload()

    def _fix(
        self, service: WantedService, containers: Iterable[Container], drain: float | None = None
    ) -> None:
        networks = _networks(_running(self.stage, self.name))
        addresses = _addresses(service, self.stage.machine.look([c.id for c in containers]), networks)
        if addresses:
            self.lists[service.name] = addresses
            self.reload(drain)

    def _elsewhere(self, seen: Observed) -> dict[str, tuple[str, ...]]:
        """Return the lists of services with replicas that listen on another port than the files say."""
        networks = _networks(_running_in(seen, self.name))
        found = {}
        for service in self.wanted.services:
            running = _running_in(seen, service.name) if service.routed else []
            if any(_moved(service, c) for c in running):
                found[service.name] = _addresses(service, running, networks)
        return {name: to for name, to in found.items() if to}

    def reload(self, drain: float | None = None) -> None:
        """Tell nginx the lists; with ``drain`` wait as long for the requests of before."""
        seen = self.stage.machine.observe()
        words = [] if drain is None else [f"--drain={max(1, math.ceil(drain))}"]
        lists = {**self._elsewhere(seen), **self.lists}
        words += [f"{service}={','.join(to)}" for service, to in sorted(lists.items())]
        for container in _running_in(seen, self.name):
            timeout = _LIMIT + (drain or 0)
            code, said = self.stage.machine.execute(
                container.id, (*_script(self.name), *words), timeout=timeout
            )
            if code:
                raise EngineRefused(
                    f"{self.name} was to get its new list of replicas", said.strip() or f"code {code}"
                )


def _running(stage: Stage, name: str) -> list[Container]:
    return _running_in(stage.machine.observe(), name)


def _running_in(seen: Observed, name: str) -> list[Container]:
    return [c for c in seen.of(name) if c.state == "running"]


def _networks(containers: Iterable[Container]) -> set[str]:
    return {n for c in containers for n in c.addresses}


def _addresses(
    service: WantedService, containers: Iterable[Container], networks: set[str]
) -> tuple[str, ...]:
    """Return where nginx reaches them: each on a network that both are on, and on its own port."""
    found = []
    for one in containers:
        address = next((one.addresses[n] for n in sorted(one.addresses) if n in networks), "")
        if address:
            port = f"@{service.port}-{one.port}" if _moved(service, one) else ""
            found.append(f"{address}{port}")
    return tuple(found)


def _moved(service: WantedService, container: Container) -> bool:
    """Whether it listens on another port than the service is to have."""
    return None not in {service.port, container.port} and service.port != container.port


def frontend(stage: Stage, wanted: Wanted) -> Frontend:
    """Return how this project's frontend is told; one of the user's own may look at health too."""
    return ByAddress(stage, wanted.reload, wanted) if wanted.reload else ByHealth(stage)


def refresh(stage: Stage, wanted: Wanted) -> None:
    """Bring changed files into a frontend that reads files; nobody is listed but who has to be."""
    if wanted.reload:
        ByAddress(stage, wanted.reload, wanted).reload()


def reset(stage: Stage, wanted: Wanted) -> None:
    """Take away whatever an interrupted deploy has fixed; containers may have been removed just now."""
    if wanted.reload:
        stage.machine.sleep(FORGOTTEN)
        with suppress(EngineRefused):  # a configuration that is bad is told where it matters
            refresh(stage, wanted)


def _script(name: str) -> tuple[str, ...]:
    return ("sh", f"/{name}/reload")
