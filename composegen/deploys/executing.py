"""Carrying out a plan: pull everything, then one transaction after the other.

Needs the lock, a settled project and watchtower paused; ``composegen.deploys.deploying`` sees to these.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from composegen.deploys import committing, rolling, stopfirst, updater
from composegen.deploys.draining import frontend as frontend_of
from composegen.deploys.readiness import NotGood, evidence
from composegen.deploys.settle import close, finish, undo
from composegen.deploys.store import pins
from composegen.deploys.transaction import Transaction, begin
from composegen.errors import ComposegenError, DeployFailed, EngineRefused, EngineUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from composegen.deploys.observed import Image
    from composegen.deploys.planned import Plan, ServicePlan
    from composegen.deploys.stage import Stage
    from composegen.deploys.wanted import Wanted

_GONE_WELL = (Exception, KeyboardInterrupt, SystemExit)


def execute(stage: Stage, wanted: Wanted, plan: Plan) -> None:
    """Do what the plan says; ``wanted`` is with the plan's assignments.

    Raises:
        DeployFailed: something was not good; the services that it is about are as they were.
    """
    for one in plan.problems:
        stage.progress.warn(f"error: {one.name}: {one.problem}")
    if plan.problems:
        raise DeployFailed(f"{names(plan.problems)} cannot be deployed; nothing was changed")
    with _untouched(stage, names(plan.changed)):
        images = _fetch(stage, plan)
    done: list[str] = []
    for group in groups(plan):
        mine = [p.name for p in group]
        try:
            _one(stage, wanted, plan, group, images)
        except DeployFailed as failed:
            left = [p.name for p in plan.changed if p.name not in {*done, *mine}]
            rest = f"; not begun: {', '.join(left)}" if left else ""
            before = f"; done before: {', '.join(done)}" if done else ""
            raise DeployFailed(f"{failed}{before}{rest}", failed.hint) from None
        done += mine
    _pin_only(stage, plan)


def groups(plan: Plan) -> Iterator[tuple[ServicePlan, ...]]:
    """Yield what succeeds or fails together: services of one image; watchtower last, as it is paused."""
    changed = sorted(plan.changed, key=lambda p: p.name == updater.SERVICE)
    seen: set[str] = set()
    for one in changed:
        variable = one.wanted.variable if one.wanted else ""
        if one.name in seen:
            continue
        shared = [p for p in changed if variable and p.wanted and p.wanted.variable == variable]
        group = tuple(shared) or (one,)
        seen |= {p.name for p in group}
        yield group


def _fetch(stage: Stage, plan: Plan) -> dict[str, Image]:
    """Return the image that each service is to run; pull what is not here, by digest."""
    found: dict[str, Image] = {}
    for one in plan.changed:
        target = one.target
        if one.wanted is None or target is None:
            continue
        try:
            if target.pull:
                stage.progress.say(f"{one.name}: pulling {target.digest}")
                image = stage.machine.pull(target.digest)
            else:
                here = stage.machine.image(target.id or target.digest or target.name)
                image = here if here is not None else stage.machine.pull(target.digest or target.name)
        except EngineRefused as error:
            raise DeployFailed(f"{one.name}: {error}; nothing was changed", error.hint) from None
        found[one.name] = image
    return found


def _one(
    stage: Stage,
    wanted: Wanted,
    plan: Plan,
    group: tuple[ServicePlan, ...],
    images: Mapping[str, Image],
) -> None:
    """Carry out one transaction."""
    try:
        with _untouched(stage, names(group)):
            for one in group:
                _pre_deploy(stage, plan, one, images)
    except EngineRefused as error:
        raise DeployFailed(f"{error}; what runs was not touched", error.hint) from None
    if any(p.name == updater.SERVICE for p in group):
        updater.release(stage)
    frontend = frontend_of(stage, wanted)
    ids = {name: image.id for name, image in images.items()}
    try:
        transaction = begin(stage, wanted, group, assignments=plan.assignments, images=ids, frontend=frontend)
    except EngineUnreachable:
        raise
    except ComposegenError as error:
        raise DeployFailed(f"{names(group)}: {error}; what runs was not touched", error.hint) from None
    try:
        _bring_up(transaction)
        transaction.commit(committing.prepare(stage, group, images, plan.assignments))
    except NotGood as failed:
        stage.progress.warn(f"error: {failed}")
        try:
            evidence(stage, failed)
        finally:
            down = _undo(transaction)
        raise DeployFailed(f"{failed.service}: the deploy failed; {_before(group, down)}") from None
    except EngineUnreachable:
        # The intent stays: the next command undoes this as soon as the engine is back.
        raise
    except ComposegenError as error:
        stage.progress.warn(f"error: {error}")
        down = _undo(transaction)
        raise DeployFailed(f"{names(group)}: the deploy failed; {_before(group, down)}", error.hint) from None
    except _GONE_WELL:
        # Interrupted, or a fault of our own: nothing half-done is left, if that can be helped.
        stage.progress.warn(f"{names(group)}: interrupted before the new release was taken; undoing it.")
        _undo(transaction)
        raise
    try:
        left = finish(stage, wanted, transaction.intent, frontend)
        close(stage)
    except _GONE_WELL:
        stage.progress.warn(
            f"{names(group)}: the new release was taken, and serves; what is left of the old one goes with "
            "the next `composegen deploy`."
        )
        raise
    if left:
        raise ComposegenError(
            f"{', '.join(left)}: the new release was taken, and is not ready any more; what ran before was "
            "left running",
            "see `composegen ps` and `composegen logs`; `composegen rollback` goes to the release before",
        )
    for one in group:
        stage.progress.say(_said(one))


@contextmanager
def _untouched(stage: Stage, what: str) -> Iterator[None]:
    """Say, when Ctrl-C or a signal ends the inside, that nothing was done so far."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        stage.progress.warn(f"{what}: interrupted; what runs was not touched.")
        raise


def _pin_only(stage: Stage, plan: Plan) -> None:
    """Write the pins, or take them away, of services that run what they are to run already."""
    changed = {p.wanted.variable for p in plan.changed if p.wanted is not None}
    there = {variable: pin.image for variable, pin in pins.read(stage.project).items()}
    missing = {v for v, image in plan.assignments.items() if there.get(v, "") != image} - changed
    left = tuple(p for p in plan.services if p.wanted is not None and p.wanted.variable in missing)
    found = {p.name: stage.machine.image(p.target.id) for p in left if p.target is not None}
    images = {name: image for name, image in found.items() if image is not None}
    if images:
        commit = committing.prepare(stage, left, images, plan.assignments)
        committing.carry_out(stage, commit)
        for variable, pin in commit.pins.items():
            stage.progress.say(f"{variable}: {'written to' if pin else 'removed from'} .env.")


def _bring_up(transaction: Transaction) -> None:
    """Rolling ones first: what stops first costs downtime, and should not do so for nothing."""
    for one in sorted(transaction.plans, key=lambda p: p.how != "roll"):
        if not one.create:
            continue
        if one.how == "roll":
            rolling.bring_in(transaction, one)
        else:
            stopfirst.replace(transaction, one)


def _undo(transaction: Transaction) -> tuple[str, ...]:
    """Undo it; return the services whose old containers do not serve for all that."""
    try:
        down = undo(transaction.stage, transaction.wanted, transaction.intent, transaction.frontend)
        close(transaction.stage)
    except ComposegenError as error:
        hint = error.hint or "`composegen deploy` tries to undo it again before it does anything else"
        raise DeployFailed(f"{transaction.intent.about}: it could not be undone: {error}", hint) from None
    return down


def _pre_deploy(stage: Stage, plan: Plan, one: ServicePlan, images: Mapping[str, Image]) -> None:
    service = one.wanted
    if service is None or service.pre_deploy is None or not one.prepares:
        return
    stage.progress.say(f"{one.name}: running its pre-deploy command in the new image")
    image = images[one.name]
    assignments = {**plan.assignments, service.variable: image.digest_of(service.image) or image.id}
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        stage.progress.say(f"{one.name} pre-deploy | {line}")

    code = stage.machine.run_once(one.name, service.pre_deploy, assignments, say=say)
    if code:
        raise DeployFailed(
            f"{one.name}: its pre-deploy command ended with exit code {code}; {_before((one,))}",
            "its output stands above; nothing was started",
        )


def names(group: tuple[ServicePlan, ...]) -> str:
    """Return the services of a group, for messages."""
    return ", ".join(p.name for p in group)


def _before(group: tuple[ServicePlan, ...], down: tuple[str, ...] = ()) -> str:
    """Say what runs after a deploy that failed; ``down`` are services that it could not bring back."""
    if down:
        return f"what ran before of {', '.join(down)} does not serve either, see above"
    old = [f"{p.name} runs release {p.before}" for p in group if p.before is not None]
    if old:
        return f"{', '.join(old)} as before"
    return "what ran before runs on" if any(p.replace or p.keep for p in group) else "nothing of it runs"


def _said(one: ServicePlan) -> str:
    if one.wanted is None:
        return f"{one.name}: removed."
    if one.how == "remove":
        return f"{one.name}: {len(one.remove)} removed, {len(one.keep)} left."
    release = f", release {one.release}" if one.release is not None else ""
    return f"{one.name}: done{release}."
