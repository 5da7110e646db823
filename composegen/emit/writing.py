"""Files to disk, so that neither an error nor a signal can tear one.

Each file is replaced by a rename, so an interrupted build leaves whole files and the next one finishes
it. New contents stand beside their places until then, under the number of the process that writes them:
two builds at once do not touch each other's, and what a killed one left is removed by the next.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from composegen.diagnostics import Report
    from composegen.emit.files import Change

_TEMPORARY = re.compile(r"\..+\.([0-9]+)\.composegen-new\Z")


def is_temporary(name: str) -> bool:
    """Tell whether a file is one that a build is about to move into its place, or that it left."""
    return _TEMPORARY.match(name) is not None


def write(folder: Path, found: list[Change], report: Report) -> list[str]:
    """Write all changes, or none when one of them cannot be prepared. Return the paths written."""
    draft = _Draft(folder)
    name = ""
    written: list[str] = []
    try:
        try:
            for change in found:
                name = change.path
                draft.prepare(change)
        except OSError as error:
            report.add(
                "CG509",
                name,
                f"{name} cannot be written: {_reason(error)}",
                "nothing was changed; make room, or correct the folder's rights, and build again",
            )
            return []
        try:
            for name, temporary, final in draft.prepared:
                temporary.replace(final)
                written.append(name)
        except OSError as error:
            report.add(
                "CG509",
                name,
                f"{name} cannot be replaced: {_reason(error)}",
                f"{len(written)} of {len(found)} files are written; correct it and build again",
            )
    finally:
        draft.discard()
    return written


class _Draft:
    """New contents beside their places, and the folders that were made for them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.prepared: list[tuple[str, Path, Path]] = []
        self._made: list[Path] = []
        self._swept: set[Path] = set()

    def prepare(self, change: Change) -> None:
        """Write the new content into a temporary file in the folder of the final one."""
        final = self.folder / change.path
        self._make(final.parent)
        self._sweep(final.parent)
        temporary = final.with_name(f".{final.name}.{os.getpid()}.composegen-new")
        self.prepared.append((change.path, temporary, final))
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(change.after.encode("utf-8", "surrogateescape"))
            stream.flush()
            os.fchmod(handle, _mode(final))
            _own(handle, final if final.exists() else final.parent)
            os.fsync(handle)

    def _make(self, folder: Path) -> None:
        missing = [p for p in (folder, *folder.parents) if not p.exists()]
        for path in reversed(missing):
            path.mkdir(exist_ok=True)
            self._made.append(path)
            _own(path, path.parent)

    def _sweep(self, folder: Path) -> None:
        """Remove what builds left that were killed."""
        if folder in self._swept:
            return
        self._swept.add(folder)
        for path in folder.iterdir():
            match = _TEMPORARY.match(path.name)
            if match and not _lives(int(match[1])):
                path.unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove what was not moved into place; folders that stayed empty go too."""
        for _, temporary, _ in self.prepared:
            with suppress(OSError):
                temporary.unlink()
        for path in reversed(self._made):
            with suppress(OSError):
                path.rmdir()


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return process != os.getpid()


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _mode(final: Path) -> int:
    """Return the mode of the file that is replaced, else what the umask leaves of 0666."""
    try:
        return final.stat().st_mode & 0o7777
    except OSError:
        umask = os.umask(0o022)
        os.umask(umask)
        return 0o666 & ~umask


def _own(path: Path | int, like: Path) -> None:
    """Give what root makes to the owner of what it replaces, or of the folder that it is in."""
    if os.geteuid() == 0:
        known = like.stat()
        with suppress(OSError):  # a file system without owners
            os.chown(path, known.st_uid, known.st_gid)
