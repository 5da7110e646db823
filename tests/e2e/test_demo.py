"""`make demo`: what a newcomer types first."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.ports import free_port

if TYPE_CHECKING:
    from tests.engine import Engine

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]


def test_demo_shows_the_page_and_leaves_nothing(running_engine: Engine) -> None:
    """The example is compiled, started and fetched over https; `down` removes all of it."""
    name = f"cgdemo{uuid.uuid4().hex[:6]}"
    environ = {
        **os.environ,
        **running_engine.env,
        "VENV": str(Path(sys.executable).parents[1]),
        "DEMO_NAME": name,
        "DEMO_HTTP_PORT": str(free_port()),
        "DEMO_HTTPS_PORT": str(free_port()),
    }

    def demo(*words: str) -> str:
        done = subprocess.run(
            ["sh", "tests/demo.sh", *words],
            cwd=ROOT,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    try:
        said = demo()
        assert "HTTP/1.1 200 OK over TLSv1.3" in said
        assert "Hello from composegen" in said
    finally:
        demo("down")
    left = running_engine.docker("ps", "-aq", f"--filter=label=com.docker.compose.project={name}")
    assert left.strip() == ""
