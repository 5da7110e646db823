"""`composegen check`: findings in three formats, and nothing written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

MISTAKES = "# composegen.service = web\n# composegen.prot = 80\n# composegen.port = 80a\nFROM alpine\n"


def test_clean(project: Path, composegen: Any, snapshot: Any) -> None:
    """A project without findings says so, ends with 0, and nothing is written."""
    before = snapshot(project)
    done = composegen("check")
    assert (done.code, done.out) == (0, "No findings.\n")
    assert snapshot(project) == before


def test_text(project: Path, composegen: Any) -> None:
    """All mistakes at once, each with a caret under what is wrong, help, and a count."""
    (project / "Dockerfile").write_text(MISTAKES)
    done = composegen("check")
    assert (done.code, done.out) == (1, "")
    assert "Dockerfile:2:14: error[CG101]" in done.err
    lines = done.err.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("Dockerfile:3:21: error[CG102]"))
    assert lines[at + 1].index("80a") == lines[at + 2].index("^^^")
    assert lines[at + 3].startswith("  help: ")
    assert lines[-1] == "2 errors"


def test_json(project: Path, composegen: Any) -> None:
    """The same findings as data, on the standard output; the standard error stays empty."""
    (project / "Dockerfile").write_text(MISTAKES)
    done = composegen("check", "--format", "json")
    assert (done.code, done.err) == (1, "")
    found = [(f["code"], f["severity"], f["file"], f["line"], f["column"]) for f in json.loads(done.out)]
    assert found == [
        ("CG101", "error", "Dockerfile", 2, 14),
        ("CG102", "error", "Dockerfile", 3, 21),
    ]


def test_json_without_findings(project: Path, composegen: Any) -> None:
    """An empty list is JSON as well."""
    del project
    done = composegen("check", "--format", "json")
    assert (done.code, json.loads(done.out)) == (0, [])


def test_github(project: Path, composegen: Any) -> None:
    """One workflow command per finding, on one line each."""
    (project / "Dockerfile").write_text(MISTAKES)
    done = composegen("check", "--format", "github")
    assert done.code == 1
    first, second = done.out.splitlines()
    assert first.startswith("::error file=Dockerfile,line=2,col=14,title=CG101::")
    assert second.startswith("::error file=Dockerfile,line=3,col=21,title=CG102::")
    assert "%0Ahelp: " in first


def test_warnings_alone_are_no_failure(project: Path, composegen: Any) -> None:
    """A warning is shown and the exit code is 0."""
    with (project / ".env").open("a") as env:
        env.write("COMPOSEGEN_FRONTENT=traefik\n")
    done = composegen("check")
    assert done.code == 0
    assert "warning[CG403]" in done.err
    assert done.err.endswith("1 warning\n")


def test_no_service(tmp_path: Path, composegen: Any) -> None:
    """A folder without annotations names the command that writes them."""
    del tmp_path
    done = composegen("check")
    assert done.code == 1
    assert "composegen init" in done.err
