"""``.composegen/images``: per reference, the image last accepted and when; make reads and writes it too.

Lines of REFERENCE, IMAGE ID and UTC time, separated by tabs and sorted by byte value. Images fixed by a
digest or a pin are not in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from composegen.deploys.store.files import State

NAME = "images"
_LEAST, _ALL = 2, 3


class Accepted(NamedTuple):
    """An accepted image: its id, and the UTC time as text ('' where an older line has none)."""

    image: str
    since: str


def read(state: State) -> dict[str, Accepted]:
    """Return the accepted image of each reference."""
    found = {}
    for line in state.read(NAME).splitlines():
        fields = line.split("\t")
        if len(fields) >= _LEAST and fields[0]:
            found[fields[0]] = Accepted(fields[1], fields[2] if len(fields) >= _ALL else "")
    return found


def write(state: State, images: Mapping[str, Accepted]) -> None:
    """Replace the file."""
    lines = (f"{r}\t{a.image}\t{a.since}\n" for r, a in images.items())
    state.write(NAME, "".join(sorted(lines, key=str.encode)))


def accept(state: State, reference: str, image: str, when: str) -> None:
    """Note that ``image`` is what ``reference`` means from ``when`` (UTC) on; a second time is no news."""
    images = read(state)
    before = images.get(reference)
    if before is None or before.image != image:
        write(state, images | {reference: Accepted(image, when)})
