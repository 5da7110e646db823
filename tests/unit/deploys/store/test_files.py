"""Files of the state: all or nothing, and errors that say what to do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from composegen.deploys.store import files
from composegen.deploys.store.files import State
from composegen.errors import ComposegenError

if TYPE_CHECKING:
    from pathlib import Path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Also below a folder that has to be made; nothing else is left behind."""
    state = State(tmp_path)
    state.write("releases/web.json", "one")
    state.write("releases/web.json", "two")
    assert state.read("releases/web.json") == "two"
    assert state.names("releases") == ["web.json"]
    assert [p.name for p in state.path.iterdir()] == ["releases"]


def test_what_is_not_there_is_empty(tmp_path: Path) -> None:
    """No file, no folder, and removing what is not there."""
    state = State(tmp_path)
    assert state.read("intent") == ""
    assert state.names("releases") == []
    state.remove("intent")


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the file, and the half-written one is gone."""
    state = State(tmp_path)
    state.write("images", "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(ComposegenError, match="images cannot be written: no space left"):
        state.write("images", "new")
    assert state.read("images") == "old"
    assert [p.name for p in state.path.iterdir()] == ["images"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_writes_belongs_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    """So that the owner can run the next command."""
    os.chown(tmp_path, 1234, 1235)
    State(tmp_path).write("releases/web.json", "x")
    for path in (tmp_path / ".composegen", *(tmp_path / ".composegen").rglob("*")):
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, 1235)
