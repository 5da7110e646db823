"""The git commit of a folder, read without git."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from composegen.deploys.origin import commit

if TYPE_CHECKING:
    from pathlib import Path


def _git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    done = subprocess.run(["git", *identity, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_commit_that_is_checked_out(tmp_path: Path) -> None:
    """On a branch, packed, detached, in a worktree and in a folder below."""
    main = tmp_path / "main"
    (main / "deploy").mkdir(parents=True)
    _git(main, "init", "-q")
    assert commit(main) == ""
    _git(main, "commit", "-q", "--allow-empty", "-m", "one")
    first = _git(main, "rev-parse", "HEAD")
    assert commit(main) == commit(main / "deploy") == first
    _git(main, "pack-refs", "--all")
    assert commit(main) == first
    _git(main, "worktree", "add", "-q", "-b", "other", str(tmp_path / "tree"))
    _git(tmp_path / "tree", "commit", "-q", "--allow-empty", "-m", "two")
    assert commit(tmp_path / "tree") == _git(tmp_path / "tree", "rev-parse", "HEAD") != first
    _git(main, "checkout", "-q", "--detach")
    assert commit(main) == first


def test_no_repository_is_no_commit(tmp_path: Path) -> None:
    """Nor is a broken one a traceback."""
    assert commit(tmp_path / "nowhere") in {"", commit(tmp_path)}
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/none\n")
    assert commit(tmp_path) == ""
