"""Names for services, taken from folders and file names."""

from __future__ import annotations

import posixpath
import re

# Dockerfile.dev beside a Dockerfile is the same service in another shape.
_VARIANTS = frozenset(
    {"base", "build", "ci", "debug", "dev", "development", "local", "prod", "production", "release", "test"}
)


def service_name(text: str, reserved: frozenset[str] = frozenset()) -> str:
    """Return ``text`` as a name that a service and its image can have."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "app"
    return f"{name}-app" if name in reserved else name


def wish(path: str, project: str) -> str:
    """Return the name that a Dockerfile at ``path`` asks for: its suffix, else its folder."""
    folder, file = posixpath.split(path)
    suffix = _suffix(file)
    return suffix or posixpath.basename(folder) or project


def is_variant(path: str, paths: list[str]) -> bool:
    """Tell whether the Dockerfile is a variant of the plain one beside it."""
    folder, file = posixpath.split(path)
    plain = any(posixpath.join(folder, name) in paths for name in ("Dockerfile", "Containerfile"))
    return plain and _suffix(file).lower() in _VARIANTS


def _suffix(file: str) -> str:
    if file.endswith(".Dockerfile"):
        return file.removesuffix(".Dockerfile")
    return file.removeprefix("Dockerfile.") if file.startswith("Dockerfile.") else ""


def distinct(
    paths: list[str], project: str, taken: frozenset[str], reserved: frozenset[str]
) -> dict[str, str]:
    """Return a name for each Dockerfile, none of them twice or in ``taken``."""
    found: dict[str, str] = {}
    used = set(taken)
    for path in paths:
        name = service_name(wish(path, project), reserved)
        if name in used:
            name = service_name(f"{posixpath.dirname(path)}-{wish(path, project)}", reserved)
        number, base = 2, name
        while name in used:
            name, number = f"{base}-{number}", number + 1
        used.add(name)
        found[path] = name
    return found
