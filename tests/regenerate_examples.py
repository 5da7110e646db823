"""Builds the examples anew: ``python -m tests.regenerate_examples``.

Each is built in a copy with the .env that its README names, so that a ``.env`` or a running
project in the checkout changes nothing; what came out is then put into the checkout.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
# Which file of the example becomes .env; .env.example where nothing else is said.
SETTINGS = {"staging-production": ".env.production.example"}
# What a running project leaves in its folder, and git leaves out.
_LEFT_OUT = shutil.ignore_patterns(".env", "secrets", ".composegen", "data", "public", "storage", "logs")


def main() -> None:
    """Build every example, and the .env.example of the repository's root."""
    for example in sorted(p for p in EXAMPLES.iterdir() if list(p.glob(".env*.example"))):
        with tempfile.TemporaryDirectory() as folder:
            built = copy(example, Path(folder) / example.name)
            (built / "Makefile").unlink(missing_ok=True)  # a build never touches one that is there
            compile_project(built)
            _put(built, example)
            sys.stdout.write(f"built examples/{example.name}\n")
    with tempfile.TemporaryDirectory() as folder:
        built = copy_root(Path(folder) / "composegen")
        compile_project(built)
        _replace(built / ".env.example", ROOT / ".env.example")
        sys.stdout.write("built .env.example\n")


def copy(example: Path, folder: Path) -> Path:
    """Copy an example as a fresh clone has it, with its .env."""
    shutil.copytree(example, folder, ignore=_LEFT_OUT)
    shutil.copy(example / SETTINGS.get(example.name, ".env.example"), folder / ".env")
    return folder


def copy_root(folder: Path) -> Path:
    """Copy what the example at the repository's root is made of."""
    folder.mkdir()
    shutil.copytree(EXAMPLES / "hello", folder / "examples" / "hello", ignore=_LEFT_OUT)
    for name in (".env.example", ".gitignore", "Makefile"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, folder / name)
    shutil.copy(ROOT / ".env.example", folder / ".env")
    return folder


def compile_project(folder: Path) -> None:
    """Run ``composegen build``, with no setting from the environment."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("COMPOSE")}
    subprocess.run([sys.executable, "-m", "composegen", "build", "--force", folder], env=env, check=True)


def _put(built: Path, example: Path) -> None:
    """Make the example's folder equal to what was built, touching only what differs."""
    for path in sorted(p for p in built.rglob("*") if p.is_file()):
        if path != built / ".env":
            _replace(path, example / path.relative_to(built))
    generated = example / "composegen.d"
    for path in sorted(p for p in generated.rglob("*") if p.is_file()):
        if not (built / path.relative_to(example)).exists():
            path.unlink()


def _replace(source: Path, target: Path) -> None:
    if not target.exists() or source.read_bytes() != target.read_bytes():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


if __name__ == "__main__":
    main()
