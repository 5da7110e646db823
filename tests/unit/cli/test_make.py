"""`composegen up` and `down`: a build, then the runner's script with its exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

REAL = ("sh", "cat", "dirname", "ls", "awk", "mktemp", "rm", "env", "sed", "grep")


def replace(project: Path, target: str, text: str) -> None:
    """Put another script in the runner's place, sealed as generated so that a build keeps it."""
    (project / f"composegen.d/run/{target}.sh").write_text(text)


def test_up_stops_on_errors(project: Path, composegen: Any) -> None:
    """With a mistake nothing is written and nothing is started."""
    (project / "Dockerfile").write_text("# composegen.service = web\n# composegen.port = x\nFROM a\n")
    done = composegen("up", path="/nowhere")
    assert done.code == 1
    assert "CG102" in done.err
    assert sorted(p.name for p in project.iterdir()) == [".env", "Dockerfile"]


def test_up_builds_first(project: Path, composegen: Any, programs: Any) -> None:
    """`up` writes the files, then runs the runner, which finds no engine: 3, not make's 2."""
    done = composegen("up", path=programs(REAL), DOCKER_HOST="unix:///nowhere/docker.sock")
    assert "wrote docker-compose.yml" in done.out
    assert (project / "composegen.mk").exists()
    assert done.code == 3
    assert done.err


@pytest.mark.parametrize("code", [0, 1, 4, 5])
def test_exit_code_and_folder(project: Path, composegen: Any, tmp_path_factory: Any, code: int) -> None:
    """`down` runs in the project's folder, from anywhere, and ends as the script does."""
    composegen("build")
    replace(project, "down", f"pwd -P\nexit {code}\n")
    done = composegen("down", str(project), cwd=tmp_path_factory.mktemp("elsewhere"))
    assert (done.code, done.out) == (code, f"{project.resolve()}\n")


def test_signal(project: Path, composegen: Any) -> None:
    """The process becomes the script: what ends the script ends the command."""
    composegen("build")
    replace(project, "down", "kill -TERM $$\n")
    assert composegen("down").code == -15


def test_down_without_files(tmp_path: Path, composegen: Any) -> None:
    """Without generated files the message names the command that makes them."""
    del tmp_path
    done = composegen("down")
    assert done.code == 1
    assert "run `composegen build` first" in done.err


def test_no_shell(project: Path, composegen: Any) -> None:
    """A machine without sh gets a message."""
    composegen("build")
    del project
    done = composegen("down", path="/nowhere")
    assert done.code == 1
    assert "sh cannot be run" in done.err


def test_arguments_of_make_are_not_the_environment_s(project: Path, composegen: Any) -> None:
    """A TIMEOUT or SERVICE of the environment is the app's, and reaches Compose."""
    composegen("build")
    (project / "composegen.d" / "run" / "down.sh").write_text(
        '. "$(dirname -- "$0")/lib.sh"\necho "$SERVICE_GIVEN,$TIMEOUT_GIVEN,$SERVICE,$TIMEOUT"\n'
    )
    done = composegen("down", SERVICE="x", TIMEOUT="30s", MAKEFLAGS="-- TIMEOUT=1")
    assert (done.code, done.out) == (0, ",,x,30s\n")
