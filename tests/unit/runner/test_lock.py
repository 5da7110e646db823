"""The lock: one holder, named to those who wait, gone with its process."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_HOLD = 'lock "$WHAT"; echo held; while :; do sleep 0.1; done'


def _start(shell: list[str], path: Path, what: str, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*shell, str(path)],
        env={**os.environ, "WHAT": what, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_a_second_one_waits_and_names_the_holder(shell: list[str], script: Callable[..., Path]) -> None:
    """Exit code 5, with command, user, process and start; nothing was created twice."""
    path = script(_HOLD, "lock")
    first = _start(shell, path, "up")
    assert _line(first) == "held"
    second = _start(shell, path, "down", COMPOSEGEN_LOCK_WAIT="1")
    _, said = second.communicate(timeout=20)
    first.terminate()
    first.communicate(timeout=20)
    assert second.returncode == 5
    assert f"make up (user root, process {first.pid}, since 20" in said.replace(
        os.environ.get("USER", "root"), "root"
    )


def test_a_killed_holder_frees_it(shell: list[str], script: Callable[..., Path]) -> None:
    """Killed hard, nothing has to be removed by hand."""
    path = script(_HOLD, "lock")
    first = _start(shell, path, "up")
    assert _line(first) == "held"
    os.kill(first.pid, signal.SIGKILL)
    first.communicate(timeout=20)
    second = _start(shell, path, "down", COMPOSEGEN_LOCK_WAIT="5")
    assert _line(second) == "held"
    second.terminate()
    second.communicate(timeout=20)


def test_who_waits_gets_it(shell: list[str], script: Callable[..., Path], project: Path) -> None:
    """It is flock's, so composegen's Python can hold it too."""
    path = script(_HOLD, "lock")
    (project / ".composegen").mkdir()
    with (project / ".composegen" / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        waiting = _start(shell, path, "up", COMPOSEGEN_LOCK_WAIT="20")
        time.sleep(0.5)
        assert waiting.poll() is None
    assert _line(waiting) == "held"
    waiting.terminate()
    _, said = waiting.communicate(timeout=20)
    assert "Waiting for another command of this project" in said
    assert not (project / ".composegen" / "lock.holder").exists()
