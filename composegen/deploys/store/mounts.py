"""``.composegen/mounts``: digests of the mounted files of each service, as last applied; make has it too.

Lines of SERVICE, PATH and DIGEST, separated by tabs and sorted by byte value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from composegen.deploys.store.files import PRIVATE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from composegen.deploys.store.files import State

NAME = "mounts"
_FIELDS = 3


def read(state: State) -> dict[str, dict[str, str]]:
    """Return path to digest for each service that was ever applied."""
    found: dict[str, dict[str, str]] = {}
    for line in state.read(NAME).splitlines():
        fields = line.split("\t")
        if len(fields) == _FIELDS:
            found.setdefault(fields[0], {})[fields[1]] = fields[2]
    return found


def update(state: State, applied: Mapping[str, Mapping[str, str]]) -> None:
    """Note what these services have now; other services keep what they had."""
    before = read(state)
    after = before | {service: dict(files) for service, files in applied.items()}
    if after == before:
        return
    lines = (f"{s}\t{path}\t{digest}\n" for s, files in after.items() for path, digest in files.items())
    state.write(NAME, "".join(sorted(lines, key=str.encode)), PRIVATE)
