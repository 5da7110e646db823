"""deploy, rollback, releases: what the command line refuses, and how a deploy is followed."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from composegen.cli import cli
from composegen.cli.deploying import Question
from composegen.cli.progress import Live, Plain
from composegen.deploys.planned import Plan, ServicePlan
from composegen.errors import ComposegenError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_CHANGING = (
    ["deploy"],
    ["rollback", "web"],
    ["release", "create", "web", "v2"],
    ["release", "activate", "web", "2"],
    ["release", "unpin", "web"],
)


@pytest.mark.parametrize("words", _CHANGING, ids=" ".join)
def test_what_changes_refuses_an_engine_elsewhere(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The project's files are here, and the containers would be there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", "ssh://server")
    found = CliRunner().invoke(cli, words)
    assert isinstance(found.exception, UsageError), found.output
    assert "is not on this machine (ssh://server)" in str(found.exception)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["deploy", "--image", "v2"], "--image goes with one service"),
        (["deploy", "--image", "v2", "web", "worker"], "--image goes with one service"),
        (["deploy", "--image", "v2", "--no-pull", "web"], "exclude each other"),
        (["deploy", "--surge", "0"], "from 1 on, or all"),
        (["deploy", "--bake", "soon"], "--bake"),
        (["rollback", "web", "0"], "0"),
        (["release", "activate", "web", "first"], "first"),
    ],
)
def test_what_cannot_be_meant(words: list[str], why: str) -> None:
    """Exit code 2, before the engine is asked."""
    found = CliRunner().invoke(cli, words)
    assert found.exit_code == 2 or isinstance(found.exception, UsageError)
    assert why in found.output + str(found.exception)


_ABOUT_A_PROJECT = (
    ["plan"],
    ["ps"],
    ["logs"],
    ["releases"],
    ["run", "web", "--", "true"],
    *_CHANGING,
)


@pytest.mark.parametrize("words", _ABOUT_A_PROJECT, ids=" ".join)
def test_a_folder_below_is_not_the_project(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compose would find the file above: lock, flags and releases would go where nobody looks for them."""
    below = tmp_path / "web"
    below.mkdir()
    monkeypatch.chdir(below)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    found = CliRunner().invoke(cli, words)
    assert isinstance(found.exception, ComposegenError), found.output
    assert found.exception.hint == "run `composegen build` first"
    (tmp_path / "docker-compose.yml").write_text("name: p\n")
    found = CliRunner().invoke(cli, words)
    assert isinstance(found.exception, ComposegenError), found.output
    assert found.exception.hint == f"run it in the project's folder: cd {tmp_path}"
    assert not list(below.iterdir())


def test_closed_streams(tmp_path: Path) -> None:
    """`<&-` and `>&-` are no fault, and no file takes their place."""
    (tmp_path / "docker-compose.yml").write_text("name: p\n")
    for closed in ("<&-", ">&-", "<&- >&-"):
        done = subprocess.run(
            ["sh", "-c", f"exec {sys.executable} -m composegen destroy {closed}"],
            cwd=tmp_path,
            env={**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/no.sock"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1, done.stderr
        assert done.stderr.startswith("composegen: there is no composegen.d/run/destroy.sh here"), done.stderr


def test_ctrl_c(tmp_path: Path, programs: Callable[..., str]) -> None:
    """It ends with the code of that signal, and not with that of a mistake."""
    (tmp_path / "docker-compose.yml").write_text("name: p\n")
    path = programs(("sleep", "touch"), docker="touch called; exec sleep 30")
    with subprocess.Popen(
        [sys.executable, "-m", "composegen", "plan"],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not (tmp_path / "called").exists():
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20)[1] == ""
        assert process.returncode == 130


def test_plain_lines_tell_each_status_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Warnings go to the standard error; nothing can steer the terminal."""
    follow = Plain()
    for status in ("is starting", "is starting", "held, ready", "held, ready"):
        follow.container("web", "p-web-1", status)
    follow.warn("    \x1b[31mred")
    said = capsys.readouterr()
    assert said.out == "web: p-web-1: is starting\nweb: p-web-1: held, ready\n"
    assert said.err == "    \\x1b[31mred\n"


def test_a_terminal_shows_a_line_for_each_container() -> None:
    """Lines change in place, and stay above what is said next."""
    stream = io.StringIO()
    follow = Live(stream)
    follow.container("web", "web-1", "is starting")
    follow.container("web", "web-2", "is starting")
    follow.container("web", "web-1", "ready")
    follow.say("done")
    assert stream.getvalue().split("\x1b[2A")[1] == "\r\x1b[K  web-1  ready\n\r\x1b[K  web-2  is starting\n"
    assert stream.getvalue().endswith("done\n")


def test_a_plan_is_asked_about_again_when_it_has_changed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Agreed to once, not asked again; another one is, and is shown."""
    asked: list[str] = []
    monkeypatch.setattr("click.confirm", lambda text, **_: bool(asked.append(text)) or True)
    question = Question(ask=True)
    first = Plan(project="p", services=(ServicePlan(name="web", action="remove", how="remove"),))
    second = Plan(project="p", services=(ServicePlan(name="db", action="remove", how="remove"),))
    assert question.agreed(first)
    assert question.agreed(first)
    assert len(asked) == 1
    assert question.agreed(second)
    assert len(asked) == 2
    assert "Meanwhile something has changed" in capsys.readouterr().out
    assert question.agreed(Plan(project="p"))
    assert len(asked) == 2


def test_a_deploy_goes_on_when_nobody_reads() -> None:
    """What is told to a pipe that was closed is told to nobody, and is no error."""
    script = """
import sys
from composegen.cli.progress import Plain
follow = Plain()
sys.stdin.readline()
for number in range(3):
    follow.container("web", "web-1", str(number))
follow.warn("went on")
"""
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        run.stdout.close()
        run.stdout = None
        _, complaints = run.communicate("go\n")
    assert (run.returncode, complaints) == (0, "went on\n")
