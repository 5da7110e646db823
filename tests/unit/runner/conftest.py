"""A project folder with the runner in it, a docker that answers what a test says, and shells."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.toolbox.conftest import SUITES, debian

if TYPE_CHECKING:
    from collections.abc import Callable

RUNNER = Path(__file__).parents[3] / "templates" / "runner"
AWKS = ("mawk", "gawk", "original-awk", *(f"busybox-{s}" for s in SUITES))
SHELLS = ("dash", "bash", *(f"busybox-{s}" for s in SUITES))


def command(name: str, applet: str) -> list[str]:
    """Give the words that start an awk or a shell; skip the test where there is none."""
    if name.startswith("busybox-"):
        return [str(debian(name.removeprefix("busybox-"))), applet]
    if shutil.which(name) is None:
        pytest.skip(f"no {name} here")
    return [name, "--posix"] if name == "bash" else [name]


@pytest.fixture(params=AWKS)
def awk(request: pytest.FixtureRequest) -> list[str]:
    """Each awk that can be had."""
    return command(request.param, "awk")


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> list[str]:
    """Each shell that can be had."""
    return command(request.param, "sh")


def filtered(awk: list[str], program: str, text: str, **variables: object) -> list[str]:
    """Run an awk program of the runner and give the lines it prints."""
    words = [w for name, value in variables.items() for w in ("-v", f"{name}={value}")]
    done = subprocess.run(
        [*awk, *words, "-f", str(RUNNER / program)],
        input=text.encode(),
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().split("\n")[:-1]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder whose name is not easy."""
    folder = tmp_path / "an $odd 'name\""
    shutil.copytree(RUNNER, folder / "composegen.d" / "run")
    for name in ("composegen.mk", "Makefile"):
        shutil.copy(RUNNER.parent / name, folder)
    return folder


@pytest.fixture
def script(project: Path) -> Callable[[str], Path]:
    """Give a function that adds a script to the runner, with the parts named read first."""

    def add(body: str, *parts: str) -> Path:
        path = project / "composegen.d" / "run" / "try.sh"
        reads = "".join(f'. "$RUN/lib-{part}.sh"\n' for part in parts)
        path.write_text(f'. "$(dirname -- "$0")/lib.sh"\n{reads}{body}\n')
        return path

    return add
