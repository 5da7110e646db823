"""Updates under load, with what they cost."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests import load
from tests.load.executions import counted
from tests.standin.scene import apps
from tests.standin.scene.project import Project, project
from tests.standin.scene.sink import Sink, listen
from tests.standin.scene.waits import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.standin.scene.registry import Registry

_LATE_ROUNDS = 2
_PATIENCE = 240.0
_LEAD = 2.0
_LAG = 2.0  # a client that was late by more has measured little


@dataclass(frozen=True)
class Scene:
    """A project that runs a good release of its registry's image, with the app's own log."""

    registry: Registry
    project: Project
    sink: Sink
    first: str

    def publish(self, app: apps.App) -> str:
        """Push a release under the project's tag, and give its image id."""
        image = apps.build(self.project.engine, app)
        return self.registry.push(image, self.project.reference)

    def taken(self, image: str) -> None:
        """Wait until the full number of replicas runs this image and is ready."""
        self._until(f"every replica runs {image}", lambda: self.project.all_run(image))

    def stopped_at_one(self, image: str) -> None:
        """Wait until one replica has this image and two more rounds have left it at that."""
        self._until(f"a replica has taken {image}", lambda: self.project.taken(image))
        seen = self.project.rounds()
        self._until("two more rounds", lambda: self.project.rounds() >= seen + 1 + _LATE_ROUNDS)
        self.only_one_has(image)

    def only_one_has(self, image: str) -> None:
        """See that one replica has this image, and every other still runs and is ready."""
        assert self.at_most_one_has(image) == 1, self.project.story()

    def at_most_one_has(self, image: str) -> int:
        """See that no second replica has this image, and all but one are ready with another; count them."""
        found = self.project.replicas()
        taken = sum(replica.image == image for replica in found)
        ready = sum(replica.ready and replica.image != image for replica in found)
        told = f"{found}\n{self.project.story()}"
        assert taken <= 1, told
        assert ready >= self.project.scale - 1, told
        return taken

    def _until(self, what: str, look: object) -> None:
        until(what, _PATIENCE, look, self.project.story)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Cost:
    """What updates under load cost."""

    result: load.Result
    seconds: float
    twice: tuple[str, ...]
    unseen: int

    def __str__(self) -> str:
        """Give the figures in one line, and the first of the lost."""
        posts = f"POSTs executed twice {len(self.twice)}, never {self.unseen}"
        return f"update {self.seconds:.0f} s; {posts}; {self.result}"

    def nothing_lost(self, count: int) -> None:
        """See that every request was answered, and every POST executed exactly once."""
        self.lost_at_most(0, count)
        assert not self.unseen, str(self)

    def lost_at_most(self, most: int, count: int) -> None:
        """See that no more than so many requests were lost, all of them POST, and none executed twice.

        Raises:
            TooBusyError: the client itself was late, so the figures say nothing.
        """
        logging.getLogger(__name__).info("%s", self)
        load.measured(self.result)
        assert self.result.sent >= count, str(self)
        assert self.result.lost_count <= most, str(self)
        assert not [lost for lost in self.result.lost if not lost.identity.endswith("-POST")], str(self)
        assert not self.twice, str(self)


@contextmanager
def scene(
    registry: Registry,
    folder: Path,
    watchtower: str,
    first: apps.App,
    *,
    scale: int = 2,
    check: str = apps.HEALTH,
    frontend: str = "traefik",
) -> Iterator[Scene]:
    """Start a project with its first release, and wait until it answers."""
    engine = registry.engine
    reference = registry.reference(f"{folder.name.replace('_', '-').lower()}/web")
    image = registry.push(apps.build(engine, first), reference)
    with (
        listen() as sink,
        project(
            engine,
            folder,
            reference,
            sink=sink,
            watchtower=watchtower,
            scale=scale,
            has_shell=first.shell,
            check=check,
            frontend=frontend,
        ) as made,
    ):
        made.up()
        begun = Scene(registry, made, sink, image)
        begun.taken(image)
        until("an answer through the frontend", _PATIENCE, lambda: _answers(made), made.story)
        yield begun


def _answers(made: Project) -> bool:
    with load.start(load.Load(made.url, made.port, count=5, rate=20, name="warm")) as warm:
        return not warm.finish().lost_count


class Measured:
    """Holds the cost of what happened in a `with` block once it has ended."""

    cost: Cost


@contextmanager
def under_load(scene: Scene, path: str = "/post", **options: object) -> Iterator[Measured]:
    """Send requests from before until after what happens inside."""
    settings = {"name": "load", "rate": 250.0, "count": 10_000, "limit": 60_000, "lag": _LAG} | options
    wanted = load.Load(f"{scene.project.url}{path}", scene.project.port, **settings)  # type: ignore[arg-type]
    measured = Measured()
    with load.start(wanted) as running:
        time.sleep(_LEAD)
        begun = time.monotonic()
        yield measured
        spent = time.monotonic() - begun
        time.sleep(_LEAD)
        result = running.finish()
    executed = counted(scene.sink.lines)
    posts = [f"POST {wanted.identity(n)}" for n in range(result.sent)]
    posts = [name for name in posts if name.endswith("-POST")]
    twice = tuple(name for name in posts if executed[name] > 1)
    measured.cost = Cost(result, spent, twice, sum(not executed[name] for name in posts))
