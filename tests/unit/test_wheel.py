"""A built wheel is complete: outside of the checkout it writes what the checkout writes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import click
import pytest
import yaml

ROOT = Path(__file__).parents[2]
SAMPLE = (
    "# composegen.service = web\n# composegen.url = https://${SITE_HOST}\n# composegen.port = 8000\n"
    "# composegen.scale = 2\n# composegen.image = e.com/web:1\n# composegen.update = auto\nFROM alpine\n"
)
COMMANDS = (
    ("build", "--set", "COMPOSEGEN_TLS=local", "project"),
    ("check", "--format", "json", "project"),
    ("explain",),
    ("init", "--yes", "new"),
    ("build", "new"),
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of what git would have, so that no build folder is left behind."""
    copy = tmp_path_factory.mktemp("source")
    for name in ("composegen", "templates"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    out = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(out), str(copy)]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    return next(out.glob("composegen-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a fresh environment that borrows the dependencies; return its command."""
    place = tmp_path_factory.mktemp("venv")
    venv.create(place, with_pip=False, symlinks=True)
    site = next(place.glob("lib/python*/site-packages"))
    command = [sys.executable, "-m", "pip", "--python", str(place / "bin/python"), "install", "--quiet"]
    command += ["--no-deps", "--no-index", "--disable-pip-version-check", str(wheel)]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    for module in (click, yaml):
        source = Path(module.__file__ or "").parent
        (site / source.name).symlink_to(source)
    return place / "bin/composegen"


def run(command: list[str], folder: Path) -> dict[str, bytes]:
    """Run all commands in a new folder; return what they wrote and printed."""
    folder.mkdir()
    (folder / "project").mkdir()
    (folder / "project/Dockerfile").write_text(SAMPLE)
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
    found = {}
    for words in COMMANDS:
        done = subprocess.run([*command, *words], cwd=folder, env=env, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        found[" ".join(words)] = done.stdout
    return found | {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_same_output_outside_of_the_checkout(installed: Path, tmp_path: Path) -> None:
    """Every command gives the same output and the same files, generated scripts included."""
    here = run([sys.executable, "-m", "composegen"], tmp_path / "here")
    there = run([str(installed)], tmp_path / "there")
    assert there == here
    assert "project/composegen.d/toolbox/gate" in there


def test_it_is_the_wheel(installed: Path, tmp_path: Path) -> None:
    """The environment runs its own copy, not the checkout."""
    code = "import composegen, composegen.templates as t; print(composegen.__file__, *t.__path__)"
    done = subprocess.run(
        [installed.parent / "python", "-c", code], cwd=tmp_path, capture_output=True, check=True, text=True
    )
    assert str(ROOT) not in done.stdout


def test_everything_is_in_the_wheel(wheel: Path) -> None:
    """Each module and each template of the checkout is in the wheel, and nothing of the tests."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    wanted = {str(p.relative_to(ROOT)) for p in (ROOT / "composegen").rglob("*.py")} | {"composegen/py.typed"}
    wanted |= {
        f"composegen/templates/{p.relative_to(ROOT / 'templates')}"
        for p in (ROOT / "templates").rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }
    assert wanted - names == set()
    assert not [n for n in names if n.startswith("tests/")]
