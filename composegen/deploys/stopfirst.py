"""Stop first: what has no second replica, or must never run beside its next release.

The new containers are made while the old ones still run, so that only the start is waited for. The old ones
are stopped and kept, and are started again when the new ones are not good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from composegen.deploys.readiness import until_done, until_ready
from composegen.deploys.stopping import stop

if TYPE_CHECKING:
    from composegen.deploys.planned import ServicePlan
    from composegen.deploys.transaction import Transaction

UNCHECKED = 3.0
"""Seconds that a container without a health check has to run before it counts as started."""


def replace(transaction: Transaction, plan: ServicePlan) -> None:
    """Stop the old containers, if there are any, and start the new ones; on return these are ready.

    Raises:
        NotGood: a new one will not do; the caller undoes everything.
    """
    stage, service, machine = transaction.stage, plan.wanted, transaction.stage.machine
    assert service is not None  # noqa: S101 - what is in no file is only removed
    new = transaction.create(plan, plan.create)
    if plan.replace:
        stop(stage, plan.name, machine.look(plan.replace))
        for container in machine.look(plan.replace):
            stage.progress.container(plan.name, container.name, "stopped, kept until the new one is ready")
    for container in new:
        machine.start(container.id)
    ids = [c.id for c in new]
    if service.oneshot:
        until_done(stage, service, ids)
        return
    until_ready(stage, service, ids, stay=0.0 if service.checked else UNCHECKED)
    for container in new:
        stage.progress.container(plan.name, container.name, "runs")
