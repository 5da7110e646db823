"""One transaction of a deploy: services whose images move together, or a service alone.

Everything that it does to the engine is in its intent before it is done, so that whoever comes later can
finish it, when it was committed, or undo it.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from composegen.deploys import references
from composegen.deploys.store import intent as intents
from composegen.deploys.store.records import utc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from composegen.deploys.draining import Frontend
    from composegen.deploys.observed import Container
    from composegen.deploys.planned import ServicePlan
    from composegen.deploys.stage import Stage
    from composegen.deploys.store.intent import Commit, Intent, Part
    from composegen.deploys.wanted import Wanted, WantedService


@dataclass
class Transaction:
    """Mutable: ``intent`` is what stands in the file."""

    stage: Stage
    wanted: Wanted
    plans: tuple[ServicePlan, ...]
    assignments: Mapping[str, str]
    images: Mapping[str, str]
    """Service to the id of the image that it gets."""
    frontend: Frontend
    intent: Intent

    def part(self, service: str) -> Part:
        """Return what the intent says of a service."""
        return next(p for p in self.intent.parts if p.service == service)

    def note(self, service: str, made: tuple[str, ...]) -> None:
        """Write down that these containers were made for a service."""
        parts = tuple(
            replace(p, new=(*p.new, *made)) if p.service == service else p for p in self.intent.parts
        )
        self.intent = replace(self.intent, parts=parts)
        intents.write(self.stage.state, self.intent)

    def commit(self, commit: Commit) -> None:
        """From this write on the deploy is finished, not undone, whatever happens."""
        self.intent = replace(self.intent, commit=commit)
        intents.write(self.stage.state, self.intent)

    def create(self, plan: ServicePlan, number: int) -> tuple[Container, ...]:
        """Make containers of the service's new image, not started, and write their ids down."""
        assert plan.wanted is not None  # noqa: S101 - what is in no file is never made
        with pointed(self.stage, plan.wanted, self.images[plan.name]):
            made = self.stage.machine.create(plan.name, number, self.assignments)
        self.note(plan.name, tuple(c.id for c in made))
        for container in made:
            self.stage.progress.container(plan.name, container.name, "created")
        return made


@contextmanager
def pointed(stage: Stage, service: WantedService, image: str) -> Iterator[None]:
    """Let the service's tag mean ``image`` inside: Compose notes what it finds there in its labels."""
    machine, name = stage.machine, service.image
    before = None if references.fixed(name) else machine.image(name)
    if references.fixed(name) or (before is not None and before.id == image):
        yield
        return
    machine.tag(image, name)
    try:
        yield
    finally:
        if before is not None:
            machine.tag(before.id, name)


def begin(
    stage: Stage,
    wanted: Wanted,
    plans: tuple[ServicePlan, ...],
    *,
    assignments: Mapping[str, str],
    images: Mapping[str, str],
    frontend: Frontend,
) -> Transaction:
    """Write the intent, and return the transaction that carries it out."""
    tags = {}
    for plan in plans:
        name = plan.wanted.image if plan.wanted else ""
        if name and not references.fixed(name):
            here = stage.machine.image(name)
            tags[name] = here.id if here else ""
    found = intents.Intent(
        command=stage.options.command,
        who=stage.options.who,
        since=utc(stage.machine.now()),
        tags=tags,
        parts=tuple(_part(p, images.get(p.name, "")) for p in plans),
    )
    intents.write(stage.state, found)
    return Transaction(stage, wanted, plans, assignments, images, frontend, found)


def _part(plan: ServicePlan, image: str) -> Part:
    return intents.Part(
        service=plan.name,
        how=plan.how,
        image=image,
        old=plan.replace,
        keep=plan.keep,
        surplus=plan.remove,
    )
