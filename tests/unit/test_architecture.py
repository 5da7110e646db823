"""Which module may import which: the direction, and the one home of each third-party package."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import composegen

ROOT = Path(composegen.__file__).parent
MODULES = sorted(p.relative_to(ROOT).as_posix() for p in ROOT.rglob("*.py"))
MAX_LINES = 400
# A table has one job, however long it is.
TABLES = frozenset({"codes.py"})

# From the left to the right: a layer may import itself and what stands behind it. What is named
# here is a package, or a module of composegen's own.
LAYERS = (
    ("cli", "__main__"),
    ("scaffold", "reference", "render"),
    ("deploys",),
    ("runtime", "building"),
    ("project", "discover"),
    ("pipeline",),
    ("targets",),
    ("frontends", "updaters"),
    ("passes", "emit"),
    ("keys", "model"),
    ("diagnostics", "codes", "source", "text", "errors", "markers", ""),
)
# Packages of one layer that do not know each other.
STRANGERS = {
    ("frontends", "updaters"),
    ("updaters", "frontends"),
    ("render", "scaffold"),
    ("render", "reference"),
}
# yaml reads (the escape hatch, the shape of an existing output); writing is emit/yaml.py's own.
HOMES = {
    "click": ("cli/",),
    "jinja2": ("emit/templates.py",),
    "yaml": ("targets/escape.py", "targets/yaml12.py", "project.py", "runtime/"),
    "docker": ("runtime/engine.py",),
    "dotenv": (),
}


def _layer(name: str) -> int:
    return next(i for i, names in enumerate(LAYERS) if name in names)


def _imports(path: str) -> set[str]:
    """Return the modules that a module imports, those for the type checker's sake included."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: a relative import"
            found |= {f"{node.module}.{a.name}" for a in node.names} | {node.module}
    return found


def _package(path: str) -> str:
    """Return what a module belongs to; whatever runs with ``python -m`` is a command line."""
    if path.endswith("__main__.py"):
        return "__main__"
    return path.partition("/")[0].removesuffix(".py").replace("__init__", "")


def _own(path: str) -> set[str]:
    """Return composegen's own packages and modules of the first level that a module imports."""
    parts = [name.split(".") for name in _imports(path) if name.startswith("composegen.")]
    names = {p[1] for p in parts}
    return {n for n in names if (ROOT / n).is_dir() or (ROOT / f"{n}.py").exists()}


@pytest.mark.parametrize("path", MODULES)
def test_imports_go_one_way(path: str) -> None:
    """A module imports its own layer and those behind it, never one before."""
    here = _package(path)
    for name in _own(path):
        assert _layer(name) >= _layer(here), f"{path} imports {name}"
        assert (here, name) not in STRANGERS, f"{path} imports {name}"


@pytest.mark.parametrize("path", MODULES)
def test_third_party_packages_have_one_home(path: str) -> None:
    """Replacing a package, or working round it, is a change in one place."""
    for name in {n.partition(".")[0] for n in _imports(path)} & HOMES.keys():
        assert path.startswith(HOMES[name]), f"{path} imports {name}"


@pytest.mark.parametrize("path", sorted({*MODULES} - TABLES))
def test_modules_are_short(path: str) -> None:
    """A module that outgrows this has more than one job."""
    assert len((ROOT / path).read_text("utf-8").splitlines()) <= MAX_LINES
