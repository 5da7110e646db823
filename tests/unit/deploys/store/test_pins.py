"""Pins in .env: the block that deploys own, and not a byte of the rest."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from composegen.deploys.store import pins
from composegen.deploys.store.pins import BEGIN, END, Pin

if TYPE_CHECKING:
    from pathlib import Path

WEB = "COMPOSEGEN_IMAGE_WEB"
PIN = Pin("r/web@sha256:" + "a" * 64, "r/web:latest")
LINES = f"# {WEB} replaces r/web:latest\n{WEB}={PIN.image}\n"
BLOCK = f"{BEGIN}\n{LINES}{END}\n"

TEXTS = {
    "empty": ("", BLOCK),
    "lines of the user's": ("A=1\n", f"A=1\n{BLOCK}"),
    "no line end": ("A=1", f"A=1\n{BLOCK}"),
    "another pin before": (
        f"A=1\n{BLOCK.replace('a' * 64, 'b' * 64)}B=2\n",
        f"A=1\n{BLOCK}B=2\n",
    ),
    "what make keeps there": (
        f"{BEGIN}\nCOMPOSEGEN_ROUTES_WEB=12345678\n{END}\nB=2\n",
        f"{BEGIN}\nCOMPOSEGEN_ROUTES_WEB=12345678\n{LINES}{END}\nB=2\n",
    ),
    "a name that begins the same": (
        f"{BEGIN}\n{WEB}_2=x\n{END}\n",
        f"{BEGIN}\n{WEB}_2=x\n{LINES}{END}\n",
    ),
    "a block without its end": (f"{BEGIN}\nA=1", f"{BEGIN}\nA=1\n{LINES}{END}\n"),
    "windows": ("A='1'\r\n", f"A='1'\r\n{BLOCK}"),
    "the block saved by an editor of windows": (
        f"A=1\n{BLOCK.replace('a' * 64, 'b' * 64)}B=2\n".replace("\n", "\r\n"),
        f"A=1\r\n{BLOCK}B=2\r\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), TEXTS.values(), ids=TEXTS)
def test_a_pin_is_set(before: str, after: str) -> None:
    """Everything else stays byte for byte, and a second time changes nothing."""
    assert pins.edit(before, {WEB: PIN}) == after
    assert pins.edit(after, {WEB: PIN}) == after
    assert pins.parse(after)[WEB] == PIN


def test_a_pin_is_taken_away() -> None:
    """The block goes with its last line, and stays with another one."""
    assert pins.edit(f"A=1\n{BLOCK}B=2\n", {WEB: None}) == "A=1\nB=2\n"
    both = pins.edit(BLOCK, {"COMPOSEGEN_IMAGE_DB": Pin("sha256:1", "db:1")})
    assert set(pins.parse(pins.edit(both, {WEB: None}))) == {"COMPOSEGEN_IMAGE_DB"}
    assert pins.edit("A=1\n", {WEB: None}) == "A=1\n"


def test_an_editor_for_windows_has_saved_the_block() -> None:
    """It is the block all the same: a pin in it is replaced, and taken away."""
    saved = f"A=1\n{BLOCK.replace('a' * 64, 'b' * 64)}".replace("\n", "\r\n")
    assert pins.edit(saved, {WEB: PIN}) == f"A=1\r\n{BLOCK}"
    assert pins.edit(saved, {WEB: None}) == "A=1\r\n"


def test_a_pin_by_hand_is_no_pin_of_ours() -> None:
    """It is found by its line, so that a message can name it."""
    text = f"A=1\n  export {WEB} = x\n{BLOCK}"
    assert pins.elsewhere(text, WEB) == 2
    assert pins.elsewhere(BLOCK, WEB) is None


def test_owner_and_mode_stay(tmp_path: Path) -> None:
    """As the user has set them; a new .env is for its owner alone."""
    env = tmp_path / ".env"
    pins.change(tmp_path, {WEB: PIN})
    assert (env.stat().st_mode & 0o777, env.read_text()) == (0o600, BLOCK)
    env.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(env, 1234, 1235)
    owner = env.stat()
    pins.change(tmp_path, {WEB: None})
    found = env.stat()
    assert (found.st_mode & 0o777, found.st_uid, found.st_gid) == (0o640, owner.st_uid, owner.st_gid)
    assert env.read_text() == ""


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """What is written is the file that it leads to."""
    (tmp_path / "real.env").write_text("A=1\r\n", newline="")
    (tmp_path / ".env").symlink_to("real.env")
    pins.change(tmp_path, {WEB: PIN})
    assert (tmp_path / ".env").is_symlink()
    assert (tmp_path / "real.env").read_bytes() == f"A=1\r\n{BLOCK}".encode()


def test_routes_stand_beside_pins() -> None:
    """Other variables of the block are set without a comment."""
    text = pins.edit("", {WEB: PIN})
    assert "COMPOSEGEN_ROUTES" not in text


def test_a_draft_is_where_neither_git_nor_an_image_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed while .env is replaced leaves a copy with all secrets."""
    (tmp_path / ".composegen").mkdir()
    (tmp_path / ".env").write_text("PASSWORD=secret\n")
    monkeypatch.setattr(os, "fsync", lambda _: os._exit(9))
    if os.fork() == 0:
        pins.change(tmp_path, {WEB: PIN})
    os.wait()
    monkeypatch.undo()
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == [".env"]
    pins.change(tmp_path, {WEB: PIN})
    assert list((tmp_path / ".composegen").iterdir()) == []
    assert pins.read(tmp_path) == {WEB: PIN}
