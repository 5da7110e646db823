"""What the end-to-end tests share: the engine, and projects that are removed afterwards."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from tests import regenerate_examples as examples
from tests.e2e.site import Site
from tests.engine import Engine
from tests.standin import image as standin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_IMAGES = ("busybox", "traefik", "haproxy", "python", "postgres", "pebble", "registry")


@pytest.fixture(scope="session")
def running_engine() -> Engine:
    """Give the tests' engine with the images that projects need; without one the tests fail."""
    engine = Engine.shared(_IMAGES)
    standin.ensure(engine)
    return engine


@pytest.fixture
def new_site(running_engine: Engine, tmp_path: Path) -> Iterator[Callable[[str], Site]]:
    """Give a function that makes an empty project; all are removed at the end."""
    sites: list[Site] = []

    def make(label: str = "site") -> Site:
        folder = tmp_path / label
        folder.mkdir()
        # Others than root have to reach what is mounted from here.
        for parent in (folder, tmp_path, tmp_path.parent, tmp_path.parent.parent):
            parent.chmod(0o755)
        sites.append(Site(running_engine, folder, f"cg{label}{uuid.uuid4().hex[:6]}"))
        return sites[-1]

    yield make
    for site in sites:
        site.end()


@pytest.fixture
def example(new_site: Callable[[str], Site]) -> Callable[[str], Site]:
    """Give a function that copies an example as its README tells, .env included."""

    def copied(name: str) -> Site:
        site = new_site(name.replace("-", ""))
        site.folder.rmdir()
        examples.copy(examples.EXAMPLES / name, site.folder)
        site.settings()
        return site

    return copied
