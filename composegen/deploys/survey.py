"""Looking: everything that a plan needs, asked for, and the plan made of it. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from composegen.deploys import routes, targets, updater
from composegen.deploys.knowing import caught_up, stored
from composegen.deploys.plan import plan
from composegen.deploys.store.files import State

if TYPE_CHECKING:
    from pathlib import Path

    from composegen.deploys.known import Known
    from composegen.deploys.machine import Machine
    from composegen.deploys.observed import Observed
    from composegen.deploys.planned import Plan, Request
    from composegen.deploys.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Survey:
    """One look: what is wanted (with the request's assignments), what runs, what is known, the plan."""

    wanted: Wanted
    observed: Observed
    known: Known
    plan: Plan


def survey(machine: Machine, project: Path, request: Request, *, paused: bool = False) -> Survey:
    """Look and plan, as if the news were recorded and changed routes had their new names already.

    ``paused``: watchtower is so because this deploy has paused it.

    Raises:
        ComposegenError: the files cannot be read, or a service that was named is not there.
    """
    wanted = machine.wanted(request.assignments)
    renamed = routes.pending(State(project), wanted)
    if renamed:
        wanted = machine.wanted({**request.assignments, **renamed})
    observed = machine.observe(targets.references(wanted, stored(project)))
    if paused:
        observed = updater.as_if_running(observed)
    known = caught_up(project, wanted, observed)
    found = targets.find(machine, wanted, observed, known, request)
    return Survey(wanted, observed, known, plan(wanted, observed, known, request, found))
