"""Finds and reads the Dockerfiles of a project."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from composegen.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from composegen.diagnostics import Report

MAX_BYTES = 4 << 20
COMPOSE_FILES = ("docker-compose.yml", "compose.yaml")
_MARK = re.compile(rb"^x-composegen:", re.MULTILINE)
_SKIPPED = frozenset({"node_modules", "composegen.d"})


def find(folder: Path, named: str, report: Report, where: Span | str = ".") -> list[str]:
    """Return the Dockerfiles' paths relative to ``folder``, sorted.

    ``named`` are the paths and globs of COMPOSEGEN_SOURCES, which stand at ``where``; without
    them the whole tree is searched. Links to folders are not followed, so a circle of links
    ends nothing.
    """
    if named.split():
        return sorted(set(_named(folder, named.split(), report, where)))
    return sorted(_walk(folder))


def _named(folder: Path, patterns: list[str], report: Report, where: Span | str) -> Iterator[str]:
    for pattern in patterns:
        found = _glob(folder, pattern)
        matches = [os.path.relpath(m, folder) for m in found if not m.is_dir()]
        if not matches:
            report.add(
                "CG506",
                _place(pattern, where),
                f"COMPOSEGEN_SOURCES: {pattern} is a folder"
                if found
                else f"COMPOSEGEN_SOURCES: nothing matches {pattern}",
                f"name the Dockerfiles in it, such as {pattern.rstrip('/')}/Dockerfile"
                if found
                else "write paths or globs relative to the project's folder",
            )
        yield from (m.replace(os.sep, "/") for m in matches)


def _glob(folder: Path, pattern: str) -> list[Path]:
    """Return what matches; an absolute path would put one of this machine into the output."""
    if Path(pattern).is_absolute():
        return []
    try:
        return list(folder.glob(pattern))
    except (ValueError, IndexError, OSError):  # `a**b`, `.`, a name that is too long
        return [folder] if Path(pattern) == Path() else []


def _place(pattern: str, where: Span | str) -> Span | str:
    """Return the part of ``where`` that is the pattern."""
    if isinstance(where, str):
        return where
    at = where.text.find(pattern)
    return where if at < 0 else where.sub(at, at + len(pattern))


def _walk(folder: Path) -> Iterator[str]:
    for root, folders, files in os.walk(folder):
        here = Path(root)
        if here != folder and _is_generated(here, files):
            folders.clear()
            continue
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in _SKIPPED)
        for name in files:
            if is_dockerfile(name):
                yield (here / name).relative_to(folder).as_posix()


def is_dockerfile(name: str) -> bool:
    """Tell whether a file's name is that of a Dockerfile."""
    if name.endswith(".dockerignore"):
        return False
    return (
        name in {"Dockerfile", "Containerfile"}
        or name.startswith("Dockerfile.")
        or name.endswith(".Dockerfile")
    )


def _is_generated(folder: Path, files: list[str]) -> bool:
    """Tell whether ``folder`` is a composegen project of its own."""
    for name in COMPOSE_FILES:
        if name in files:
            try:
                return _MARK.search((folder / name).read_bytes()) is not None
            except OSError:
                return False
    return False


def read(folder: Path, name: str, report: Report) -> Source | None:
    """Return a file of the project as text, or None after reporting why not."""
    path = folder / name
    try:
        if not path.is_file() and path.exists():
            report.add("CG501", name, f"{name} is no regular file", "name a file")
            return None
        size = path.stat().st_size
        if size > MAX_BYTES:
            report.add("CG503", name, f"{name} has {size} bytes", f"{MAX_BYTES} bytes are the limit")
            return None
        data = path.read_bytes()
    except OSError as error:
        report.add(
            "CG501",
            name,
            f"{name} cannot be read: {_reason(error)}",
            "check that the file is there and that you may read it",
        )
        return None
    return decode(name, data, report)


def decode(name: str, data: bytes, report: Report) -> Source | None:
    """Return bytes as a source; line ends and a byte order mark stay as they are."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        report.add(
            "CG502",
            name,
            f"{name} is not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start}",
            "save it as UTF-8",
        )
        return None
    if "\0" in text:
        report.add(
            "CG502",
            name,
            f"{name} holds a zero byte at offset {text.index(chr(0))}",
            "it seems to be a binary file",
        )
        return None
    return Source(name, text)


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
