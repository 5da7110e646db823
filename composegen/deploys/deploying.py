"""A deploy from the lock to the unlock: settle, pause watchtower, catch up, plan, carry out, prune."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from composegen.deploys import draining, pruning, routes, updater
from composegen.deploys.catchup import catch_up
from composegen.deploys.executing import execute
from composegen.deploys.settle import settle
from composegen.deploys.store.files import State
from composegen.deploys.store.lock import lock
from composegen.deploys.survey import survey
from composegen.errors import DeployFailed, EngineRefused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from composegen.deploys.planned import Plan, Request
    from composegen.deploys.stage import Progress, Stage


def deploy(
    project: Path,
    progress: Progress,
    command: str,
    *,
    stage: Callable[[int], Stage],
    ask: Callable[[], Request],
    agreed: Callable[[Plan], bool],
) -> bool:
    """Deploy what ``ask`` returns, if ``agreed`` says so of its plan; tell whether that was done.

    ``stage`` gets the descriptor of the lock, for the commands that are started.

    Raises:
        DeployFailed: the old release goes on.
        Locked: another command holds the lock.
    """
    with lock(State(project), command, progress.say) as descriptor:
        on = stage(descriptor)
        settle(on)
        wanted = on.machine.wanted()
        with updater.paused(on, wanted):
            catch_up(on, wanted, on.machine.observe())
            request = ask()
            plan = survey(on.machine, project, request, paused=True).plan
            if not agreed(plan):
                return False
            if plan.changed and not plan.problems:
                routes.raise_routes(on, wanted)
            wanted = on.machine.wanted(request.assignments)
            try:
                execute(on, wanted, plan)
            except DeployFailed:
                with suppress(EngineRefused):  # why the deploy failed is what has to be told
                    draining.refresh(on, wanted)
                raise
            draining.refresh(on, wanted)
            pruning.prune(on)
    return True
