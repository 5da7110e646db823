"""Bad images and their cure, for apps of every manner, in pairs: ten runs."""

from __future__ import annotations

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
_COUNT = 4_000


@dataclass(frozen=True)
class Case:
    """How the app ends, what is wrong with the next image, and how clients connect."""

    ends: str
    how: str
    has_shell: bool
    keep_alive: bool

    def __str__(self) -> str:
        """Give the test its name."""
        words = [self.ends, self.how, "shell" if self.has_shell else "no-shell"]
        return "-".join([*words, "keep-alive" if self.keep_alive else "new"])


# Each value of each column meets each value of every other.
CASES = (
    Case("graceful", "cannot-start", has_shell=False, keep_alive=False),
    Case("graceful", "crash-loop", has_shell=True, keep_alive=True),
    Case("graceful", "never-ready", has_shell=False, keep_alive=True),
    Case("abrupt", "cannot-start", has_shell=True, keep_alive=True),
    Case("abrupt", "crash-loop", has_shell=False, keep_alive=False),
    Case("abrupt", "never-ready", has_shell=True, keep_alive=False),
    Case("deaf", "cannot-start", has_shell=False, keep_alive=True),
    Case("deaf", "crash-loop", has_shell=False, keep_alive=False),
    Case("deaf", "never-ready", has_shell=True, keep_alive=False),
)


@pytest.fixture(scope="module")
def engine() -> Engine:
    """Give the tests' engine; without one the tests fail."""
    return Engine.shared([])


@pytest.fixture(scope="module")
def images(engine: Engine) -> Iterator[registry.Registry]:
    """Give a registry on a loopback port."""
    with registry.running(engine) as found:
        yield found


@pytest.fixture(scope="module")
def watchtower(engine: Engine) -> str:
    """Name the real watchtower where the engine has its image, else the stand-in."""
    return standin.real(engine) or standin.ensure(engine)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_bad_image_stops_at_one_and_is_cured(
    images: registry.Registry, tmp_path: Path, watchtower: str, case: Case
) -> None:
    """One replica takes the bad image, nothing is lost, the next good image is taken."""
    good = apps.good(case.ends, shell=case.has_shell)
    bad = apps.bad(case.how, shell=case.has_shell)
    with updates.scene(images, tmp_path, watchtower, good, check=apps.OFTEN) as scene:
        _bad_then_good(scene, bad, good, keep_alive=case.keep_alive)


def test_an_image_that_never_listens_behind_a_tcp_check(
    images: registry.Registry, tmp_path: Path, watchtower: str
) -> None:
    """The check that only connects stops it just as well."""
    good = apps.good("abrupt")
    with updates.scene(images, tmp_path, watchtower, good, check="tcp") as scene:
        _bad_then_good(scene, apps.bad("never-listens"), good, keep_alive=False)


def _bad_then_good(scene: updates.Scene, bad: apps.App, good: apps.App, *, keep_alive: bool) -> None:
    with updates.under_load(scene, count=_COUNT, rate=200.0, keep_alive=keep_alive) as measured:
        scene.stopped_at_one(scene.publish(bad))
        scene.taken(scene.publish(good))
    measured.cost.nothing_lost(_COUNT)


def test_the_cases_are_pairwise() -> None:
    """Each value of a column meets each value of every other column."""
    rows = [(case.ends, case.how, case.has_shell, case.keep_alive) for case in CASES]
    columns = range(len(rows[0]))
    for one in columns:
        for other in (column for column in columns if column > one):
            wanted = {(a[one], b[other]) for a in rows for b in rows}
            assert wanted == {(row[one], row[other]) for row in rows}
