"""``Known`` from the store, with what happened since the last command put in: nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from composegen.deploys import catchup, references
from composegen.deploys.known import Known, Past
from composegen.deploys.store import accepted, intent, mounts, pins, records
from composegen.deploys.store.files import State
from composegen.errors import ComposegenError

if TYPE_CHECKING:
    from pathlib import Path

    from composegen.deploys.observed import Observed
    from composegen.deploys.store.records import History
    from composegen.deploys.wanted import Wanted


def stored(project: Path) -> Known:
    """Return what the store of the project in ``project`` holds."""
    state = State(project)
    return Known(
        accepted={reference: found.image for reference, found in accepted.read(state).items()},
        mounts=_mounts(state),
        replaced={variable: pin.replaced for variable, pin in pins.read(project).items() if pin.replaced},
        releases={name: _past(records.read(state, name)) for name in records.services(state)},
        interrupted=_interrupted(state),
    )


def caught_up(project: Path, wanted: Wanted, observed: Observed) -> Known:
    """Return what the store will hold once the next changing command has recorded the news.

    These are updates by watchtower and starts by make (``catchup``).
    """
    known = stored(project)
    state = State(project)
    releases = dict(known.releases)
    for news in catchup.found(wanted, observed, project):
        releases[news.service] = _past(catchup.recorded(records.read(state, news.service), news))
    return Known(
        accepted={**known.accepted, **_taken(state, wanted, observed)},
        mounts=known.mounts,
        replaced=known.replaced,
        releases=releases,
        interrupted=known.interrupted,
    )


def histories(project: Path, wanted: Wanted, observed: Observed) -> dict[str, History]:
    """Return the history of each of the user's services, news included."""
    state = State(project)
    found = {s.name: records.read(state, s.name) for s in wanted.services if s.own}
    for news in catchup.found(wanted, observed, project):
        found[news.service] = catchup.recorded(found[news.service], news)
    return found


def leaving(project: Path) -> frozenset[str]:
    """Return the containers that a deploy, which runs or was interrupted, is taking out."""
    try:
        found = intent.read(State(project))
    except ComposegenError:
        return frozenset()
    if found is None:
        return frozenset()
    going = {i for p in found.parts for i in p.surplus}
    if found.commit is not None:
        going |= {i for p in found.parts for i in p.old}
    return frozenset(going)


def _taken(state: State, wanted: Wanted, observed: Observed) -> dict[str, str]:
    """Return the images that all containers of a reference took since it was last accepted."""
    before = accepted.read(state)
    found = {}
    for reference in {s.image for s in wanted.services}:
        sharing = [s for s in wanted.services if s.image == reference]
        if references.fixed(reference) or any(s.local for s in sharing):
            continue
        since = before[reference].since if reference in before else ""
        image = catchup.ran_by_all(sharing, observed, since)
        found.update({reference: image} if image else {})
    return found


def _past(history: History) -> tuple[Past, ...]:
    return tuple(
        Past(
            number=r.number,
            image=r.digest or r.image,
            id=r.image,
            fingerprint=r.fingerprint,
            active=r.number == history.active,
        )
        for r in history.releases
    )


def _mounts(state: State) -> dict[str, dict[str, str]]:
    """Return the digests of mounted files; others than the owner see neither them nor the secrets."""
    try:
        return mounts.read(state)
    except ComposegenError:
        return {}


def _interrupted(state: State) -> str:
    try:
        found = intent.read(state)
    except ComposegenError:
        return "this project"
    return found.about if found is not None else ""
