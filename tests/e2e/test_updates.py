"""Updates on a real engine, from a real registry, through a real Traefik, under load."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.engine import Engine
from tests.standin import image as standin
from tests.standin.scene import apps, registry, updates

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.e2e, pytest.mark.load]
_COUNT = 10_000


@pytest.fixture(scope="module")
def engine() -> Engine:
    """Give the tests' engine; without one the tests fail."""
    return Engine.shared([])


@pytest.fixture(scope="module", params=["standin", "real"])
def watchtower(request: pytest.FixtureRequest, engine: Engine) -> str:
    """Name a watchtower: the stand-in, and the real one where the engine has its image."""
    if request.param == "standin":
        return standin.ensure(engine)
    return standin.real(engine) or pytest.skip("the engine has no image of the real watchtower")


@pytest.fixture(scope="module")
def images(engine: Engine) -> Iterator[registry.Registry]:
    """Give a registry on a loopback port."""
    with registry.running(engine) as found:
        yield found


def test_a_good_update_loses_no_request(images: registry.Registry, tmp_path: Path, watchtower: str) -> None:
    """Three replicas without a shell that exit at once, GET and POST: all are answered."""
    app = apps.good("abrupt")
    with updates.scene(images, tmp_path, watchtower, app, scale=3) as scene:
        with updates.under_load(scene, count=_COUNT) as measured:
            scene.taken(scene.publish(app))
        measured.cost.nothing_lost(_COUNT)


def test_a_bad_image_stops_at_one_replica_and_the_next_good_one_is_taken(
    images: registry.Registry, tmp_path: Path, watchtower: str
) -> None:
    """One replica takes it, nothing is lost, `make up` takes no second, the cure gets in."""
    app = apps.good("abrupt")
    with updates.scene(images, tmp_path, watchtower, app, scale=2, check=apps.OFTEN) as scene:
        with updates.under_load(scene, count=_COUNT) as measured:
            bad = scene.publish(apps.bad("crash-loop"))
            scene.stopped_at_one(bad)
            # It makes the sick one anew from the accepted image, and watchtower may be as quick as to take
            # it once more, of which `up` then says that it crashes.
            scene.project.up(check=False)
            scene.at_most_one_has(bad)
            scene.taken(scene.publish(app))
        measured.cost.nothing_lost(_COUNT)
