"""Processes by id: is it still the one we started, and end it.

A pid alone may belong to somebody else after a reboot, so it is kept with the time at
which the kernel started it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from tests.engine.places import write_atomic


def record(path: Path, pid: int) -> None:
    """Remember a process in a file."""
    write_atomic(path, f"{pid} {_started(pid)}\n")


def recorded(path: Path) -> int | None:
    """Give the recorded process if it still runs."""
    try:
        pid, started = path.read_text().split()
    except (OSError, ValueError):
        return None
    return int(pid) if started and _started(int(pid)) == started else None


def running(pid: int) -> bool:
    """Say whether the process runs; a zombie does not."""
    return _started(pid) != ""


def end(pid: int, patience: float, first: signal.Signals = signal.SIGTERM) -> None:
    """Ask a process to end, wait, and kill it when it does not."""
    for sent, seconds in ((first, patience), (signal.SIGKILL, 10.0)):
        try:
            os.kill(pid, sent)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            _reap(pid)
            if not running(pid):
                return
            time.sleep(0.02)


def with_word(word: str) -> list[int]:
    """Find the processes that have this text in their command line.

    Used only with the path of an engine's own socket: helpers that our dockerd started
    and, killed itself, could not end.
    """
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if word in line and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def children(pid: int) -> list[int]:
    """Find what a process has started, and what that has started, and so on."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            for child in (task / "children").read_text().split():
                found += [int(child), *children(int(child))]
    return found


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):  # another process may be its parent
        os.waitpid(pid, os.WNOHANG)


def _started(pid: int) -> str:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()
    # The first thread may be gone while others still hold files: then it is not over.
    ended = fields[0] in "ZX" and fields[17] in "01"
    return "" if ended else fields[19]
