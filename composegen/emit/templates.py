"""Files that are copied into a project as they are."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pathlib import Path

# The package is the top-level folder `templates` of the checkout (setup.cfg). importlib.resources would
# cost a twentieth of a small build, and the package is never zipped.
_ROOT = Path(str(import_module("composegen.templates").__file__)).parent


@lru_cache(maxsize=256)
def text(name: str) -> str:
    """Return the file ``name`` of the templates folder, byte for byte."""
    return (_ROOT / name).read_text(encoding="utf-8")


def names(folder: str) -> tuple[str, ...]:
    """Return the names of the files in ``folder`` of the templates, sorted."""
    return tuple(
        sorted(e.name for e in (_ROOT / folder).iterdir() if e.is_file() and e.suffix not in {".py", ".pyc"})
    )
