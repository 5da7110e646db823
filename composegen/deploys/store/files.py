"""The folder ``.composegen``: reading, and writing that survives a crash at any moment."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from composegen.errors import ComposegenError

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ".composegen"
_MODE = 0o644
PRIVATE = 0o600
"""Of files with digests of secrets, by which a weak one could be guessed."""


@dataclass(frozen=True, slots=True)
class State:
    """The state folder of the project in ``project``.

    What root writes belongs to the owner of the project's folder, so that make and composegen can be
    run by either.
    """

    project: Path

    @property
    def path(self) -> Path:
        """The folder itself."""
        return self.project / FOLDER

    def read(self, name: str) -> str:
        """Return the file's text, '' when there is none.

        Raises:
            ComposegenError: it is there and cannot be read.
        """
        try:
            return (self.path / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise ComposegenError(
                f"{FOLDER}/{name} cannot be read: {why.lower()}", "run this as the owner of the folder"
            ) from None

    def names(self, folder: str) -> list[str]:
        """List the files of a folder below, sorted; none when it is not there."""
        try:
            return sorted(p.name for p in (self.path / folder).iterdir() if p.is_file())
        except OSError:
            return []

    def make(self, folder: str = "") -> None:
        """Make the state folder, or one below it.

        Raises:
            ComposegenError: it cannot be made or written.
        """
        place = self.path / folder
        try:
            for one in (self.path, place):
                if not one.is_dir():
                    one.mkdir()
                    self._own(one)
        except OSError as error:
            raise _unwritable(place, error) from None
        if not os.access(place, os.W_OK):
            raise _unwritable(place, OSError(13, "permission denied"))

    def write(self, name: str, text: str, mode: int = _MODE) -> None:
        """Replace the file, all at once; after a power failure it is the old or the new one.

        Raises:
            ComposegenError: it cannot be written, a full disk included; the old one is there still.
        """
        final = self.path / name
        self.make(name.rpartition("/")[0])
        try:
            replace(final, text.encode(), mode, self._owner())
        except OSError as error:
            raise _unwritable(final, error) from None

    def remove(self, name: str) -> None:
        """Remove the file; it need not be there."""
        path = self.path / name
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
            _sync(path.parent)

    def _owner(self) -> tuple[int, int] | None:
        if os.geteuid() != 0:
            return None
        found = self.project.stat()
        return found.st_uid, found.st_gid

    def _own(self, path: Path) -> None:
        owner = self._owner()
        if owner is not None:
            os.chown(path, *owner)


def replace(
    final: Path, content: bytes, mode: int, owner: tuple[int, int] | None, draft: Path | None = None
) -> None:
    """Write ``draft`` [a file beside ``final``] and rename it; no half-written file takes its place.

    Raises:
        OSError: it could not be done; ``final`` is as it was.
    """
    temporary = draft or final.with_name(f"{final.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            if owner is not None:
                os.fchown(file.fileno(), *owner)
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(final)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync(final.parent)


def _sync(folder: Path) -> None:
    """Make a rename in ``folder`` last; some file systems cannot, and need not."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _unwritable(path: Path, error: OSError) -> ComposegenError:
    return ComposegenError(
        f"{path} cannot be written: {(error.strerror or str(error)).lower()}",
        "run this as the owner of the folder, or as root; see that the disk is not full",
    )
