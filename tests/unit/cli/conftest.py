"""A command line to call, and a small project to call it on."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

WEB = """\
# composegen.service = web
# composegen.url = https://${SITE_HOST}
# composegen.port = 8000
FROM python:3.12-slim
CMD ["python3", "-m", "http.server", "8000"]
"""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


def call(*arguments: str, cwd: Path, path: str | None = None, **environ: str) -> Done:
    """Run composegen as a user does: a process of its own, no terminal, none of our settings."""
    inherited = {
        k: v for k, v in os.environ.items() if not k.startswith(("COMPOSE", "DOCKER", "MAKE", "SITE_"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "composegen", *arguments],
        cwd=cwd,
        env={**inherited, **({"PATH": path} if path else {}), **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
        text=True,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def composegen(tmp_path: Path) -> Callable[..., Done]:
    """Run composegen in the test's folder."""

    def run(*arguments: str, **environ: str) -> Done:
        return call(*arguments, cwd=environ.pop("cwd", tmp_path), **environ)  # type: ignore[arg-type]

    return run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a project of one service, with the TLS of a development machine."""
    (tmp_path / "Dockerfile").write_text(WEB)
    (tmp_path / ".env").write_text("SITE_HOST=localhost\nCOMPOSEGEN_TLS=local\n")
    (tmp_path / ".env").chmod(0o600)
    return tmp_path


@pytest.fixture
def snapshot() -> Callable[[Path], dict[str, bytes]]:
    """Return a function that gives every file below a folder with its content."""

    def take(folder: Path) -> dict[str, bytes]:
        return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}

    return take


@pytest.fixture
def programs(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Return a function that makes a PATH of shell scripts and of links to the real programs."""

    def make(real: tuple[str, ...] = (), **scripts: str) -> str:
        folder = tmp_path_factory.mktemp("bin")
        for name in real:
            source = next(Path(d) / name for d in os.defpath.split(":") if (Path(d) / name).exists())
            (folder / name).symlink_to(source)
        for name, text in scripts.items():
            (folder / name).write_text(f"#!/bin/sh\n{text}\n")
            (folder / name).chmod(0o755)
        return str(folder)

    return make
