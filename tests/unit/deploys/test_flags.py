"""Hold flags: files of one folder, which is in git but for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from composegen.deploys.flags import FOLDER, Flags
from composegen.deploys.observed import Container

if TYPE_CHECKING:
    from pathlib import Path


def container(hostname: str) -> Container:
    """A container with this hostname."""
    return Container(id="1", name="p-web-1", service="web", number=1, image="sha256:1", hostname=hostname)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder as a build leaves it."""
    found = tmp_path / FOLDER
    found.mkdir(parents=True)
    (found / ".gitignore").write_text("*\n")
    return found


def test_a_flag_goes_up_and_down(tmp_path: Path, folder: Path) -> None:
    """Each container has its own; the file that keeps the folder in git is none."""
    flags = Flags(tmp_path)
    flags.raise_for([container("a"), container("b")])
    assert flags.up(container("a"))
    assert (folder / "a").stat().st_mode & 0o777 == 0o644
    flags.lower_for([container("a")])
    assert [p.name for p in sorted(folder.iterdir())] == [".gitignore", "b"]
    flags.clear()
    assert [p.name for p in folder.iterdir()] == [".gitignore"]


@pytest.mark.parametrize("hostname", ["", ".gitignore", "..", "../run/up.sh", "a/b"])
def test_a_hostname_leads_nowhere_else(tmp_path: Path, folder: Path, hostname: str) -> None:
    """What somebody configures as one touches no other file."""
    (tmp_path / "composegen.d" / "run").mkdir()
    (tmp_path / "composegen.d" / "run" / "up.sh").write_text("")
    before = sorted(tmp_path.rglob("*"))
    flags = Flags(tmp_path)
    flags.raise_for([container(hostname)])
    assert not flags.up(container(hostname))
    flags.lower_for([container(hostname)])
    assert sorted(tmp_path.rglob("*")) == before
    assert (folder / ".gitignore").read_text() == "*\n"
