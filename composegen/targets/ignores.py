"""Lines for .gitignore and .dockerignore: what must stay out of git and out of images."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from composegen.emit.blocks import ignore
from composegen.text import has_reference, with_defaults

if TYPE_CHECKING:
    from composegen.model import Stack

_SPECIAL = re.compile(r"[\\*?\[\]]|\A[!#]")
_ALWAYS = (".env", "secrets/", ".composegen/")


def ignores(stack: Stack) -> dict[str, str]:
    """Return the lines by file: one .gitignore, and a .dockerignore beside each build context."""
    folders = _folders(stack)
    found = {".gitignore": ignore([f"/{line}" for line in (*_ALWAYS, *(f"{_pattern(f)}/" for f in folders))])}
    for service in stack.services:
        if service.build is not None and not service.build.outside:
            context = service.build.context
            path = posixpath.normpath(f"{context}/.dockerignore")
            found[path] = ignore(_inside(context, folders))
    return found


def own_ignores(stack: Stack) -> dict[str, str]:
    """Return the lines for DOCKERFILE.dockerignore, which Docker reads instead where it is there."""
    folders = _folders(stack)
    found = {}
    for service in stack.services:
        plan = service.build
        if plan is None or (plan.outside and not plan.above):
            continue
        lines = _inside(plan.context, folders)
        if plan.above:
            here = _pattern(plan.seen(".", stack.project.place))
            lines = [f"{here}/{line}" for line in _inside(".", folders)]
        found[f"{plan.dockerfile}.dockerignore"] = ignore(lines)
    return found


def _inside(context: str, folders: list[str]) -> list[str]:
    if context == ".":
        return [*_ALWAYS, *(f"{_pattern(f)}/" for f in folders)]
    below = [posixpath.relpath(f, context) for f in folders if f.startswith(f"{context}/")]
    return [".env", "secrets/", *(f"{_pattern(f)}/" for f in below)]


def _folders(stack: Stack) -> list[str]:
    """Return the bind folders that lie inside of the project, as paths relative to it.

    Of a path in a variable only the default is known here.
    """
    found: dict[str, None] = {}
    for service in stack.services:
        for mount in service.mounts:
            likely = with_defaults(mount.source)
            source = posixpath.normpath(likely)
            inside = mount.bind and not likely.startswith(("/", "~")) and not source.startswith("..")
            folder = mount.owner is not None or mount.mode is not None or not _is_file(source)
            if inside and source != "." and not has_reference(source) and folder:
                found[source] = None
    return list(found)


def _pattern(path: str) -> str:
    """Return ``path`` such that an ignore file takes each character as it is.

    ``!`` in front would let the folder in, ``#`` would make a comment of the line.
    """
    return _SPECIAL.sub(r"\\\g<0>", path)


def _is_file(source: str) -> bool:
    """A name with a dot inside is taken for a file that belongs into git, such as ./app.conf."""
    return "." in posixpath.basename(source).lstrip(".")
