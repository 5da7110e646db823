"""Where things are kept, and the lock that keeps two callers apart.

Everything that is slow to get (packages, images) lives in one cache folder, so that
removing that folder removes every trace but the running processes.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARED = "shared"


class EngineError(Exception):
    """The engine or an image cannot be had; the text says what to do."""


def home() -> Path:
    """The cache folder of the tests' engines; made on first use."""
    named = os.environ.get("COMPOSEGEN_TEST_HOME")
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(named or str(Path(cache) / "composegen-test")).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def env_file(name: str = SHARED) -> Path:
    """The shell-sourceable file that says how to reach the engine called `name`."""
    return home() / "env" if name == SHARED else engine_folder(name) / "env"


def engine_folder(name: str) -> Path:
    """What must survive a reboot: the data root, the log, the slot number."""
    return home() / "engines" / name


def run_folder(name: str) -> Path:
    """What must not survive a reboot: sockets and pids.

    Below /run and short, because the path of a unix socket has at most 107 bytes.
    """
    mark = hashlib.sha256(str(home()).encode()).hexdigest()[:8]
    return Path("/run") / f"cgtest-{mark}" / name


@contextmanager
def locked(what: str) -> Iterator[None]:
    """Hold the lock called `what`; the kernel drops it when the process dies."""
    folder = home() / "locks"
    folder.mkdir(exist_ok=True)
    with (folder / what).open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def write_atomic(path: Path, text: str) -> None:
    """Write a file so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.write_text(text)
    new.replace(path)
