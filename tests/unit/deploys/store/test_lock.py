"""The lock, which make and composegen share."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from composegen.deploys.store.files import State
from composegen.deploys.store.lock import holder, lock, patience
from composegen.errors import Locked, UsageError

ROOT = Path(__file__).parents[4]
RUNNER = ROOT / "templates" / "runner"


def _quiet(_: str) -> None:
    pass


def test_a_second_one_waits_and_then_names_the_holder(tmp_path: Path) -> None:
    """Exit code 5, and who holds it since when."""
    state = State(tmp_path)
    told: list[str] = []
    with lock(state, "composegen deploy", _quiet, {}):
        begun = time.monotonic()
        with (
            pytest.raises(Locked, match=r"locked: composegen deploy \(user .*, process \d+, since"),
            lock(state, "composegen rollback", told.append, {"COMPOSEGEN_LOCK_WAIT": "1"}),
        ):
            pass
        assert 0.9 < time.monotonic() - begun < 3
    assert len(told) == 1
    assert told[0].startswith("Waiting for composegen deploy (user ")
    with lock(state, "composegen deploy", _quiet, {"COMPOSEGEN_LOCK_WAIT": "0"}):
        pass
    assert not (state.path / "lock.holder").exists()
    assert Locked.exit_code == 5


def test_a_killed_holder_blocks_nobody(tmp_path: Path) -> None:
    """The kernel takes the lock away; what it wrote about itself stays and harms nobody."""
    script = f"""
import time
from pathlib import Path
from composegen.deploys.store.files import State
from composegen.deploys.store.lock import lock
with lock(State(Path({str(tmp_path)!r})), "composegen deploy", print, {{}}):
    print("held", flush=True)
    time.sleep(60)
"""
    held = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with held:
        assert held.stdout is not None
        assert held.stdout.readline() == "held\n"
        held.kill()
    with lock(State(tmp_path), "composegen deploy", _quiet, {"COMPOSEGEN_LOCK_WAIT": "0"}):
        assert f"process {os.getpid()}" in holder(State(tmp_path))


def test_what_was_started_with_the_lock_keeps_it(tmp_path: Path) -> None:
    """A docker command that outlives its deploy is not disturbed by the next one."""
    state = State(tmp_path)
    with lock(state, "composegen deploy", _quiet, {}) as descriptor:
        child = subprocess.Popen(["sleep", "60"], pass_fds=(descriptor,))
    try:
        with pytest.raises(Locked), lock(state, "x", _quiet, {"COMPOSEGEN_LOCK_WAIT": "0"}):
            pass
    finally:
        child.kill()
        child.wait()
    with lock(state, "x", _quiet, {"COMPOSEGEN_LOCK_WAIT": "0"}):
        pass


def _runner(tmp_path: Path, script: str, wait: str = "0") -> subprocess.CompletedProcess[str]:
    """Run a script that has the runner's functions, in this project."""
    run = tmp_path / "composegen.d" / "run"
    if not run.exists():
        shutil.copytree(RUNNER, run)
    path = run / "test.sh"
    path.write_text(f'. "$(dirname -- "$0")/lib.sh"\n. "$RUN/lib-lock.sh"\n{script}')
    env = {**os.environ, "COMPOSEGEN_LOCK_WAIT": wait}
    return subprocess.run(
        ["sh", str(path)], env=env, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def test_make_waits_for_composegen_and_composegen_for_make(tmp_path: Path) -> None:
    """One lock, one file about its holder, in both directions."""
    state = State(tmp_path)
    with lock(state, "composegen deploy web", _quiet, {}):
        refused = _runner(tmp_path, "lock up\n")
        assert refused.returncode == 5, refused.stderr
        assert "Locked: composegen deploy web (user" in refused.stderr
    done = _runner(
        tmp_path,
        f"""lock up
cd {ROOT}
COMPOSEGEN_LOCK_WAIT=0 {sys.executable} -c 'if 1:
    from pathlib import Path
    from composegen.deploys.store.files import State
    from composegen.deploys.store.lock import lock
    try:
        with lock(State(Path("{tmp_path}")), "x", print): pass
    except Exception as error: print(type(error).__name__, error)
' 9<&-
""",
    )
    assert done.returncode == 0, done.stderr
    assert "Locked locked: make up (user" in done.stdout


def test_who_waited_for_a_deleted_lock_takes_the_new_one(tmp_path: Path) -> None:
    """`make destroy` deletes the file that it holds; another command may hold the new one by then."""
    state = State(tmp_path)
    state.make()
    path = state.path / "lock"
    destroy = path.open("w")
    fcntl.flock(destroy, fcntl.LOCK_EX)
    others = []

    def end(_: str) -> None:
        shutil.rmtree(state.path)
        destroy.close()
        state.make()
        others.append(path.open("w"))
        fcntl.flock(others[0], fcntl.LOCK_EX)

    with pytest.raises(Locked), lock(state, "x", end, {"COMPOSEGEN_LOCK_WAIT": "1"}):
        pass
    others[0].close()


def test_who_waited_for_a_destroy_makes_the_lock_anew(tmp_path: Path) -> None:
    """So that those who come later have to wait; the descriptor still is nobody's but the caller's."""
    state = State(tmp_path)
    state.make()
    destroy = (state.path / "lock").open("w")
    fcntl.flock(destroy, fcntl.LOCK_EX)

    def end(_: str) -> None:
        shutil.rmtree(state.path)
        destroy.close()

    with lock(state, "x", end, {"COMPOSEGEN_LOCK_WAIT": "5"}) as descriptor:
        assert not os.get_inheritable(descriptor)
        with pytest.raises(Locked), lock(state, "y", _quiet, {"COMPOSEGEN_LOCK_WAIT": "0"}):
            pass
    with lock(state, "y", _quiet, {"COMPOSEGEN_LOCK_WAIT": "0"}):
        pass


def test_how_long_is_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    """As COMPOSEGEN_LOCK_WAIT says, else ten minutes where nobody watches."""
    monkeypatch.setattr(sys, "stdin", None)
    assert patience({}) == 600
    assert patience({"COMPOSEGEN_LOCK_WAIT": "7"}) == 7
    with pytest.raises(UsageError):
        patience({"COMPOSEGEN_LOCK_WAIT": "soon"})
