"""Bad input that cannot lie in a folder of ``tests/errors``: sizes, rights, loops, full disks, git.

The codes that only these cases show: CG501, CG503 and, for writing, CG509.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests import cases, unprivileged

if TYPE_CHECKING:
    from pathlib import Path

WEB = "# composegen.service = web\nFROM alpine\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Give a project of one service."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Dockerfile").write_text(WEB, encoding="utf-8")
    return folder


def _said(folder: Path) -> str:
    """Build; assert that it fails and leaves the tree as it was; return what it said."""
    before = _names(folder)
    built = cases.run(folder)
    assert built.code == 1
    assert _names(folder) == before
    return built.said


def _names(folder: Path) -> list[tuple[str, int]]:
    """Return names and sizes: contents of sparse files are not read."""
    found = [os.path.join(root, n) for root, _, names in os.walk(folder) for n in names]  # noqa: PTH118
    return sorted((p, os.lstat(p).st_size) for p in found)


def test_a_dockerfile_of_100_mb_is_refused_unread(project: Path) -> None:
    """CG503, and the size; a hole of 100 MB is not read into memory to find out."""
    with (project / "Dockerfile").open("r+b") as file:
        file.truncate(100 << 20)
    built = cases.run(project, ["--check"])
    assert built.code == 1
    assert built.said == (
        "Dockerfile: error[CG503]: Dockerfile has 104857600 bytes\n"
        "  help: 4194304 bytes are the limit\n\n1 error\nNothing was written.\n"
    )


def test_an_env_file_of_5_mb_is_refused(project: Path) -> None:
    """The limit holds for .env too."""
    (project / ".env").write_bytes(b"#" * (5 << 20))
    assert ".env: error[CG503]: .env has 5242880 bytes\n" in _said(project)


def test_a_dockerfile_that_is_a_link_to_itself(project: Path) -> None:
    """CG501 with the system's reason, beside what is wrong elsewhere."""
    (project / "web.Dockerfile").symlink_to("web.Dockerfile")
    assert "web.Dockerfile: error[CG501]: web.Dockerfile cannot be read: too many levels" in _said(project)


def test_a_dockerfile_that_is_a_link_to_nowhere(project: Path) -> None:
    """CG501: it may not be overlooked, as its service would vanish from the output."""
    (project / "web.Dockerfile").symlink_to("gone")
    assert (
        "web.Dockerfile: error[CG501]: web.Dockerfile cannot be read: no such file or directory\n"
        in _said(project)
    )


@pytest.mark.timeout(60)
def test_a_dockerfile_that_is_a_pipe_is_not_waited_for(project: Path) -> None:
    """CG501: opening a pipe nobody writes to would hang for ever."""
    os.mkfifo(project / "web.Dockerfile")
    assert "web.Dockerfile: error[CG501]: web.Dockerfile is no regular file\n" in _said(project)


def test_folders_that_link_in_a_circle_are_not_followed(project: Path) -> None:
    """A folder that links to its parent is no endless tree: each Dockerfile counts once."""
    (project / "a").mkdir()
    (project / "a" / "back").symlink_to("..")
    (project / "a" / "self").symlink_to("self")
    (project / "a" / "Dockerfile").write_text(WEB.replace("web", "a"), encoding="utf-8")
    built = cases.run(project)
    assert (built.code, built.said) == (0, "")
    assert built.wrote["docker-compose.yml"].count(b"  # From ") == 2


def test_an_unreadable_dockerfile(project: Path) -> None:
    """CG501, as a user without rights sees it."""
    (project / "web.Dockerfile").write_text(WEB.replace("web", "b"), encoding="utf-8")
    (project / "web.Dockerfile").chmod(0)
    unprivileged.give(project)
    done = unprivileged.build(project)
    assert done.returncode == 1
    assert "web.Dockerfile: error[CG501]: web.Dockerfile cannot be read: permission denied\n" in done.stderr
    assert sorted(p.name for p in project.iterdir()) == ["Dockerfile", "web.Dockerfile"]


def test_a_folder_that_may_not_be_written(project: Path) -> None:
    """CG509: nothing is written, and it is said of which file."""
    project.chmod(0o555)
    done = unprivileged.build(project)
    project.chmod(0o755)
    assert done.returncode == 1
    assert (
        "docker-compose.yml: error[CG509]: docker-compose.yml cannot be written: permission denied\n"
        in done.stderr
    )
    assert [p.name for p in project.iterdir()] == ["Dockerfile"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small file system")
def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    """CG509: no half file, no temporary file, no folder stays; with room the next build is whole."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24k", "composegen-test", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("this container may not mount")
    try:
        (folder / "Dockerfile").write_text(WEB, encoding="utf-8")
        assert "cannot be written: no space left on device\n" in _said(folder)
        assert [p.name for p in folder.iterdir()] == ["Dockerfile"]
        subprocess.run(["mount", "-o", "remount,size=4m", str(folder)], check=True)
        assert cases.run(folder).code == 0
        assert cases.run(folder, ["--check"]).code == 0
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills_up_changes_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same through a fault of fsync at the fourth file, where no file system can be mounted."""
    calls = iter(range(100))

    def full(_: int) -> None:
        if next(calls) == 3:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert "cannot be written: no space left on device\n" in _said(project)


def test_a_folder_that_is_taken_away_meanwhile(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was begun cannot even be removed then: a message all the same, no traceback."""

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.fchmod", refused)
    monkeypatch.setattr("pathlib.Path.unlink", refused)
    done = cases.run(project)
    assert done.code == 1
    assert "cannot be written: permission denied\n" in done.said


def test_an_interrupted_build_is_finished_by_the_next(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replacing fails half-way: whole files, no temporary ones, and the next build completes them."""
    from pathlib import Path as Real  # noqa: PLC0415 - the class whose method fails

    replace, calls = Real.replace, iter(range(100))

    def fails(self: Path, target: Path) -> Path:
        if next(calls) == 2:
            raise OSError(5, "Input/output error")
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Real, "replace", fails)
        built = cases.run(project)
    assert built.code == 1
    assert "cannot be replaced: input/output error" in built.said
    assert len(built.wrote) == 2
    rest = cases.run(project)
    assert (rest.code, rest.said) == (0, "")
    assert not set(rest.wrote) & set(built.wrote)
    assert cases.run(project, ["--check"]).code == 0


class TestEdited:
    """A generated file that somebody edited."""

    EDIT = "\n# An edit.\n"

    @pytest.fixture
    def edited(self, project: Path) -> Path:
        """Give a built project whose compose file was edited, and an annotation changed since."""
        cases.run(project)
        with (project / "docker-compose.yml").open("a", encoding="utf-8") as file:
            file.write(self.EDIT)
        (project / "Dockerfile").write_text(WEB + "# composegen.maxmem = 64m\n", encoding="utf-8")
        return project

    def test_it_is_not_overwritten(self, edited: Path) -> None:
        """CG507, and the edit stays."""
        assert "docker-compose.yml: error[CG507]" in _said(edited)
        assert (edited / "docker-compose.yml").read_text(encoding="utf-8").endswith(self.EDIT)

    def test_force_overwrites_it(self, edited: Path) -> None:
        """``--force`` is the way out; what is written is what a clean build writes."""
        built = cases.run(edited, ["--force"])
        assert (built.code, built.said) == (0, "")
        assert self.EDIT.encode() not in built.wrote["docker-compose.yml"]

    def test_diff_shows_it(self, edited: Path) -> None:
        """``--diff`` writes nothing and is no failure."""
        built = cases.run(edited, ["--diff"])
        assert (built.code, built.said, built.wrote) == (0, "", {})

    def test_what_git_has_committed_is_no_edit(self, edited: Path) -> None:
        """A merge changes the file without the digest: once committed, nothing can be lost."""
        _git(edited, "init", "-q")
        _git(edited, "add", "-A")
        _git(edited, "commit", "-q", "-m", "merge")
        built = cases.run(edited)
        assert (built.code, built.said) == (0, "")
        assert "docker-compose.yml" in built.wrote

    def test_what_git_has_in_another_version_is_an_edit(self, edited: Path) -> None:
        """Committed once and edited since is an edit."""
        _git(edited, "init", "-q")
        _git(edited, "add", "-A")
        _git(edited, "commit", "-q", "-m", "merge")
        with (edited / "docker-compose.yml").open("a", encoding="utf-8") as file:
            file.write(self.EDIT)
        assert "docker-compose.yml: error[CG507]" in _said(edited)


class TestLineEnds:
    """A checkout with core.autocrlf: every line ends in another way, and nobody edited anything."""

    @pytest.fixture
    def checkout(self, project: Path) -> Path:
        """Give a built project with all that it wrote, in CRLF."""
        built = cases.run(project)
        for path in built.wrote:
            file = project / path
            file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
        return project

    def test_are_no_edit(self, checkout: Path) -> None:
        """The files are written anew, and then up to date."""
        assert cases.run(checkout, ["--check"]).code == 1
        built = cases.run(checkout)
        assert (built.code, built.said) == (0, "")
        assert b"\r" not in built.wrote["docker-compose.yml"]
        assert cases.run(checkout, ["--check"]).code == 0

    def test_hide_no_edit(self, checkout: Path) -> None:
        """A real one is found, and a foreign file stays foreign."""
        with (checkout / "docker-compose.yml").open("ab") as file:
            file.write(b"# An edit.\r\n")
        (checkout / "composegen.mk").write_bytes(b"up:\r\n")
        said = _said(checkout)
        assert "docker-compose.yml: error[CG507]" in said
        assert "composegen.mk: error[CG508]" in said
        assert "docker-compose.yml:\n  -# An edit.\nNothing was written.\n" in said


def test_force_takes_the_place_of_a_foreign_file(project: Path) -> None:
    """A file that is not composegen's goes only with ``--force``."""
    (project / "docker-compose.yml").write_text("services: {}\n", encoding="utf-8")
    assert "docker-compose.yml: error[CG508]" in _said(project)
    assert cases.run(project, ["--force"]).code == 0


def _git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True)
