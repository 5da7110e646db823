"""The examples' Dockerfiles as a linter sees them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
DOCKERFILES = sorted(p for p in EXAMPLES.rglob("*Dockerfile*") if p.is_file() and p.suffix != ".dockerignore")


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda p: str(p.relative_to(EXAMPLES)))
def test_hadolint_finds_nothing(path: Path) -> None:
    """Hadolint has no finding on any of them."""
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, "--no-color", str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_each_example_has_one() -> None:
    """No example is left out by the way they are found."""
    assert {p.relative_to(EXAMPLES).parts[0] for p in DOCKERFILES} == {p.name for p in EXAMPLES.iterdir()}
