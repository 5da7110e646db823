"""Blocks and lines that composegen keeps in files which belong to the user."""

from __future__ import annotations

import re

from composegen.markers import BEGIN, END

_HEAD = "# composegen: what must stay out"
_ASSIGNED = re.compile(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=", re.MULTILINE)
_OFFERED = re.compile(r"^#?([A-Za-z_]\w*)=", re.MULTILINE)


def merges(path: str) -> bool:
    """Tell whether the file is the user's, so that only a part of it is written."""
    return path == ".env.example" or _is_list(path)


def merge(path: str, before: str | None, text: str) -> str:
    """Return the new content of ``path``: the whole text, or the user's file with it put in."""
    if before is None or not merges(path):
        return text
    return _lines(before, text) if _is_list(path) else _block(before, text)


def _is_list(path: str) -> bool:
    """Tell whether lines are added to the file: also to the list of one Dockerfile."""
    name = path.rpartition("/")[2]
    return not path.startswith("composegen.d/") and (name == ".gitignore" or name.endswith(".dockerignore"))


def _block(before: str, text: str) -> str:
    """Replace the marked block, or put it at the end; the user's own variables stay the user's."""
    start = before.find(BEGIN)
    end = before.find(END, start)
    if start < 0 or end < 0:
        text = _without(text, before)
        return (
            f"{before}{'' if before.endswith(chr(10)) or not before else chr(10)}\n{text}" if before else text
        )
    after = before.find("\n", end)
    head, tail = before[:start], "" if after < 0 else before[after + 1 :]
    return head + _without(text, head + tail) + tail


def _without(text: str, theirs: str) -> str:
    """Leave out of the block what the user sets outside of it: in a .env the last line would win."""
    known = set(_ASSIGNED.findall(theirs))
    entries = text.removesuffix(END + "\n").rstrip("\n").split("\n\n")
    kept = [e for e in entries if e.startswith(BEGIN) or not known & set(_OFFERED.findall(e))]
    return "\n\n".join(kept) + f"\n{END}\n"


def _lines(before: str, text: str) -> str:
    """Add the lines that are not there yet."""
    there = {line.strip() for line in before.splitlines()}
    missing = [line for line in text.splitlines() if line not in there and not line.startswith("#")]
    if not missing:
        return before
    head = [] if _HEAD in there else [_HEAD]
    joint = "" if before.endswith("\n") or not before else "\n"
    return before + joint + "\n".join([*head, *missing]) + "\n"


def ignore(lines: list[str]) -> str:
    """Return a new ignore file with ``lines``."""
    return "\n".join([_HEAD, *lines]) + "\n"
