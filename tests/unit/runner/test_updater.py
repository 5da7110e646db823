"""lib-updater.sh: whatever ends a command, watchtower goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_DOCKER = """#!/bin/sh
cd "$SCENE"
[ "$1" != unpause ] || echo "$*" >>log
case $1 in
pause) : >paused; sleep "$PAUSING" ;;
unpause) : >unpausing; sleep 0.4; [ "$(wc -l <log)" -ge "$TRIES" ] && rm paused ;;
esac
"""
_HOLD = """
containers() { printf '%s\\n' "$CONTAINERS"; }
SERVICES='' CONTAINERS="watchtower${TAB}1${TAB}id${TAB}running"
lock up
hold_updater
: >"$SCENE/held"
sleep 20
"""


def _wait(path: Path) -> None:
    for _ in range(500):
        if path.exists():
            return
        time.sleep(0.02)
    raise AssertionError(path)


@pytest.mark.parametrize("sent", [["TERM"], ["INT"], ["TERM", "TERM"], ["INT", "INT"]], ids=" ".join)
@pytest.mark.parametrize("during", ["paused", "held"])
def test_a_signal_does_not_leave_it_paused(
    script: Callable[..., Path], shell: list[str], tmp_path: Path, during: str, sent: list[str]
) -> None:
    """Neither one that comes while the engine pauses it, nor a second one while it is let go.

    docker may catch the second one although the script ignores it: then it is asked once more.
    """
    number = signal.Signals[f"SIG{sent[0]}"]
    if signal.getsignal(number) == signal.SIG_IGN:
        pytest.skip("who ignores a signal at its start ignores it for good")
    folder = tmp_path / "scene"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/docker").write_text(_DOCKER)
    (folder / "bin/docker").chmod(0o755)
    env = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "SCENE": str(folder)}
    slow = {"PAUSING": "0" if during == "held" else "10", "TRIES": str(len(sent))}
    with subprocess.Popen(
        [*shell, script(_HOLD, "lock", "updater")],
        env={**os.environ, **env, **slow},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    ) as running:
        _wait(folder / during)
        time.sleep(0.3)  # the `sleep` has begun: a shell that is about to start it may pass the signal over
        os.killpg(running.pid, number)  # as a terminal does: docker gets it too
        if len(sent) > 1:
            _wait(folder / "unpausing")
            os.killpg(running.pid, number)
        assert running.wait(10) == 128 + number
    assert (folder / "unpausing").exists()
    assert not (folder / "paused").exists()
