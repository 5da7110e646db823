"""Releases without a deploy: listing them, and recording an image as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from composegen.deploys import catchup, references
from composegen.deploys.knowing import histories, stored
from composegen.deploys.origin import commit
from composegen.deploys.settle import settle
from composegen.deploys.store import records
from composegen.deploys.store.files import State
from composegen.deploys.store.lock import lock, user
from composegen.deploys.store.records import Release, utc
from composegen.errors import ComposegenError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from composegen.deploys.machine import Machine
    from composegen.deploys.requests import Desk
    from composegen.deploys.stage import Stage
    from composegen.deploys.store.records import History


def look(machine: Machine, project: Path, *, write: bool = True) -> Mapping[str, History]:
    """Return the history of each service, news included.

    The news are written down at this occasion (``write``: the records are in this folder), unless another
    command is at work or was interrupted, or the folder cannot be written: the next one does it then.
    """
    wanted, state = machine.wanted(), State(project)
    if write and not stored(project).interrupted and catchup.found(wanted, machine.observe(), project):
        try:
            with lock(state, "composegen releases", lambda _: None, {"COMPOSEGEN_LOCK_WAIT": "0"}):
                observed = machine.observe()
                for news in catchup.found(wanted, observed, project):
                    history = records.read(state, news.service)
                    records.write(state, catchup.recorded(history, news))
        except ComposegenError:
            pass
    return histories(project, wanted, machine.observe())


def record(stage: Stage, desk: Desk, service: str, image: str) -> tuple[int, bool]:
    """Record an image as a release that is not active; return its number, and whether it is a new one.

    Needs the lock. An interrupted deploy is settled first: it may have a number that is not recorded yet.
    """
    settle(stage)
    wanted = desk.service(service)
    name = desk.name(wanted, image)
    history = records.read(desk.state, service)
    known = next((r for r in reversed(history.releases) if name in {r.digest, r.image}), None)
    if known is not None:
        return known.number, False
    here = desk.machine.image(name)
    release = Release(
        number=history.next_number,
        image=here.id if here else "",
        digest="" if references.is_id(name) else name,
        reference=wanted.reference or wanted.image,
        fingerprint=wanted.fingerprint,
        time=utc(desk.machine.now()),
        commit=commit(desk.project),
        who=user(),
        how="create",
    )
    records.write(desk.state, history.added(release))
    return release.number, True
