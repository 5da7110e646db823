"""Pins: lines of ``.env`` that fix an image, in the block that make and deploys own.

Each pin is two lines, ``# COMPOSEGEN_IMAGE_WEB replaces REFERENCE`` and ``COMPOSEGEN_IMAGE_WEB=IMAGE``. The
block also holds other variables (COMPOSEGEN_ROUTES_…) and everything else of the file is the user's: it
stays byte for byte.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from composegen.deploys.store.files import FOLDER, replace
from composegen.errors import ComposegenError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

BEGIN = "# >>> composegen: written by make and deploys"
END = "# <<< composegen"
_FILE = ".env"
_NEW = 0o600


@dataclass(frozen=True, slots=True)
class Pin:
    """An image in the place of a reference."""

    image: str
    """``repository@sha256:…`` or an image's id."""
    replaced: str
    """The reference that the files asked for then."""


def read(project: Path) -> dict[str, Pin]:
    """Return the pins of the project by variable; only those that composegen wrote."""
    return parse(_text(project))


def parse(text: str) -> dict[str, Pin]:
    """Return the pins that stand in the block of a ``.env``."""
    found: dict[str, Pin] = {}
    replaced: dict[str, str] = {}
    for line in _block(text):
        comment = re.match(r"# (\w+) replaces (.*)$", line)
        assigned = re.match(r"(COMPOSEGEN_IMAGE_\w+)=(.+)$", line)
        if comment:
            replaced[comment[1]] = comment[2].rstrip()
        elif assigned:
            found[assigned[1]] = Pin(assigned[2].strip(), replaced.get(assigned[1], ""))
    return found


def change(project: Path, pins: Mapping[str, Pin | None]) -> None:
    """Set pins, or take them away (None), in ``.env`` as it is at this moment. Owner and mode stay.

    Raises:
        ComposegenError: it cannot be written; it is as it was then.
    """
    _replace(project, lambda text: edit(text, pins))


def assign(project: Path, values: Mapping[str, str]) -> None:
    """Set variables in the block that are no pins. Owner and mode of the file stay."""

    def changed(text: str) -> str:
        for variable, value in values.items():
            text = _edit(text, variable, f"{variable}={value}\n")
        return text

    _replace(project, changed)


def require_writable(project: Path) -> None:
    """See that ``.env`` can be replaced, its owner and mode kept; before anything is started.

    Raises:
        ComposegenError: it, or its folder, belongs to somebody else.
    """
    path = (project / _FILE).resolve()
    problem = "" if os.access(path.parent, os.W_OK | os.X_OK) else "its folder cannot be written"
    if path.exists() and os.geteuid() != 0:
        found = path.stat()
        if found.st_uid != os.geteuid() or found.st_gid not in {os.getegid(), *os.getgroups()}:
            problem = "it belongs to another user or group"
    if problem:
        raise ComposegenError(
            f"{_FILE} has to hold the pin, and cannot be replaced: {problem}; nothing was changed",
            f"run this as the owner of {_FILE}, or as root; or make both yours: chown",
        )


def _replace(project: Path, changed: Callable[[str], str]) -> None:
    path = (project / _FILE).resolve()
    # A draft that a crash leaves must not be one that git or an image takes.
    drafts = project / FOLDER
    draft = drafts / "env.new" if path.parent == project.resolve() and drafts.is_dir() else None
    before = _text(project)
    after = changed(before)
    if after == before:
        return
    try:
        if path.exists():
            found = path.stat()
            replace(path, after.encode(), found.st_mode & 0o7777, (found.st_uid, found.st_gid), draft)
        else:
            owner = project.stat()
            replace(path, after.encode(), _NEW, (owner.st_uid, owner.st_gid), draft)
    except OSError as error:
        raise ComposegenError(
            f"{_FILE} cannot be written: {(error.strerror or str(error)).lower()}",
            "run this as the owner of the folder, or as root; see that the disk is not full",
        ) from None


def edit(text: str, pins: Mapping[str, Pin | None]) -> str:
    """Return the text of a ``.env`` with these pins set or taken away; an empty block goes."""
    for variable, pin in pins.items():
        text = _edit(text, variable, "" if pin is None else _lines(variable, pin))
    return text


def elsewhere(text: str, variable: str) -> int | None:
    """Return the line in which a person sets ``variable``, outside the block; None when nobody does."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if line in {BEGIN, END}:
            inside = line == BEGIN
        elif not inside and re.match(rf"[ \t]*(?:export[ \t]+)?{re.escape(variable)}[ \t]*=", line):
            return number
    return None


def hand_written(project: Path, variable: str) -> int | None:
    """Return the line of ``.env`` in which a person pins by hand; None when nobody does."""
    return elsewhere(_text(project), variable)


def _edit(text: str, variable: str, wanted: str) -> str:
    """Put ``wanted`` in the place of what the block says of ``variable``; an empty block goes."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    start = next((i for i, line in enumerate(lines) if _bare(line) == BEGIN), None)
    if start is None:
        if not wanted:
            return text
        joint = "" if not text or text.endswith("\n") else "\n"
        return f"{text}{joint}{BEGIN}\n{wanted}{END}\n"
    end = next((i for i in range(start, len(lines)) if _bare(lines[i]) == END), len(lines))
    mine = (f"{variable}=", f"# {variable} replaces ")
    # A line without an end is the last of a file whose block lost its own.
    inner = [
        line if line.endswith("\n") else f"{line}\n"
        for line in lines[start + 1 : end]
        if not line.startswith(mine)
    ]
    if wanted:
        inner.append(wanted)
    block = [f"{BEGIN}\n", *inner, f"{END}\n"] if inner else []
    return "".join([*lines[:start], *block, *lines[end + 1 :]])


def _lines(variable: str, pin: Pin) -> str:
    return f"# {variable} replaces {pin.replaced}\n{variable}={pin.image}\n"


def _bare(line: str) -> str:
    """Return a line without its end; an editor may have given the block those of Windows."""
    return line.rstrip("\r\n")


def _block(text: str) -> list[str]:
    lines = [_bare(line) for line in text.split("\n")]
    if BEGIN not in lines:
        return []
    start = lines.index(BEGIN)
    end = lines.index(END, start) if END in lines[start:] else len(lines)
    return lines[start + 1 : end]


def _text(project: Path) -> str:
    try:
        # newline='': line ends stay as they are.
        with (project / _FILE).open(encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise ComposegenError(
            f"{_FILE} cannot be read: {why.lower()}", "run this as the owner of the folder"
        ) from None
