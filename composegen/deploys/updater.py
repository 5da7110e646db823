"""watchtower, while a deploy is under way: paused, so that it takes nothing away and moves no tag.

It must not be stopped in the middle of an update: the old container is gone then, and no new one comes.
So it is paused, and goes on at once when a watched service has too few containers.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from composegen.deploys.observed import applied
from composegen.deploys.store import intent
from composegen.errors import EngineRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from composegen.deploys.observed import Container, Observed, Order
    from composegen.deploys.stage import Stage
    from composegen.deploys.wanted import Wanted, WantedService

SERVICE = "watchtower"
PATIENCE = 30.0
_AGAIN = 1.0
_REMOVED = 10.0
"""Seconds within which watchtower makes a container anew that it has removed."""
_ENDS = 2.0
"""Seconds above its stop-grace within which a container is gone that was told to end."""
_DRAINING = "draining"
"""What the probe says of a container that watchtower is about to replace."""


@contextmanager
def paused(stage: Stage, wanted: Wanted) -> Iterator[None]:
    """Pause watchtower inside; afterwards it goes on, unless the process was killed.

    One that is busy gets ``PATIENCE`` seconds and the time that containers may take to end. Then it is
    paused all the same: what is missing was taken away by somebody else.
    """
    machine = stage.machine
    deadline = machine.now() + PATIENCE + max((s.grace for s in watched(wanted)), default=0.0)
    told = False
    try:
        while True:
            mine = [c for c in _running(machine.observe()) if _pause(stage, c)]
            if not mine or machine.now() >= deadline:
                break
            missing = busy(stage, wanted)
            if not missing:
                break
            for container in mine:
                machine.unpause(container.id)
            if not told:
                stage.progress.say(f"Waiting for watchtower, which is updating {', '.join(missing)}.")
                told = True
            machine.sleep(_AGAIN)
        yield
    finally:
        # A deploy that is neither finished nor undone keeps it; whoever settles that lets it go.
        if not (stage.state.path / intent.NAME).exists():
            release(stage)


def release(stage: Stage) -> None:
    """Let every watchtower of the project go on."""
    for container in stage.machine.observe().of(SERVICE):
        if container.state == "paused":
            stage.machine.unpause(container.id)


def busy(stage: Stage, wanted: Wanted) -> list[str]:
    """Return the watched services of which watchtower takes away, or has taken away, a container now."""
    observed = stage.machine.observe()
    mine = watched(wanted)
    if not mine:
        return []
    longest = max(_REMOVED, *(s.grace + _ENDS for s in mine))
    orders = stage.machine.orders(observed.when - longest)
    found = {*lacking(wanted, observed), *(s.name for s in mine if _replaced(s, observed, orders))}
    return [s.name for s in mine if s.name in found]


def watched(wanted: Wanted) -> list[WantedService]:
    """Return the services that watchtower updates by itself."""
    return [s for s in wanted.services if s.update == "auto"]


def _replaced(service: WantedService, observed: Observed, orders: tuple[Order, ...]) -> bool:
    """Tell whether one was told to end and is still there, or one was removed and too few run.

    A service would end up with one more than it should: the deploy's, and the one that watchtower makes
    as soon as it goes on. It may be paused between any two of its steps: the old
    one has ended and is not removed, or the new one is made and not started.
    """
    containers = observed.of(service.name)
    told = {o.container: o.when for o in orders if o.when >= observed.when - service.grace - _ENDS}
    if any(c.started < told.get(c.id, 0.0) for c in containers):
        return True
    late = observed.when - _REMOVED
    removed = any(o.removed and o.service == service.name and o.when >= late for o in orders)
    return removed and sum(c.running for c in containers) < applied(containers, service.replicas)


def lacking(wanted: Wanted, observed: Observed) -> list[str]:
    """Return the watched services that watchtower is busy with.

    They have fewer containers than they should, or one that its hook has just drained.
    """
    found = []
    for service in watched(wanted):
        containers = observed.of(service.name)
        if 0 < len(containers) < applied(containers, service.replicas) or any(map(_drained, containers)):
            found.append(service.name)
    return found


def as_if_running(observed: Observed) -> Observed:
    """Return what is observed as if watchtower were not paused: a plan is not about that."""
    containers = tuple(
        replace(c, state="running") if c.service == SERVICE and c.state == "paused" else c
        for c in observed.containers
    )
    return replace(observed, containers=containers)


def _drained(container: Container) -> bool:
    return bool(container.checks) and container.checks[-1].output.strip() == _DRAINING


def _running(observed: Observed) -> list[Container]:
    return [c for c in observed.of(SERVICE) if c.state == "running"]


def _pause(stage: Stage, container: Container) -> bool:
    """Pause it; False when it has just ended by itself."""
    try:
        stage.machine.pause(container.id)
    except EngineRefused:
        return False
    return True
