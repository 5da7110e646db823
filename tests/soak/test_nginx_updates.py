"""Updates by watchtower through nginx, for apps of every manner: the figures of docs/explanation/nginx.md."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.engine.engine import Engine
from tests.standin import image as standin
from tests.standin.scene import apps, registry, updates

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.load
_COUNT = 6_000
_RATE = 200.0
_SCALE = 2
_ENDED = 3  # one takes the bad image; that one and the other take the good one


@dataclass(frozen=True)
class Case:
    """How the app ends, what is wrong with the next image, how long a request takes, how clients connect."""

    ends: str
    how: str
    ms: int
    keep_alive: bool

    def __str__(self) -> str:
        """Give the test its name."""
        return "-".join([self.ends, self.how, f"{self.ms}ms", "keep-alive" if self.keep_alive else "new"])

    @property
    def bound(self) -> int:
        """How many requests may be lost: POSTs that replicas had under way when they were ended.

        Half of the requests are POST, and each replica has its share of them; twice the mean of what
        it has under way, and one more, for each that ends.
        """
        under_way = _RATE / 2 / _SCALE * self.ms / 1000
        return _ENDED * (1 + math.ceil(2 * under_way))


CASES = (
    Case("abrupt", "crash-loop", 200, keep_alive=False),
    Case("deaf", "never-ready", 200, keep_alive=False),
)


@pytest.fixture(scope="module")
def images() -> Iterator[registry.Registry]:
    """Give a registry on a loopback port."""
    with registry.running(Engine.shared(["nginx"])) as found:
        yield found


@pytest.fixture(scope="module")
def watchtower(images: registry.Registry) -> str:
    """Name the real watchtower where the engine has its image, else the stand-in."""
    return standin.real(images.engine) or standin.ensure(images.engine)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_an_update_costs(images: registry.Registry, tmp_path: Path, watchtower: str, case: Case) -> None:
    """The gate stops the bad image at one replica; lost is at most what the ended ones had under way."""
    good, bad = apps.good(case.ends), apps.bad(case.how)
    with updates.scene(images, tmp_path, watchtower, good, scale=_SCALE, frontend="nginx") as scene:
        with updates.under_load(
            scene, f"/slow?ms={case.ms}", count=_COUNT, rate=_RATE, keep_alive=case.keep_alive
        ) as measured:
            scene.stopped_at_one(scene.publish(bad))
            scene.taken(scene.publish(good))
        measured.cost.lost_at_most(case.bound, _COUNT)
