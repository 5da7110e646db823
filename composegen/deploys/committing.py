"""The commit: what a successful deploy writes down, and carrying that out, as often as needed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from composegen.deploys import references
from composegen.deploys.store import accepted, mounts, pins, records
from composegen.deploys.store.intent import Commit
from composegen.deploys.store.pins import Pin
from composegen.deploys.store.records import Activation, Release, utc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from composegen.deploys.observed import Image
    from composegen.deploys.planned import ServicePlan
    from composegen.deploys.stage import Stage
    from composegen.deploys.wanted import WantedService


def prepare(
    stage: Stage,
    plans: tuple[ServicePlan, ...],
    images: Mapping[str, Image],
    assignments: Mapping[str, str],
) -> Commit:
    """Return what the services of ``plans`` become; ``images`` are those that they run now."""
    when = utc(stage.machine.now())
    tags, pinned, applied = {}, {}, {}
    releases: list[tuple[str, Release]] = []
    activations: list[tuple[str, Activation]] = []
    for plan in plans:
        service = plan.wanted
        image = images.get(plan.name)
        if service is None or image is None:
            continue
        if not references.fixed(service.image):
            tags[service.image] = image.id
        if service.variable in assignments:
            pinned[service.variable] = _pin(assignments[service.variable], service)
        applied[service.name] = dict(service.mounts)
        if plan.release is None:
            continue
        release, activation = _release(stage, plan, service, image, when)
        if release is not None:
            releases.append((plan.name, release))
        if activation is not None:
            activations.append((plan.name, activation))
    return Commit(
        tags=tags,
        pins=pinned,
        releases=tuple(releases),
        activations=tuple(activations),
        mounts=applied,
        time=when,
    )


def carry_out(stage: Stage, commit: Commit) -> None:
    """Write everything down; what is written already stays as it is."""
    state, machine = stage.state, stage.machine
    for reference, image in commit.tags.items():
        here = machine.image(reference)
        if here is None or here.id != image:
            machine.tag(image, reference)
        accepted.accept(state, reference, image, commit.time)
    if commit.pins:
        pins.change(stage.project, commit.pins)
    for service in dict.fromkeys(s for s, _ in (*commit.releases, *commit.activations)):
        history = records.read(state, service)
        for name, release in commit.releases:
            history = history.added(release) if name == service else history
        for name, activation in commit.activations:
            history = history.activated(activation) if name == service else history
        records.write(state, history)
    mounts.update(state, commit.mounts)


def _pin(image: str, service: WantedService) -> Pin | None:
    return Pin(image, service.reference) if image else None


def _release(
    stage: Stage, plan: ServicePlan, service: WantedService, image: Image, when: str
) -> tuple[Release | None, Activation | None]:
    """Return a new release, if it is one, and the activation, if another one becomes active."""
    options = stage.options
    history = records.read(stage.state, plan.name)
    known = history.get(plan.release)
    release = None
    if known is None:
        name = service.image if references.fixed(service.image) else service.reference or service.image
        target = plan.target
        release = Release(
            number=plan.release or history.next_number,
            image=image.id,
            digest=(target.digest if target else "") or image.digest_of(name),
            reference=service.reference or service.image,
            fingerprint=service.fingerprint,
            time=when,
            commit=options.commit,
            who=options.who,
            how="deploy" if options.how in {"deploy", "unpin"} else options.how,
        )
    elif not known.image:
        release = replace(known, image=image.id)
    number = release.number if release is not None else plan.release
    if number is None or number == history.active:
        return release, None
    return release, Activation(number=number, time=when, who=options.who, how=options.how)
