"""What happened since the last command: updates by watchtower, and starts by make, get their record.

A plan looks at the same (``found``) without writing; a command that changes something writes it down first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from composegen.deploys import references
from composegen.deploys.observed import applied
from composegen.deploys.store import accepted, records
from composegen.deploys.store.files import State
from composegen.deploys.store.records import Activation, History, Release, utc

if TYPE_CHECKING:
    from pathlib import Path

    from composegen.deploys.observed import Container, Observed
    from composegen.deploys.stage import Stage
    from composegen.deploys.wanted import Wanted, WantedService

_WATCHTOWER, _MAKE = "watchtower", "up"


@dataclass(frozen=True, slots=True)
class News:
    """An image or a configuration that all replicas of a service run, and that is not its active release."""

    service: str
    image: str
    digest: str
    reference: str
    fingerprint: str
    time: str
    """When its first container was made, UTC."""
    how: str
    """watchtower, or up for make."""


def found(wanted: Wanted, observed: Observed, project: Path) -> tuple[News, ...]:
    """Return what runs, complete and ready, and was not recorded as active."""
    state = State(project)
    news = []
    for service in wanted.services:
        if not service.own or service.oneshot:
            continue
        containers = observed.of(service.name)
        history = records.read(state, service.name)
        current = history.current
        # Before anything was recorded there is no update to wait for, and the files may ask for more now.
        least = 1 if current is None else applied(containers, service.replicas)
        if len(containers) < least or not all(c.ready for c in containers):
            continue
        images = {c.image for c in containers}
        if len(images) > 1:
            continue
        if current is not None and current.image in images and not _configured(service, containers, history):
            continue
        news.append(_news(service, containers, observed))
    return tuple(news)


def _configured(service: WantedService, containers: tuple[Container, ...], history: History) -> bool:
    """Tell whether make has made these containers since the last activation, with another configuration.

    An old release that was activated runs with a configuration of later ones: that is no news.
    """
    current = history.current
    if current is None or current.fingerprint in {"", service.fingerprint}:
        return False
    since, how = next(((a.time, a.how) for a in reversed(history.activations)), ("", _MAKE))
    if any(c.config_hash != service.config_hash or utc(c.created) <= since for c in containers):
        return False
    known = any(r.fingerprint == service.fingerprint for r in history.releases)
    return not known or how in {"deploy", _WATCHTOWER, _MAKE}


def recorded(history: History, news: News) -> History:
    """Return the history with the news in it: the release that it is, now active."""
    known = history.find(news.image, news.fingerprint)
    number = known.number if known else history.next_number
    who = news.how if news.how == _WATCHTOWER else ""
    release = Release(
        number=number,
        image=news.image,
        digest=news.digest,
        reference=news.reference,
        fingerprint=news.fingerprint,
        time=news.time,
        who=who,
        how=news.how,
    )
    activation = Activation(number=number, time=news.time, who=who, how=news.how)
    return history.added(release).activated(activation)


def catch_up(stage: Stage, wanted: Wanted, observed: Observed) -> None:
    """Record the news, accept what watchtower brought, and point tags back that were moved.

    Needs the lock, and watchtower paused.
    """
    state = stage.state
    for news in found(wanted, observed, stage.project):
        history = recorded(records.read(state, news.service), news)
        records.write(state, history)
        if news.how == _WATCHTOWER:
            stage.progress.say(
                f"{news.service}: watchtower has updated it; recorded as release {history.active}."
            )
    _accept(stage, wanted, observed)


def _accept(stage: Stage, wanted: Wanted, observed: Observed) -> None:
    """Do what the runner's ``settle_images`` does: see docs/explanation/runner.md."""
    machine, state = stage.machine, stage.state
    known = accepted.read(state)
    for reference in dict.fromkeys(s.image for s in wanted.services):
        sharing = [s for s in wanted.services if s.image == reference]
        if references.fixed(reference) or any(s.local for s in sharing):
            continue
        before = known.get(reference)
        ran = ran_by_all(sharing, observed, before.since if before else "")
        image = before.image if before else ""
        if ran and ran != image:
            image = ran
            accepted.accept(state, reference, image, utc(machine.now()))
        here = machine.image(reference)
        if image and (here is None or here.id != image) and machine.image(image) is not None:
            machine.tag(image, reference)


def ran_by_all(sharing: list[WantedService], observed: Observed, since: str) -> str:
    """Return the one image that all their containers run, ready and complete in number; else ''.

    Containers that are older than the last acceptance are no update: `make pull` has accepted something
    that `make up` has not started yet. Nor are those that were made from another reference: the files
    name a new one, which was never tried.
    """
    images: set[str] = set()
    for service in sharing:
        containers = observed.of(service.name)
        if not containers and (service.manual or not service.replicas):
            continue
        if len(containers) < applied(containers, service.replicas):
            return ""
        if any(utc(c.created) < since or not _well(service, c) for c in containers):
            return ""
        if any(c.reference not in {"", service.image} for c in containers):
            return ""
        images |= {c.image for c in containers}
    return images.pop() if len(images) == 1 else ""


def _well(service: WantedService, container: Container) -> bool:
    if service.oneshot:
        return container.state == "exited" and container.exit_code == 0
    return container.ready


def _news(service: WantedService, containers: tuple[Container, ...], observed: Observed) -> News:
    newest = max(containers, key=lambda c: c.created)
    image = observed.images.get(newest.image)
    name = service.image if references.fixed(service.image) else service.reference or service.image
    return News(
        service=service.name,
        image=newest.image,
        digest=image.digest_of(name) if image else "",
        reference=service.reference or service.image,
        # What it was configured with is not known any more once the files have changed.
        fingerprint=service.fingerprint if newest.config_hash == service.config_hash else "",
        time=utc(min(c.created for c in containers)),
        # watchtower copies the labels of the old container, what Compose noted of its image included.
        how=_WATCHTOWER if newest.compose_image not in {"", newest.image} else _MAKE,
    )
