"""Hold flags: files in ``composegen.d/hold``, which the probe inside each routed container looks at.

A container whose flag is there is checked and reported, and gets no requests. The file's name is the
container's hostname as configured; the folder is mounted read-only.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from composegen.errors import ComposegenError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from composegen.deploys.observed import Container

FOLDER = "composegen.d/hold"


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags of the project in ``project``."""

    project: Path

    def raise_for(self, containers: Iterable[Container]) -> None:
        """Hold these containers; before one is started, so that its first check sees the flag.

        Raises:
            ComposegenError: the folder cannot be written.
        """
        for container in containers:
            path = self._path(container)
            if path is None:
                continue
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch(mode=0o644)
                if os.geteuid() == 0:
                    found = self.project.stat()
                    os.chown(path, found.st_uid, found.st_gid)
            except OSError as error:
                raise ComposegenError(
                    f"{FOLDER} cannot be written: {(error.strerror or str(error)).lower()}",
                    "run this as the owner of the folder, or as root",
                ) from None

    def lower_for(self, containers: Iterable[Container]) -> None:
        """Let these containers serve."""
        for container in containers:
            path = self._path(container)
            if path is not None:
                with contextlib.suppress(OSError):
                    path.unlink()

    def up(self, container: Container) -> bool:
        """Tell whether the container's flag is there."""
        path = self._path(container)
        return path is not None and path.exists()

    def clear(self) -> None:
        """Remove every flag: nobody is deploying."""
        with contextlib.suppress(OSError):
            for path in (self.project / FOLDER).iterdir():
                if not path.name.startswith("."):
                    with contextlib.suppress(OSError):
                        path.unlink()

    def _path(self, container: Container) -> Path | None:
        """Return the flag's file; none for a hostname that is no plain name (compose.hostname)."""
        name = container.hostname
        return None if not name or name.startswith(".") or "/" in name else self.project / FOLDER / name
