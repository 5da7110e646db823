"""An update by watchtower through nginx, under load: what the gate saves and what nginx loses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.engine import Engine
from tests.standin import image as standin
from tests.standin.scene import apps, registry, updates

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.e2e, pytest.mark.load, pytest.mark.soak]
_COUNT = 10_000
_RATE = 200.0
# nginx hears of no drain: it asks a replica until it is gone. Lost is what an application that ends
# at once has under way when it is told to end; a POST takes a millisecond, 33 a second go to each of
# three replicas, so it is rarely one. Twice that for each of them is the bound.
_EACH = 2


@pytest.fixture(scope="module")
def images() -> Iterator[registry.Registry]:
    """Give a registry on a loopback port."""
    with registry.running(Engine.shared(["nginx"])) as found:
        yield found


@pytest.fixture(scope="module")
def watchtower(images: registry.Registry) -> str:
    """Name the stand-in for watchtower."""
    return standin.ensure(images.engine)


def test_a_bad_image_and_a_good_one(images: registry.Registry, tmp_path: Path, watchtower: str) -> None:
    """The gate holds: one replica takes the bad image. The next good one replaces all of them."""
    app = apps.good("abrupt")
    with updates.scene(images, tmp_path, watchtower, app, scale=3, frontend="nginx") as scene:
        with updates.under_load(scene, count=_COUNT, rate=_RATE) as measured:
            scene.stopped_at_one(scene.publish(apps.bad("crash-loop")))
            scene.taken(scene.publish(app))
        # The bad image replaces one replica, and the good one that and the other two.
        measured.cost.lost_at_most(4 * _EACH, _COUNT)
