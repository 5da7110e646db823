"""Digests of the project's files that services mount, as ``make up`` computes and writes them.

``.composegen/mounts`` holds lines SERVICE, PATH, DIGEST; the runner's ``lib-mounts.sh`` reads and
writes the same file, so both must come to the same digest of the same content.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ABSENT = "absent"
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


def escaped(path: str) -> str:
    """Return a path as the state file has it: on one line."""
    return "".join(_ESCAPES.get(c, c) for c in path)


def is_there(folder: Path, path: str, home: str) -> bool:
    """Whether there is such a file or folder; one that only others may look at is."""
    try:
        _place(folder, path, home).stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _place(folder: Path, path: str, home: str) -> Path:
    return Path(home, path[2:]) if path.startswith("~/") else folder / path


def digest(folder: Path, path: str, home: str) -> str:
    """Return the digest of a file, or of all names and contents below a folder; "absent" for neither."""
    place = _place(folder, path, home)
    try:
        if place.is_dir():
            return _below(place)
        return hashlib.sha256(place.read_bytes()).hexdigest()
    except OSError:
        return ABSENT


def _below(place: Path) -> str:
    lines = sorted(_lines(os.fsencode(place)))
    return hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()


def _lines(place: bytes) -> Iterator[bytes]:
    """Yield a line for each regular file, as ``sha256sum`` prints it, and for each link what it says."""
    for folder, folders, names in os.walk(place):
        inside = b"." + folder[len(place) :]
        for name in (*folders, *names):
            path = os.path.join(folder, name)  # noqa: PTH118 - file names that need not be text
            if os.path.islink(path):  # noqa: PTH114
                link = inside + b"/" + name + b" -> " + os.readlink(path)  # noqa: PTH115
                yield b"link " + link.replace(b"\n", b"\1")
                continue
            if not os.path.isfile(path):  # noqa: PTH113
                continue
            with open(path, "rb") as file:  # noqa: PTH123
                found = hashlib.sha256(file.read()).hexdigest().encode()
            yield _line(found, inside + b"/" + name)


def _line(found: bytes, path: bytes) -> bytes:
    shown = path.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    return (b"\\" if shown != path else b"") + found + b"  " + shown
