"""A docker command that has the caller's terminal: its input, its output, its signals."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from composegen.errors import EngineUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from composegen.runtime.engine import Engine

TOO_LATE = 124
_LAST = 10.0
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _SignalledError(Exception):
    """A signal that ends this process."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def terminal() -> bool:
    """Tell whether there is a person at both ends: then the command gets a terminal too."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()


def attached(engine: Engine, words: Sequence[str], timeout: float, stop: Callable[[], object]) -> int:
    """Run ``docker`` with ``words`` and return its exit code.

    After ``timeout`` seconds, or when a signal asks this process to end, ``stop`` is called, which has
    to make the command end; then the code is 124, or 128 and the signal's number. While it has a
    terminal the command reads the keys itself, Ctrl-C included.

    Raises:
        EngineUnreachable: there is no docker command.
    """
    # Beside a person its signals come through the terminal; else none must reach it before `stop` does.
    apart = sys.stdin is None or not sys.stdin.isatty()
    with _signals():
        try:
            process = subprocess.Popen(
                ["docker", *words], cwd=engine.folder, env=dict(engine.environ), start_new_session=apart
            )
        except OSError as error:
            raise EngineUnreachable(f"docker cannot be run: {(error.strerror or '').lower()}") from None
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            code = TOO_LATE
        except _SignalledError as error:
            code = 128 + error.number
        _end(process, stop)
    return code


def _end(process: subprocess.Popen[bytes], stop: Callable[[], object]) -> None:
    try:
        stop()
        process.wait(_LAST)
    except (subprocess.TimeoutExpired, _SignalledError):
        # A second signal, or a client that does not see that it is over.
        process.kill()
        process.wait()


@contextmanager
def _signals() -> Iterator[None]:
    """Turn the signals that end a process into an exception, once."""

    def come(number: int, frame: FrameType | None) -> None:
        del frame
        raise _SignalledError(number)

    # What is ignored stays so: under nohup a closed terminal ends nothing.
    before = {n: signal.signal(n, come) for n in _ENDING if signal.getsignal(n) is not signal.SIG_IGN}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
