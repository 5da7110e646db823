"""A command whose output is passed on line by line while it runs."""

from __future__ import annotations

import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from composegen.deploys.inspecting import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from composegen.runtime.engine import Engine

TOO_LATE = 124
_NO_COMMAND = 127


@contextmanager
def _killed(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kill the process when the inside is left by an exception, such as Ctrl-C."""
    try:
        yield
    except BaseException:
        process.kill()
        raise


def stream(words: Sequence[str], engine: Engine, timeout: float | None, say: Callable[[str], None]) -> int:
    """Run ``words`` where the engine's commands run; return the exit code, 124 when it took too long."""
    try:
        process = subprocess.Popen(
            list(words),
            cwd=engine.folder,
            env=dict(engine.environ),
            stdin=subprocess.DEVNULL,
            pass_fds=engine.inherit,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        say(f"docker cannot be run: {error.strerror}")
        return _NO_COMMAND
    late = threading.Event()

    def end() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(timeout, end) if timeout is not None else None
    if timer is not None:
        timer.start()
    try:
        # Leaving `with process` waits for its end, so it has to be told before.
        with process, _killed(process):
            assert process.stdout is not None  # noqa: S101 - it was asked for
            for line in process.stdout:
                say(plain(line.decode("utf-8", "replace")))
    finally:
        if timer is not None:
            timer.cancel()
    return TOO_LATE if late.is_set() else process.returncode
