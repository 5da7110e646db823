"""The lock: one holder, named to those who wait, gone with its process."""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

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


def test_who_waited_for_a_deleted_lock_takes_the_new_one(
    shell: list[str], script: Callable[..., Path], project: Path
) -> None:
    """`make destroy` deletes the file that it holds; another command may hold the new one by then."""
    path = script(_HOLD, "lock")
    state = project / ".composegen"
    state.mkdir()
    with (state / "lock").open("w") as destroy:
        fcntl.flock(destroy, fcntl.LOCK_EX)
        waiting = _start(shell, path, "up", COMPOSEGEN_LOCK_WAIT="20")
        time.sleep(0.5)
        shutil.rmtree(state)
        state.mkdir()
        other = (state / "lock").open("w")
        fcntl.flock(other, fcntl.LOCK_EX)
    with other:
        time.sleep(2)
        assert waiting.stdout
        assert not select.select([waiting.stdout], [], [], 0)[0], "two would hold it"
    assert _line(waiting) == "held"
    waiting.terminate()
    waiting.communicate(timeout=20)


def test_who_waited_for_a_destroy_makes_the_lock_anew(
    shell: list[str], script: Callable[..., Path], project: Path
) -> None:
    """So that those who come later have to wait."""
    path = script(_HOLD, "lock")
    state = project / ".composegen"
    state.mkdir()
    with (state / "lock").open("w") as destroy:
        fcntl.flock(destroy, fcntl.LOCK_EX)
        waiting = _start(shell, path, "up", COMPOSEGEN_LOCK_WAIT="20")
        time.sleep(0.5)
        shutil.rmtree(state)
    assert _line(waiting) == "held"
    with (state / "lock").open() as late, pytest.raises(BlockingIOError):
        fcntl.flock(late, fcntl.LOCK_EX | fcntl.LOCK_NB)
    waiting.terminate()
    waiting.communicate(timeout=20)


def test_a_lock_that_cannot_be_taken_is_not_waited_for(shell: list[str], script: Callable[..., Path]) -> None:
    """Without flock nobody holds it, and ten minutes later nobody does either."""
    path = script("flock() { echo 'flock: not found' >&2; return 127; }\nlock up", "lock")
    done = _start(shell, path, "up")
    _, said = done.communicate(timeout=20)
    assert done.returncode == 3
    assert "cannot be locked (flock, of util-linux, ended with code 127): flock: not found" in said
