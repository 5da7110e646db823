"""Rolling: new replicas beside the old ones, held until they are known to be good.

    create, hold, start -> bake -> let in -> (the caller commits) -> drain, stop, remove the old ones

With all new ones at once nothing of the old release is touched before the commit. In smaller batches old
ones make room: they are drained and stopped, but kept until the commit, to be started again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from composegen.deploys.draining import MOMENT
from composegen.deploys.readiness import SLACK, holdable, ready_ones, until_ready
from composegen.deploys.stopping import stop

if TYPE_CHECKING:
    from composegen.deploys.observed import Container
    from composegen.deploys.planned import ServicePlan
    from composegen.deploys.stage import Stage
    from composegen.deploys.transaction import Transaction
    from composegen.deploys.wanted import WantedService

_LATER_BAKE = 1.0


def bring_in(transaction: Transaction, plan: ServicePlan) -> None:
    """Bring all new replicas of a service in; on return old and new serve (parked old ones aside).

    Raises:
        NotGood: a new one will not do; the caller undoes everything.
    """
    stage, service = transaction.stage, plan.wanted
    assert service is not None  # noqa: S101 - what is in no file is only removed
    old = list(stage.machine.look(plan.replace))
    keep = list(stage.machine.look(plan.keep))
    left, most = plan.create, batch(stage, service, plan.create)
    bake = stage.options.bake
    while left:
        number = min(most, left)
        left -= number
        _batch(transaction, plan, number, bake, [*old, *keep])
        bake = min(bake, _LATER_BAKE)
        if left:
            going, old = old[:number], old[number:]
            _park(transaction, plan, tuple(going), tuple(old) + tuple(keep))


def batch(stage: Stage, service: WantedService, number: int) -> int:
    """Return how many new replicas may run at once beside the old ones."""
    wished = number if stage.options.surge is None else min(stage.options.surge, number)
    if wished > 1 and service.max_memory:
        available = stage.machine.memory()
        if available is not None and wished * service.max_memory > available:
            stage.progress.say(
                f"{service.name}: one at a time, as memory for {wished} more is not available."
            )
            return 1
    return max(1, wished)


def _batch(
    transaction: Transaction, plan: ServicePlan, number: int, bake: float, beside: list[Container]
) -> None:
    stage, service, machine = transaction.stage, plan.wanted, transaction.stage.machine
    assert service is not None  # noqa: S101 - see above
    held = holdable(service)
    new = transaction.create(plan, number)
    ids = [c.id for c in new]
    stays = ready_ones(machine.look([c.id for c in beside]))
    earlier = machine.look([i for i in transaction.part(plan.name).new if i not in ids])
    if service.routed:
        transaction.frontend.begin(service, (*stays, *earlier))
    if held:
        stage.flags.raise_for(new)
    for container in new:
        machine.start(container.id)
    until_ready(stage, service, ids, held=held, stay=bake)
    if not service.routed:
        return
    # A service whose hostname is configured has no flags: its new replicas have served since they got ready.
    transaction.frontend.let_in(service, (*stays, *earlier, *machine.look(ids)))
    limit = 2 * (service.interval + service.timeout) + SLACK
    until_ready(stage, service, ids, stay=MOMENT, limit=limit)
    for container in new:
        stage.progress.container(plan.name, container.name, "serves")


def _park(
    transaction: Transaction, plan: ServicePlan, going: tuple[Container, ...], stay: tuple[Container, ...]
) -> None:
    """Drain and stop old replicas, to make room for the next batch; they are kept."""
    stage, service, machine = transaction.stage, plan.wanted, transaction.stage.machine
    assert service is not None  # noqa: S101 - see above
    running = tuple(c for c in going if c.running)
    for container in running:
        stage.progress.container(plan.name, container.name, "draining")
    if running and service.routed:
        new = machine.look(transaction.part(plan.name).new)
        transaction.frontend.drain(service, running, (*ready_ones(machine.look([c.id for c in stay])), *new))
    stop(stage, plan.name, going)
    for container in going:
        stage.progress.container(plan.name, container.name, "stopped, kept until the end")
