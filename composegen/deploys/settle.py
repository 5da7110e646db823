"""Finishing or undoing what an intent says: at the end of a deploy, and when one was interrupted.

Both go by the intent and by what is there, never by what somebody remembers, so they can be interrupted
and run again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from composegen.deploys import committing, updater
from composegen.deploys.draining import frontend as frontend_of
from composegen.deploys.draining import reset
from composegen.deploys.inspecting import moment
from composegen.deploys.readiness import SLACK, NotGood, holdable, ready_ones, until_ready
from composegen.deploys.stage import LOOK
from composegen.deploys.stopping import stop
from composegen.deploys.store import intent as intents
from composegen.deploys.wanted import WantedService
from composegen.errors import ComposegenError, EngineRefused

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
    carry = finish if found.commit else undo
    carry(stage, wanted, found)
    # Only then is it settled: who is interrupted before lets the next command do all of this again.
    reset(stage, wanted)
    close(stage)
    updater.release(stage)
    return True


def close(stage: Stage) -> None:
    """Everything that the intent says is done, or undone."""
    intents.remove(stage.state)
    stage.flags.clear()


def finish(stage: Stage, wanted: Wanted, intent: Intent, frontend: Frontend | None = None) -> tuple[str, ...]:
    """Carry the commit out and take the old containers away; drained where they served.

    Returns the services whose old containers were left running, because nothing else of them is ready.
    """
    if intent.commit is not None:
        committing.carry_out(stage, intent.commit)
    frontend = frontend or frontend_of(stage, wanted)
    gone = {p.service: _retire(stage, _service(wanted, p), p, frontend) for p in intent.parts}
    return tuple(name for name, well in gone.items() if not well)


def undo(stage: Stage, wanted: Wanted, intent: Intent, frontend: Frontend | None = None) -> tuple[str, ...]:
    """Point the tags back, take the new containers away, and see that the old ones serve.

    Returns the services whose old containers do not.

    Raises:
        ComposegenError: the old ones do not get ready, and a new one serves: that one is left running.
    """
    machine = stage.machine
    for reference, image in intent.tags.items():
        here = machine.image(reference)
        if image and (here is None or here.id != image) and machine.image(image) is not None:
            machine.tag(image, reference)
    frontend = frontend or frontend_of(stage, wanted)
    since, down = moment(intent.since), []
    for part in reversed(intent.parts):
        service = _service(wanted, part)
        problem = ""
        if part.how == "run":
            _remove(stage, part.service, _sides(stage, part)[1])
        elif part.how in _STOP_FIRST:
            problem = _take_back(stage, service, part, since)
        else:
            problem = _withdraw(stage, service, part, frontend, since)
        frontend.end(service)
        if problem:
            stage.progress.warn(problem)
            # Some of several may serve all the same.
            down += [] if ready_ones(stage.machine.observe().of(part.service)) else [part.service]
    return tuple(down)


def _retire(stage: Stage, service: WantedService, part: Part, frontend: Frontend) -> bool:
    """Take the old containers away; False when they had to be left, as nothing else is ready."""
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
            return False
    _remove(stage, part.service, going)
    frontend.end(service)
    return True


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


def _withdraw(stage: Stage, service: WantedService, part: Part, frontend: Frontend, since: float) -> str:
    """Undo a rolling deploy: old ones that were parked or held serve again, before new ones go.

    Returns why they do not, '' when they do.
    """
    machine = stage.machine
    old, new = _sides(stage, part)
    old = _ended(stage, old, since)
    serving = tuple(c for c in new if c.running and not (holdable(service) and stage.flags.up(c)))
    idle = [c for c in old if not c.running or stage.flags.up(c)]
    # Of those that an earlier attempt has let go on already it matters only when new ones are to go.
    late = [c for c in old if c in idle or (serving and not c.ready)]
    stage.flags.lower_for(old)
    problem = _bring_back(stage, service, idle, late)
    beside = tuple(c for c in machine.observe().of(part.service) if c.id not in {n.id for n in new})
    if ready_ones(serving) and not ready_ones(beside):
        raise ComposegenError(
            f"{problem or f'no old container of {part.service} is ready'}; its new ones serve, and are left",
            "see `composegen logs`, then run the deploy again",
        )
    if serving and service.routed and ready_ones(beside):
        for container in serving:
            stage.progress.container(part.service, container.name, "draining")
        frontend.drain(service, serving, ready_ones(beside))
    _remove(stage, part.service, new, at_once=not serving)
    return problem


def _take_back(stage: Stage, service: WantedService, part: Part, since: float) -> str:
    """Undo a stop-first deploy: never both, so the new ones go before the old ones start.

    Returns why these do not serve, '' when they do.
    """
    old, new = _sides(stage, part)
    _remove(stage, part.service, new)
    stage.flags.lower_for(old)
    old = _ended(stage, old, since)
    return _bring_back(stage, service, [c for c in old if not c.running], [c for c in old if not c.ready])


def _ended(stage: Stage, containers: Sequence[Container], since: float) -> tuple[Container, ...]:
    """Wait for those that were told to end since this deploy began, and return all as they are then.

    The engine goes on ending them when the command that asked for it was interrupted, and they would
    pass for running until then.
    """
    machine = stage.machine
    names = [c.id for c in containers]
    told = {o.container: o.when for o in machine.orders(since)}
    limit = machine.now() + max((c.grace for c in containers), default=0.0) + SLACK
    while True:
        found = machine.look(names)
        ending = [c for c in found if c.running and c.started < told.get(c.id, 0.0)]
        if not ending or machine.now() >= limit:
            return found
        for container in ending:
            stage.progress.container(container.service, container.name, "is stopping")
        machine.sleep(LOOK)


def _bring_back(
    stage: Stage, service: WantedService, idle: Sequence[Container], late: Sequence[Container]
) -> str:
    """Start old containers, and wait until the late ones serve; return why some do not, '' when all do."""
    refused = {c.id: why for c in idle if (why := _started(stage, c))}
    problem = _wait(stage, service, [c for c in late if c.id not in refused])
    return "; ".join(filter(None, (*refused.values(), problem)))


def _started(stage: Stage, container: Container) -> str:
    try:
        stage.machine.start(container.id)
    except EngineRefused as error:
        return f"{container.name} does not start again: {error.reason}"
    stage.progress.container(container.service, container.name, "started again")
    return ""


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


def _service(wanted: Wanted, part: Part) -> WantedService:
    return wanted.get(part.service) or WantedService(name=part.service, image=part.image)
