"""What a command asks for, as a request: images by name, releases by number, pins taken away."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from composegen.deploys import references
from composegen.deploys.knowing import histories
from composegen.deploys.planned import Request
from composegen.deploys.store import pins, records
from composegen.errors import DeployFailed, EngineRefused, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from composegen.deploys.machine import Machine
    from composegen.deploys.store.files import State
    from composegen.deploys.store.records import History, Release
    from composegen.deploys.wanted import WantedService

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_TAG = re.compile(r"[\w][\w.-]{0,127}\Z")


@dataclass(frozen=True, slots=True)
class Desk:
    """Turns what a person typed into a request; looks at the files, the records and the registry."""

    machine: Machine
    project: Path
    state: State
    environ: Mapping[str, str]

    def pinned_to(self, service: str, image: str) -> Request:
        """Deploy a service with this image and pin it: a tag of its repository, a reference or a digest."""
        found = self.service(service)
        self._writable(found)
        try:
            assignments = {found.variable: self.name(found, image)}
        except EngineRefused as error:
            raise DeployFailed(f"{service}: {error}; nothing was changed", error.hint) from None
        return Request(services=(service,), assignments=assignments)

    def activating(self, service: str, number: int) -> Request:
        """Let a release become active again: its image, with the configuration of today.

        Raises:
            DeployFailed: its image was built here, and is gone.
        """
        found = self.service(service)
        self._writable(found)
        release = self.release(service, number)
        if not release.digest and self.machine.image(release.image) is None:
            raise DeployFailed(
                f"the image of release {number} of {service} is gone from this machine; nothing was changed",
                "it was built here: check that commit out, and build it again",
            )
        wanted = self.machine.wanted()
        numbers = {service: number}
        for other in wanted.sharing(found.variable):
            same = records.read(self.state, other.name).like(release)
            if other.name != service and same is not None:
                numbers[other.name] = same.number
        return Request(services=(service,), assignments={found.variable: release.name}, activate=numbers)

    def unpinning(self, service: str) -> Request:
        """Follow the reference again."""
        found = self.service(service)
        self._writable(found)
        if found.variable not in pins.read(self.project):
            raise UsageError(f"{service} is not pinned", "`composegen plan` shows what a deploy would do")
        return Request(services=(service,), assignments={found.variable: ""})

    def previous(self, service: str) -> int:
        """Return the number that a rollback without a number goes to."""
        history = self._history(service)
        found = history.previous()
        if found is not None:
            return found.number
        if history.current is None:
            raise UsageError(f"no release of {service} is known yet", "`composegen deploy` makes one")
        raise UsageError(
            f"{service}: before release {history.active} nothing ran another image",
            f"`composegen releases {service}` lists all; `composegen rollback {service} N` goes to any",
        )

    def service(self, name: str) -> WantedService:
        """Return a service of the user's.

        Raises:
            UsageError: there is none of this name, or it is one of composegen's own.
        """
        wanted = self.machine.wanted()
        found = wanted.get(name)
        own = ", ".join(s.name for s in wanted.services if s.own)
        if found is None:
            raise UsageError(f"there is no service {name!r}", f"services of this project: {own}")
        if not found.own:
            raise UsageError(
                f"{name} comes with composegen and has no releases", f"services with releases: {own}"
            )
        return found

    def only(self) -> str:
        """Return the service that is meant when none is named.

        Raises:
            UsageError: the project has several.
        """
        names = [s.name for s in self.machine.wanted().services if s.own and not s.oneshot]
        if len(names) == 1:
            return names[0]
        raise UsageError("which service?", f"name one of them: {', '.join(names)}")

    def release(self, service: str, number: int) -> Release:
        """Return a recorded release.

        Raises:
            UsageError: there is none of this number.
        """
        history = self._history(service)
        found = history.get(number)
        if found is None:
            numbers = ", ".join(str(r.number) for r in history.releases) or "none yet"
            raise UsageError(f"{service} has no release {number}", f"its releases: {numbers}")
        return found

    def name(self, service: WantedService, image: str) -> str:
        """Return what pins an image, ``repository@sha256:…`` or an id, once it is known to exist.

        Raises:
            UsageError: it is no name of an image.
            EngineRefused: neither the registry nor this machine has it.
        """
        asked = _reference(service, image)
        if references.is_id(asked) or service.local:
            here = self.machine.image(asked)
            if here is not None:
                return here.id
            if references.is_id(asked):
                what = f"{references.short(asked)} is to be used"
                raise EngineRefused(what, "it is not on this machine", "`docker images` lists what is")
        try:
            return self.machine.resolve(asked)
        except EngineRefused as error:
            known = references.repository(service.reference)
            hint = error.hint or f"name a tag or a digest of {known}, or a whole reference"
            raise EngineRefused(error.what, error.reason, hint) from None

    def _history(self, service: str) -> History:
        """Return a service's history, with what watchtower or make have done since the last command."""
        wanted = self.machine.wanted()
        found = histories(self.project, wanted, self.machine.observe())
        return found.get(service) or records.read(self.state, service)

    def _writable(self, service: WantedService) -> None:
        """See that a pin in the block of ``.env`` can be written, and would count."""
        pins.require_writable(self.project)
        line = pins.hand_written(self.project, service.variable)
        if line is not None:
            raise UsageError(
                f"{service.variable} is set by hand in line {line} of .env",
                "remove that line: this command writes the variable by itself",
            )
        if service.variable in self.environ:
            raise UsageError(
                f"{service.variable} is set in the environment, and would win over .env",
                f"unset {service.variable}",
            )


def _reference(service: WantedService, image: str) -> str:
    """Return the reference that a person means: bare tags and digests are of the service's repository."""
    repository = references.repository(service.reference or service.image)
    if _DIGEST.match(image):
        return image if service.local or not repository else f"{repository}@{image}"
    if "/" not in image and ":" not in image and "@" not in image and _TAG.match(image) and repository:
        return f"{repository}:{image}"
    if not image or image.startswith("-") or any(c.isspace() for c in image):
        raise UsageError(f"{image!r} names no image", "a tag, a reference or a digest")
    return image
