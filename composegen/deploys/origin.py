"""Where the files of a deploy come from: the git commit of the project's folder, without calling git.

composegen's own image has no git, and git refuses folders of another owner.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_HEX = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")


def commit(folder: Path) -> str:
    """Return the commit that is checked out in ``folder`` or above it; '' when it cannot be told."""
    for place in (folder, *folder.parents):
        git = place / ".git"
        if git.is_file():
            pointer = _text(git).removeprefix("gitdir:").strip()
            git = place / pointer
        if (git / "HEAD").is_file():
            return _head(git)
    return ""


def _head(git: Path) -> str:
    head = _text(git / "HEAD")
    if not head.startswith("ref:"):
        return head if _HEX.match(head) else ""
    name = head.removeprefix("ref:").strip()
    common = git / (_text(git / "commondir") or ".")
    for place in (git, common):
        loose = _text(place / name)
        if _HEX.match(loose):
            return loose
    packed = (line.split(" ", 1) for line in _text(common / "packed-refs").splitlines() if " " in line)
    return next((value for value, ref in packed if ref == name and _HEX.match(value)), "")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
