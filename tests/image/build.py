"""Build composegen's image as its Dockerfile says, where containers reach no package index.

Two of its stages fetch something: the wheels and the docker client. Here they are folders of the
same content, made on this machine; everything else is the Dockerfile's own.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from composegen import __version__
from tests.engine import images
from tests.engine.places import EngineError, home, locked

if TYPE_CHECKING:
    from tests.engine.engine import Engine

NAME = f"composegen-test/composegen:{__version__}"
ROOT = Path(__file__).parents[2]
_LABEL = "composegen.test.image"
_PARTS = ("composegen", "templates", "image")


def ensure(engine: Engine) -> str:
    """See that the engine has an image of composegen as it is now, and give its name."""
    with locked("image"):
        if _mark(engine) == _digest():
            return NAME
        images.ensure(engine, ["python"])
        old = engine.docker("images", "--quiet", NAME).split()
        folder = home() / "build" / "composegen-image"
        shutil.rmtree(folder, ignore_errors=True)
        _wheels(engine, folder / "wheels" / "wheels")
        _client(engine, folder / "cli" / "usr" / "local" / "bin")
        engine.docker(
            "buildx",
            "build",
            "--quiet",
            "--load",
            "--network=none",
            "--provenance=false",
            f"--build-context=wheels={folder / 'wheels'}",
            f"--build-context=cli={folder / 'cli'}",
            f"--label={_LABEL}={_digest()}",
            f"--tag={NAME}",
            f"--file={ROOT / 'image' / 'Dockerfile'}",
            str(ROOT),
        )
        if old and old != engine.docker("images", "--quiet", NAME).split():
            engine.docker("rmi", *old, check=False)
    return NAME


def _wheels(engine: Engine, folder: Path) -> None:
    """Put composegen's wheel and what it needs into a folder, for the image's Python."""
    words = ("run", "--rm", "--network=none", "python:3-slim", "python3", "-c")
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    version = engine.docker(*words, code).strip()
    folder.mkdir(parents=True)
    source = folder.parent.parent / "source"  # setuptools leaves its work where the source is
    for part in _PARTS:
        shutil.copytree(ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    _pip("wheel", "--quiet", "--no-deps", f"--wheel-dir={folder}", str(source))
    (wheel,) = folder.glob("*.whl")
    _pip(
        "download",
        "--quiet",
        f"--dest={folder}",
        f"--python-version={version}",
        "--only-binary=:all:",
        str(wheel),
    )


def _client(engine: Engine, folder: Path) -> None:
    found = shutil.which("docker", path=engine.env["PATH"])
    if found is None:
        raise EngineError("there is no docker command on PATH")
    folder.mkdir(parents=True)
    shutil.copy(found, folder / "docker")


def _pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *words]
    done = subprocess.run(
        command, cwd=home(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise EngineError(f"pip {' '.join(words)} failed:\n{done.stdout}")


def _mark(engine: Engine) -> str | None:
    form = "{{json .Config.Labels}}"
    told = engine.docker("image", "inspect", f"--format={form}", NAME, check=False).strip()
    return (json.loads(told) or {}).get(_LABEL) if told else None


def _digest() -> str:
    """What the image depends on, in one short word."""
    hashed = hashlib.sha256((ROOT / "setup.cfg").read_bytes())
    for part in _PARTS:
        for path in sorted((ROOT / part).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                hashed.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return hashed.hexdigest()[:16]
