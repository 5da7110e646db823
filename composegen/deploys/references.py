"""Names of images: ``[registry/]repository[:tag][@digest]``, and ids (``sha256:…``)."""

from __future__ import annotations

_HUB = ("docker.io/", "index.docker.io/")


def is_id(name: str) -> bool:
    """Tell whether ``name`` is an image's id and no reference."""
    return name.startswith("sha256:")


def fixed(name: str) -> bool:
    """Tell whether ``name`` always means the same image: an id, or a reference with a digest."""
    return is_id(name) or "@" in name


def repository(name: str) -> str:
    """Return a reference's repository as the engine lists it in RepoDigests; '' for an id."""
    if is_id(name):
        return ""
    name = name.partition("@")[0]
    head, _, last = name.rpartition("/")
    name = f"{head}/{last.partition(':')[0]}" if head else last.partition(":")[0]
    for hub in _HUB:
        name = name.removeprefix(hub)
    return name.removeprefix("library/") if name.count("/") == 1 else name


def at(name: str, digest: str) -> str:
    """Return ``repository@digest``: the same repository, that very image."""
    return f"{repository(name)}@{digest}"


def short(name: str) -> str:
    """Return an image's name as a table shows it: twelve digits of a digest or an id."""
    head, colon, digits = name.rpartition("sha256:")
    return f"{head}{colon}{digits[:12]}" if colon else name
