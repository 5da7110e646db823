"""Old images of this project: the last COMPOSEGEN_KEEP_RELEASES of each service stay, others go.

Only images that a record names are looked at, and each goes by its id. What a container, a pin or the
accepted images need stays, as does whatever somebody gave a tag of his own.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from composegen.deploys.references import fixed
from composegen.deploys.store import accepted, pins, records
from composegen.errors import EngineRefused

if TYPE_CHECKING:
    from composegen.deploys.stage import Stage


def prune(stage: Stage) -> None:
    """Remove old images; one that cannot be removed is left, and tried the next time."""
    machine, state = stage.machine, stage.state
    wanted = machine.wanted()
    histories = [records.read(state, name) for name in records.services(state)]
    named = {r.image for h in histories for r in h.releases if r.image}
    needed = {a.image for a in accepted.read(state).values()}
    needed |= {p.image for p in pins.read(stage.project).values()}
    needed |= {c.image for c in machine.observe().containers}
    for history in histories:
        newest = dict.fromkeys(r.image for r in reversed(history.releases) if r.image)
        needed |= set(islice(newest, max(1, wanted.keep)))
        needed |= {history.current.image} if history.current else set()
    followed = {s.reference for s in wanted.services if s.reference and not fixed(s.reference)}
    for identity in sorted(named - needed):
        image = machine.image(identity)
        if image is None or set(image.tags) - followed or needed & set(image.digests):
            continue
        try:
            if machine.remove_image(identity):
                stage.progress.say(f"Removed an old image, {identity.removeprefix('sha256:')[:12]}.")
        except EngineRefused as error:
            stage.progress.warn(f"An old image could not be removed: {error.reason}")
