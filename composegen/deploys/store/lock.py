"""One changing command at a time: flock(1)'s lock on ``.composegen/lock``, the same as make's.

The kernel frees it when the holder and the commands that it started have ended, also when they were
killed. Who waits, waits 10 s on a terminal and 10 minutes elsewhere (COMPOSEGEN_LOCK_WAIT=seconds).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import sys
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from composegen.errors import Locked, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from composegen.deploys.store.files import State

NAME, HOLDER = "lock", "lock.holder"
ON_TERMINAL, ELSEWHERE = 10.0, 600.0
_LOOK = 0.5
_FIELDS = 4


@contextlib.contextmanager
def lock(
    state: State,
    command: str,
    tell: Callable[[str], None],
    environ: Mapping[str, str] | None = None,
) -> Iterator[int]:
    """Hold the project's lock for ``command``; gives the descriptor.

    Whoever is started with the descriptor open keeps the lock too: a compose command that outlives
    a killed deploy is not disturbed by the next one.

    Raises:
        Locked: somebody else held it all the time that was waited.
    """
    wait = patience(os.environ if environ is None else environ)
    descriptor = _open(state)
    try:
        _take(descriptor, wait, state, tell)
        state.write(HOLDER, f"{user()}\t{os.getpid()}\t{command}\t{_now()}\n")
        try:
            yield descriptor
        finally:
            state.remove(HOLDER)
    finally:
        # Closing gives it back, unless a command that was started still has it open.
        os.close(descriptor)


def _open(state: State) -> int:
    state.make()
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(state.path / NAME, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        if os.geteuid() == 0:
            found = state.project.stat()
            os.fchown(descriptor, found.st_uid, found.st_gid)
        os.close(descriptor)
    return os.open(state.path / NAME, os.O_RDONLY | os.O_CLOEXEC)


def _deleted(descriptor: int, state: State) -> bool:
    """Whether what was locked is not what others would lock: `make destroy` deletes the file it holds."""
    try:
        return not os.path.samestat(os.fstat(descriptor), (state.path / NAME).stat())
    except FileNotFoundError:
        return True


def _take(descriptor: int, wait: float, state: State, tell: Callable[[str], None]) -> None:
    deadline = time.monotonic() + wait
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            if not _deleted(descriptor, state):
                return
            fresh = _open(state)
            os.dup2(fresh, descriptor, inheritable=False)
            os.close(fresh)
            continue
        if time.monotonic() >= deadline:
            raise Locked(
                f"locked: {holder(state)}; waited {wait:g} s, and nothing was changed",
                "wait until it has ended; COMPOSEGEN_LOCK_WAIT=SECONDS waits longer",
            )
        if not told:
            tell(f"Waiting for {holder(state)}.")
            told = True
        time.sleep(min(_LOOK, max(0.01, deadline - time.monotonic())))


def patience(environ: Mapping[str, str]) -> float:
    """Return how many seconds to wait for the lock.

    Raises:
        UsageError: COMPOSEGEN_LOCK_WAIT is no number.
    """
    given = environ.get("COMPOSEGEN_LOCK_WAIT", "")
    if given:
        if not (given.isascii() and given.isdigit()):
            raise UsageError(f"COMPOSEGEN_LOCK_WAIT={given}: expected a number of seconds", "for example 60")
        return float(given)
    return ON_TERMINAL if sys.stdin is not None and sys.stdin.isatty() else ELSEWHERE


def holder(state: State) -> str:
    """Describe who holds the lock, as well as is known."""
    fields = state.read(HOLDER).split("\n", 1)[0].split("\t")
    if len(fields) < _FIELDS:
        return "another command of this project"
    who, process, command, since = fields[:_FIELDS]
    return f"{command} (user {who}, process {process}, since {since})"


def user() -> str:
    """Return the name of who runs this; behind sudo, of the person."""
    name = os.environ.get("SUDO_USER", "")
    if name:
        return name
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
