"""Files to disk: nothing of an interrupted build stays, and two builds at once do not meet."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from composegen.diagnostics import Report
from composegen.emit import writing
from composegen.emit.files import Change, stale
from composegen.emit.header import seal

if TYPE_CHECKING:
    from pathlib import Path

CHANGES = [Change("a.yml", None, seal("a: 1\n")), Change("composegen.d/b/c.sh", None, seal("true\n"))]


def _ended() -> int:
    """Return the number of a process that has ended."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def _names(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))


def test_an_interrupt_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the files are prepared: no file, and no folder that was made for one."""
    left = iter((None,))

    def interrupted(handle: int) -> None:
        if next(left, handle) is not None:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        writing.write(tmp_path, CHANGES, Report())
    assert _names(tmp_path) == []


def test_what_a_killed_build_left_goes(tmp_path: Path) -> None:
    """The next build removes it; what a build that still runs has prepared is left alone."""
    dead = tmp_path / f".a.yml.{_ended()}.composegen-new"
    alive = tmp_path / f".a.yml.{os.getppid()}.composegen-new"
    for path in (dead, alive):
        path.write_text("half")
    assert writing.write(tmp_path, CHANGES, Report()) == [c.path for c in CHANGES]
    assert not dead.exists()
    assert alive.read_text() == "half"


def test_another_build_s_files_are_not_stale(tmp_path: Path) -> None:
    """What a second build is about to move into place carries a seal, and is not ours to remove."""
    folder = tmp_path / "composegen.d" / "run"
    folder.mkdir(parents=True)
    (folder / f".up.sh.{os.getppid()}.composegen-new").write_text(seal("true\n"))
    (folder / "old.sh").write_text(seal("true\n"))
    assert list(stale(tmp_path, {})) == ["composegen.d/run/old.sh"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_leaves_files_to_their_owner(tmp_path: Path) -> None:
    """`sudo composegen build` in the folder of another user."""
    os.chown(tmp_path, 1234, 1234)
    (tmp_path / "a.yml").write_text("")
    os.chown(tmp_path / "a.yml", 1235, 1236)
    writing.write(tmp_path, CHANGES, Report())
    owners = {
        name: ((tmp_path / name).stat().st_uid, (tmp_path / name).stat().st_gid) for name in _names(tmp_path)
    }
    assert owners.pop("a.yml") == (1235, 1236)
    assert set(owners.values()) == {(1234, 1234)}
