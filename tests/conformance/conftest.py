"""One project per frontend, shared by all tests of the suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance import FRONTENDS
from tests.conformance.frontends import KNOWN
from tests.conformance.stack import HERE, Stack
from tests.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator

_IMAGES = {
    "traefik": ("busybox", "traefik", "haproxy", "pebble", "testapp"),
    "nginx": ("busybox", "nginx", "certbot", "pebble", "testapp"),
}
# Single requests first; what disturbs the project last.
_ORDER = ("rows", "streams", "uploads", "limits", "failures", "long", "trusted")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files of the suite into their order; `tests/scheduling.py` keeps a project's in one worker."""
    asking = [i for i in items if i.path.parent == HERE and "stack" in getattr(i, "fixturenames", ())]
    mine = sorted(asking, key=lambda i: (_frontend(i), _ORDER.index(i.path.stem.removeprefix("test_"))))
    for item in mine:
        item.add_marker(pytest.mark.e2e)
    known = set(asking)
    places = [at for at, item in enumerate(items) if item in known]
    for at, item in zip(places, mine, strict=True):
        items[at] = item


def _frontend(item: pytest.Item) -> str:
    """Give the frontend that a test is about."""
    return str(getattr(item, "callspec").params["stack"])  # noqa: B009 - pytest adds callspec to the items that have one


@pytest.fixture(scope="session", params=FRONTENDS)
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give the running project behind one frontend."""
    frontend = KNOWN[request.param]
    engine = Engine.shared(_IMAGES[frontend.name])
    folder = tmp_path_factory.mktemp(f"conformance-{frontend.name}")
    # Others than root have to reach what is mounted from here.
    for parent in (folder, folder.parent, folder.parent.parent):
        parent.chmod(0o755)
    running = Stack.start(engine, frontend, folder)
    yield running
    running.end()
