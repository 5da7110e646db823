"""Deploys, rollbacks and activations of apps of every manner behind both frontends, in pairs, under load.

A project is made for each manner behind each frontend; two or three changes are made to each. A change is
one row: each value of a column meets each value of every other column in some row.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import new_site, running_engine
from tests.e2e.deployed import Cost, Deployed, Kind, deployed
from tests.standin.scene import apps, registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.site import Site
    from tests.engine.engine import Engine

__all__ = ["new_site", "running_engine"]
pytestmark = [pytest.mark.load, pytest.mark.timeout(900)]
_COUNT = 1_000
_GRACE = "4s"  # above what the longest request takes
_NEW = Kind("new")
_KEPT = Kind("kept", keep_alive=True)
# What lasts goes beside 200 requests a second with connections of their own.
_SLOW = Kind("slow", path="/slow?ms=3000", rate=5.0, methods=("GET",))
_WEBSOCKET = Kind("websocket", path="/ws", rate=4.0, methods=("GET",), websocket=True, lasting=3.0)
_UPLOAD = Kind("upload", rate=3.0, methods=("POST",), body=1 << 20, lasting=2.0)
TRAFFIC = {
    "new": (_NEW,),
    "keep-alive": (_KEPT,),
    "slow": (_NEW, _SLOW),
    "websocket": (_NEW, _WEBSOCKET),
    "upload": (_NEW, _UPLOAD),
}
_SLOW_START = "10"
_SHELL = True
APPS = {
    **{ends: apps.good(ends, shell=_SHELL) for ends in ("graceful", "deaf")},
    "scratch": apps.good("abrupt"),
    "slow-start": apps.App("slow-start", {"ON_TERM": "graceful", "READY_AFTER": _SLOW_START}),
}
WHAT = ("deploy", "rollback", "activate")


@dataclass(frozen=True)
class Case:
    """One project; ``changes`` are what is done to it, each with its traffic. The first is a deploy."""

    frontend: str
    replicas: int
    app: str
    changes: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        """Give the test its name."""
        return f"{self.frontend}-{self.replicas}-{self.app}"

    def rows(self) -> list[tuple[object, ...]]:
        """Give the row of each change."""
        return [(self.frontend, self.replicas, self.app, *change) for change in self.changes]


CASES = (
    Case("nginx", 1, "graceful", (("deploy", "keep-alive"), ("rollback", "slow"), ("activate", "websocket"))),
    Case("traefik", 3, "graceful", (("deploy", "upload"), ("activate", "new"))),
    Case("nginx", 1, "deaf", (("deploy", "new"), ("rollback", "upload"), ("activate", "websocket"))),
    Case("traefik", 3, "deaf", (("deploy", "slow"), ("activate", "keep-alive"))),
    Case(
        "traefik", 1, "scratch", (("deploy", "upload"), ("rollback", "websocket"), ("activate", "keep-alive"))
    ),
    Case("nginx", 3, "scratch", (("deploy", "new"), ("activate", "slow"))),
    Case(
        "traefik", 1, "slow-start", (("deploy", "slow"), ("rollback", "keep-alive"), ("activate", "upload"))
    ),
    Case("nginx", 3, "slow-start", (("deploy", "websocket"), ("rollback", "new"))),
)


@pytest.fixture(scope="module")
def images(running_engine: Engine) -> Iterator[registry.Registry]:
    """Give a registry on a loopback port."""
    with registry.running(running_engine) as found:
        yield found


@pytest.mark.parametrize("case", CASES, ids=str)
def test_nothing_is_lost(
    new_site: Callable[[str], Site],
    images: registry.Registry,
    figures: list[str],
    case: Case,
) -> None:
    """Lost is what failed, and what was cut before it had the time of its stop-grace."""
    lines = (f"healthcheck = {apps.HEALTH} 1s", f"startup = {apps.HEALTH} 30s")
    app = APPS[case.app]
    with deployed(
        new_site,
        images,
        app,
        scale=case.replicas,
        grace=_GRACE,
        lines=lines,
        COMPOSEGEN_FRONTEND=case.frontend,
    ) as made:
        made.command("releases")
        ran = {1: made.images()[0]}
        for what, traffic in case.changes:
            cost, seconds = _change(made, app, ran, what, traffic)
            if cost.late:
                figures.append(f"{case} {what} {traffic}: once more, as the client itself was late")
                cost, seconds = _change(made, app, ran, what, traffic)
            figures.append(f"{case} {what} {traffic}: {_told(cost)}, {what} took {seconds:.1f} s")
            cost.nothing_lost(_COUNT)


def _change(
    made: Deployed, app: apps.App, ran: dict[int, str], what: str, traffic: str
) -> tuple[Cost, float]:
    """Make one change under load, and give its own seconds.

    ``ran`` is number to image, of the active release last; it learns of the change.
    """
    if what == "deploy":
        number, image = max(ran) + 1, made.publish(app)
        words: tuple[str, ...] = ("deploy", "--yes", "--bake", "1s")
    else:
        number = [*ran][-2]
        image = ran.pop(number)
        verb = ("rollback",) if what == "rollback" else ("release", "activate")
        words = (*verb, "web", str(number), "--yes", "--bake", "1s")
    with made.load(TRAFFIC[traffic], _COUNT, lead=1.0) as cost:
        begun = time.monotonic()
        made.command(*words)
        seconds = time.monotonic() - begun
    made.settled(image, number)
    ran[number] = image
    return cost, seconds


def _told(cost: Cost) -> str:
    ordinary = max(cost.results[name].slowest for name in cost.results if name in {"new", "kept"})
    return f"{cost.lost} of {cost.sent} lost, slowest {ordinary:.2f} s"


def test_the_cases_are_pairwise() -> None:
    """Each value of a column meets each value of every other column."""
    rows = [row for case in CASES for row in case.rows()]
    wanted = (("traefik", "nginx"), (1, 3), tuple(APPS), WHAT, tuple(TRAFFIC))
    for one, other in combinations(range(len(wanted)), 2):
        missing = {(a, b) for a in wanted[one] for b in wanted[other]}
        missing -= {(row[one], row[other]) for row in rows}
        assert not missing
