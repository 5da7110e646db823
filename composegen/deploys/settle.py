"""Finishing or undoing what an intent says: at the end of a deploy, and when one was interrupted.

Both go by the intent and by what is there, never by what somebody remembers, so they can be interrupted
and run again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from composegen.deploys import committing, updater
from composegen.deploys.draining import frontend as frontend_of
from composegen.deploys.draining import reset
from composegen.deploys.readiness import NotGood, holdable, ready_ones, until_ready
from composegen.deploys.stage import LOOK
from composegen.deploys.stopping import stop
from composegen.deploys.store import intent as intents
from composegen.deploys.wanted import WantedService
from composegen.errors import ComposegenError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from composegen.deploys.draining import Frontend
    from composegen.deploys.observed import Container
    from composegen.deploys.stage import Stage
    from composegen.deploys.store.intent import Intent, Part
    from composegen.deploys.wanted import Wanted

_STOP_FIRST = frozenset({"stop", "safe"})


def settle(stage: Stage) -> bool:
    """Finish or undo an interrupted deploy, if there was one; needs the lock. Tell whether there was.

    Raises:
        ComposegenError: it cannot be done now; the intent stays.
    """
    found = intents.read(stage.state)
    if found is None:
        stage.flags.clear()
        updater.release(stage)
        return False
    wanted = stage.machine.wanted()
    end = "finished" if found.commit else "undone"
    stage.progress.say(
        f"An interrupted deploy of {found.about} is {end} first ({found.command}, {found.since})."
    )
    close = finish if found.commit else undo
    close(stage, wanted, found)
    reset(stage, wanted)
    updater.release(stage)
    return True


def finish(stage: Stage, wanted: Wanted, intent: Intent, frontend: Frontend | None = None) -> None:
    """Carry the commit out and take the old containers away; drained where they served."""
    if intent.commit is not None:
        committing.carry_out(stage, intent.commit)
    frontend = frontend or frontend_of(stage, wanted)
    for part in intent.parts:
        _retire(stage, _service(wanted, part), part, frontend)
    _close(stage)


def undo(stage: Stage, wanted: Wanted, intent: Intent, frontend: Frontend | None = None) -> None:
    """Point the tags back, take the new containers away, and see that the old ones serve.

    Raises:
        ComposegenError: the old ones do not get ready, and a new one serves: that one is left running.
    """
    machine = stage.machine
    for reference, image in intent.tags.items():
        here = machine.image(reference)
        if image and (here is None or here.id != image) and machine.image(image) is not None:
            machine.tag(image, reference)
    frontend = frontend or frontend_of(stage, wanted)
    for part in reversed(intent.parts):
        service = _service(wanted, part)
        if part.how == "run":
            _remove(stage, part.service, _sides(stage, part)[1])
        elif part.how in _STOP_FIRST:
            _take_back(stage, service, part)
        else:
            _withdraw(stage, service, part, frontend)
        frontend.end(service)
    _close(stage)


def _retire(stage: Stage, service: WantedService, part: Part, frontend: Frontend) -> None:
    machine = stage.machine
    mine = machine.observe().of(part.service)
    going = tuple(c for c in mine if c.id in {*part.old, *part.surplus})
    stay = tuple(c for c in mine if c.id not in {*part.old, *part.surplus})
    serving = tuple(c for c in going if c.running)
    if serving and (part.keep or part.new):
        if _some_ready(stage, service, part, stay) and holdable(service):
            for container in serving:
                stage.progress.container(part.service, container.name, "draining")
            frontend.drain(service, serving, ready_ones(machine.look([c.id for c in stay])))
        # Looked at once more: during a drain a new release may die.
        if not _some_ready(stage, service, part, stay):
            names = ", ".join(c.name for c in serving)
            stage.progress.warn(f"{part.service}: nothing else of it is ready, so {names} is left running.")
            stage.flags.lower_for(serving)
            frontend.end(service)
            return
    _remove(stage, part.service, going)
    frontend.end(service)


def _some_ready(stage: Stage, service: WantedService, part: Part, containers: Sequence[Container]) -> bool:
    """Tell whether one of them is ready; a check that has just failed may pass the next time."""
    machine = stage.machine
    limit = machine.now() + 2 * (service.interval + service.timeout)
    while not ready_ones(machine.look([c.id for c in containers])):
        if machine.now() >= limit:
            return False
        stage.progress.container(part.service, "its new containers", "not ready at the moment")
        machine.sleep(LOOK)
    return True


def _withdraw(stage: Stage, service: WantedService, part: Part, frontend: Frontend) -> None:
    """Undo a rolling deploy: old ones that were parked or held serve again, before new ones go."""
    machine = stage.machine
    old, new = _sides(stage, part)
    serving = tuple(c for c in new if c.running and not (holdable(service) and stage.flags.up(c)))
    idle = [c for c in old if not c.running or stage.flags.up(c)]
    # Of those that an earlier attempt has let go on already it matters only when new ones are to go.
    late = [c for c in old if c in idle or (serving and not c.ready)]
    stage.flags.lower_for(old)
    for container in idle:
        machine.start(container.id)
    problem = _wait(stage, service, late)
    beside = tuple(c for c in machine.observe().of(part.service) if c.id not in {n.id for n in new})
    if ready_ones(serving) and not ready_ones(beside):
        raise ComposegenError(
            f"{problem or f'no old container of {part.service} is ready'}; its new ones serve, and are left",
            "see `composegen logs`, then run the deploy again",
        )
    if problem:
        stage.progress.warn(problem)
    if serving and service.routed and ready_ones(beside):
        for container in serving:
            stage.progress.container(part.service, container.name, "draining")
        frontend.drain(service, serving, ready_ones(beside))
    _remove(stage, part.service, new, at_once=not serving)


def _take_back(stage: Stage, service: WantedService, part: Part) -> None:
    """Undo a stop-first deploy: never both, so the new ones go before the old ones start."""
    old, new = _sides(stage, part)
    _remove(stage, part.service, new)
    stage.flags.lower_for(old)
    for container in old:
        if not container.running:
            stage.machine.start(container.id)
            stage.progress.container(part.service, container.name, "started again")
    problem = _wait(stage, service, [c for c in old if not c.ready])
    if problem:
        stage.progress.warn(problem)


def _sides(stage: Stage, part: Part) -> tuple[tuple[Container, ...], tuple[Container, ...]]:
    """Return the old containers and the new ones. A new one that is not listed was never started."""
    mine = stage.machine.observe().of(part.service)
    known = {*part.old, *part.keep, *part.surplus}
    new = tuple(
        c
        for c in mine
        if c.id in part.new or (c.id not in known and c.state == "created" and c.image == part.image)
    )
    return tuple(c for c in mine if c.id in part.old), new


def _wait(stage: Stage, service: WantedService, containers: Sequence[Container]) -> str:
    """Wait until old containers serve again; return why they do not, '' when they do."""
    if not containers:
        return ""
    try:
        until_ready(stage, service, [c.id for c in containers])
    except NotGood as failed:
        return str(failed)
    return ""


def _remove(stage: Stage, service: str, containers: Sequence[Container], *, at_once: bool = False) -> None:
    if not at_once:
        stop(stage, service, containers)
    for container in containers:
        stage.machine.remove(container.id)
        stage.progress.container(service, container.name, "removed")
    stage.flags.lower_for(containers)


def _close(stage: Stage) -> None:
    intents.remove(stage.state)
    stage.flags.clear()


def _service(wanted: Wanted, part: Part) -> WantedService:
    return wanted.get(part.service) or WantedService(name=part.service, image=part.image)
