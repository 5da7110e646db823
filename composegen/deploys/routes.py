"""Traefik's routes get other names when a variable of theirs changes: two of one name must not differ.

The same rule as the runner's ``raise_routes``: COMPOSEGEN_ROUTES_… in the block of ``.env``, and the digest
of the addresses, trusted proxies and hosts beside a star that were last used in ``.composegen/routes``,
lines of SERVICE and DIGEST.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from composegen.deploys.store import pins

if TYPE_CHECKING:
    from composegen.deploys.stage import Stage
    from composegen.deploys.store.files import State
    from composegen.deploys.wanted import Wanted, WantedService

NAME = "routes"
_FIELDS = 2


def raise_routes(stage: Stage, wanted: Wanted) -> bool:
    """Give services whose addresses changed new names of routes; tell whether ``.env`` was changed."""
    before = _read(stage.state)
    after, values = dict(before), {}
    for service in wanted.services:
        if not service.routes:
            continue
        now = digest(service)
        if before.get(service.name) == now:
            continue
        if service.name in before:
            values[service.routes] = now
        after[service.name] = now
    if values:
        pins.assign(stage.project, values)
    if after != before:
        lines = (f"{service}\t{found}\n" for service, found in after.items())
        stage.state.write(NAME, "".join(lines))
    return bool(values)


def pending(state: State, wanted: Wanted) -> dict[str, str]:
    """Return the variables that ``raise_routes`` would set, and to what."""
    before = _read(state)
    changed = (s for s in wanted.services if s.routes and before.get(s.name, digest(s)) != digest(s))
    return {s.routes: digest(s) for s in changed}


def digest(service: WantedService) -> str:
    """Return eight digits for what its routes hold by value, as ``sha256sum`` in the runner gives."""
    values = [*service.addresses, *([service.further] if service.further else [])]
    text = "".join(f"{value.lower()}\n" for value in values)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _read(state: State) -> dict[str, str]:
    fields = (line.split("\t") for line in state.read(NAME).splitlines())
    return {f[0]: f[1] for f in fields if len(f) == _FIELDS}
