"""Which image each service is to run: the pin, what the registry says now, or what was accepted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from composegen.deploys.planned import Target
from composegen.deploys.references import at, fixed, is_id, short
from composegen.errors import EngineRefused

if TYPE_CHECKING:
    from composegen.deploys.known import Known
    from composegen.deploys.machine import Machine
    from composegen.deploys.observed import Image, Observed
    from composegen.deploys.planned import Request
    from composegen.deploys.wanted import Wanted, WantedService

_AT_ONCE = 8
"""Questions to registries at the same time."""


def references(wanted: Wanted, known: Known) -> set[str]:
    """Return the images to observe so that targets can be found without more questions."""
    named = {s.image for s in wanted.services} | {s.reference for s in wanted.services if s.reference}
    return named | {known.accepted[n] for n in named if n in known.accepted}


def find(
    machine: Machine, wanted: Wanted, observed: Observed, known: Known, request: Request
) -> dict[str, Target]:
    """Return the target of each service; the registry is asked once per image, nothing is pulled."""
    chooser = _Chooser(wanted, observed, known, request)
    ask = [name for name in dict.fromkeys(s.image for s in wanted.services) if chooser.asks(name)]
    answers: dict[str, str | EngineRefused] = {}
    if ask:
        with ThreadPoolExecutor(max_workers=min(len(ask), _AT_ONCE)) as pool:
            answers = dict(zip(ask, pool.map(lambda name: _asked(machine, name), ask), strict=True))
    found = {name: chooser.target(name, answers.get(name)) for name in {s.image for s in wanted.services}}
    for name, target in found.items():
        if target.pull and (image := machine.image(target.digest)) is not None:
            found[name] = replace(target, id=image.id, pull=False)
    return {s.name: found[s.image] for s in wanted.services}


def _asked(machine: Machine, reference: str) -> str | EngineRefused:
    try:
        return machine.resolve(reference)
    except EngineRefused as error:
        return error


@dataclass(frozen=True, slots=True)
class _Chooser:
    """Chooses by image name: services that share an image move together."""

    wanted: Wanted
    observed: Observed
    known: Known
    request: Request

    def sharing(self, name: str) -> list[WantedService]:
        """Return the services with this image."""
        return [s for s in self.wanted.services if s.image == name]

    def here(self, name: str) -> Image | None:
        """Return what is taken without asking: the accepted image, else what the tag means here."""
        images = self.observed.images
        return images.get(self.known.accepted.get(name, "")) or images.get(name)

    def asks(self, name: str) -> bool:
        """Whether the registry has to be asked."""
        sharing = self.sharing(name)
        if fixed(name) or any(s.local for s in sharing):
            return False
        wished = self.request.look and any(
            s.own and (s.ours or s.update == "auto" or s.name in self.request.services) for s in sharing
        )
        return wished or self.here(name) is None

    def target(self, name: str, answer: str | EngineRefused | None) -> Target:
        """Return the target; ``answer`` is the registry's, where it was asked."""
        sharing, here = self.sharing(name), self.here(name)
        if fixed(name):
            return _fixed(sharing[0], self.observed)
        if any(s.local for s in sharing):
            built = self.observed.images.get(name)
            problem = "" if built else f"there is no image {name} on this machine: `make build` makes it"
            return Target(name=name, id=built.id if built else "", problem=problem)
        if isinstance(answer, str):
            image = _with(self.observed, answer)
            return Target(name=name, id=image.id if image else "", digest=answer, pull=image is None)
        if here is None or any(s.ours or s.name in self.request.services for s in sharing if answer):
            return Target(name=name, problem=str(answer))
        note = f"{answer}; what is here stays" if answer else ""
        return Target(name=name, id=here.id, digest=here.digest_of(name), note=note)


def _fixed(service: WantedService, observed: Observed) -> Target:
    name = service.image
    image = observed.images.get(name)
    if is_id(name):
        if image is not None:
            return Target(name=name, id=image.id)
        problem = (
            f"it is pinned to {short(name)}, which is not on this machine: "
            f"`composegen release unpin {service.name}`, or build it again"
        )
        return Target(name=name, problem=problem)
    digest = at(name, name.partition("@")[2])
    image = image or _with(observed, digest)
    return Target(name=name, id=image.id if image else "", digest=digest, pull=image is None)


def _with(observed: Observed, digest: str) -> Image | None:
    """Return the image that has this digest name."""
    return next((i for i in observed.images.values() if digest in i.digests), None)
