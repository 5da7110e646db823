"""Rolling deploys on the fake engine: what happens, and in which order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from composegen.deploys import executing
from composegen.deploys.stage import Options
from composegen.errors import DeployFailed
from tests.fakes.registry import Behaviour
from tests.unit.deploys import scene as scenes
from tests.unit.deploys.scene import REFERENCE, WEB, scene

if TYPE_CHECKING:
    from pathlib import Path

    from composegen.deploys.wanted import WantedService

_BAD = {
    "crashes": (scenes.CRASHES, "crashes: started again"),
    "is never ready": (
        scenes.NEVER_READY,
        "was not ready within 70 s: not ready: nothing answers on port 80",
    ),
    "dies while it bakes": (scenes.DIES_LATER, "died after it had been ready (last exit code 9)"),
    "cannot start": (scenes.CANNOT_START, "no such file or directory"),
}


def test_a_good_release_takes_over(tmp_path: Path) -> None:
    """All replicas run it, it is recorded and accepted, the old ones are gone."""
    made = scene(tmp_path)
    _, image = made.engine.push(REFERENCE, "web 2")
    made.deploy()
    made.settled(image, number=2)
    release = made.history().current
    assert release is not None
    assert (release.image, release.who, release.commit, release.how) == (image, "ann", "c0ffee", "deploy")
    assert release.digest == made.engine.registry.tags[REFERENCE]
    assert f"{REFERENCE}\t{image}\t" in made.stage.state.read("images")
    assert made.engine.tags[REFERENCE] == image


def test_nothing_old_is_touched_before_the_commit(tmp_path: Path) -> None:
    """Create through the tag, tag back, start; only then stop and remove."""
    made = scene(tmp_path)
    made.engine.push(REFERENCE, "web 2")
    made.deploy()
    verbs = [c[0] for c in made.engine.calls]
    assert verbs == [
        *["pull", "tag", "create", "tag", "start", "start"],
        *["tag", "stop_all", "remove", "remove"],
    ]


def test_new_ones_are_held_until_they_have_stayed_ready(tmp_path: Path) -> None:
    """No new one is healthy for the frontend during the bake, and none of the old is drained."""
    made = scene(tmp_path)
    _, image = made.engine.push(REFERENCE, "web 2", Behaviour(ready_after=10))
    begun = made.engine.now()
    seen: list[tuple[float, bool, int]] = []
    sleep = made.engine.sleep

    def watched(seconds: float) -> None:
        sleep(seconds)
        new = [c for c in made.engine.observe().of("web") if c.image == image]
        old = [c for c in made.engine.observe().of("web") if c.image != image]
        seen.append((made.engine.now() - begun, any(c.ready for c in new), sum(c.ready for c in old)))

    made.engine.sleep = watched  # type: ignore[method-assign]
    made.deploy()
    assert all(not ready for at, ready, _ in seen if at < 13)
    together = [at for at, ready, old in seen if ready and old == 2]
    assert together, seen
    assert all(old == 2 for at, ready, old in seen if not ready), seen


def test_a_drained_one_gets_its_grace_before_it_is_stopped(tmp_path: Path) -> None:
    """Out of the frontend first, then as long as a request may last, then SIGTERM."""
    made = scene(tmp_path)
    _, image = made.engine.push(REFERENCE, "web 2")
    sick: list[float] = []
    sleep = made.engine.sleep

    def watched(seconds: float) -> None:
        sleep(seconds)
        old = [c for c in made.engine.observe().of("web") if c.image != image]
        if not sick and old and not any(c.health == "healthy" for c in old):
            sick.append(made.engine.now())

    made.engine.sleep = watched  # type: ignore[method-assign]
    made.engine.meddle = lambda when, verb, _: (
        sick.append(made.engine.now()) if (when, verb) == ("before", "stop_all") else None
    )
    made.deploy()
    assert sick[1] - sick[0] >= WEB.grace


@pytest.mark.parametrize("bad", _BAD)
@pytest.mark.parametrize("replicas", [1, 3])
def test_a_bad_release_is_taken_away(tmp_path: Path, bad: str, replicas: int) -> None:
    """The old ones are the same containers as before, the reason is told, nothing is left."""
    behaviour, why = _BAD[bad]
    made = scene(tmp_path, replace(WEB, replicas=replicas))
    old, before = made.images()[0], made.engine.observe().of("web")
    made.engine.push(REFERENCE, "web 2", behaviour)
    with pytest.raises(DeployFailed, match="web runs release 1 as before"):
        made.deploy()
    made.settled(old, number=1)
    assert [c.id for c in made.engine.observe().of("web")] == [c.id for c in before]
    assert why in made.told.text
    assert made.engine.tags[REFERENCE] == old
    assert len(made.history().releases) == 1
    for line in behaviour.log if bad in {"crashes", "is never ready"} else ():
        assert f"    {line}" in made.told.lines


def test_the_next_good_release_is_taken(tmp_path: Path) -> None:
    """A failed deploy leaves nothing that stands in the way."""
    made = scene(tmp_path)
    made.engine.push(REFERENCE, "web 2", scenes.CRASHES)
    with pytest.raises(DeployFailed):
        made.deploy()
    _, image = made.engine.push(REFERENCE, "web 3")
    made.deploy()
    made.settled(image, number=2)


def test_one_restart_while_it_starts_is_forgiven(tmp_path: Path) -> None:
    """An app that ends when its database is not there yet comes up the next time."""
    made = scene(tmp_path)
    _, image = made.engine.push(REFERENCE, "web 2", scenes.CRASHES)
    made.engine.meddle = lambda when, verb, _: (
        made.engine.behaviours.pop(image, None) and None if (when, verb) == ("after", "start") else None
    )
    count = []

    def heal(seconds: float, sleep=made.engine.sleep) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
        sleep(seconds)
        for container in made.engine.containers.values():
            if container.image == image and container.restarts:
                container.behaviour = scenes.GOOD
                count.append(1)

    made.engine.sleep = heal  # type: ignore[method-assign]
    made.deploy()
    assert count
    made.settled(image, number=2)


def test_a_missing_image_and_a_registry_that_is_down_change_nothing(tmp_path: Path) -> None:
    """Pulled before anything else, so there is nothing to undo."""
    made = scene(tmp_path)
    old = made.images()[0]
    digest, _ = made.engine.push(REFERENCE, "web 2")
    plan = made.plan({}, {})
    del made.engine.registry.ids[digest]
    with pytest.raises(DeployFailed, match="nothing was changed"):
        executing.execute(made.stage, made.engine.wanted(), plan)
    assert [c[0] for c in made.engine.calls] == ["pull"]
    made.settled(old, number=1)


def test_a_pin_is_written_at_the_commit(tmp_path: Path) -> None:
    """The tag stays where it was, and the containers are those of the pin."""
    made = scene(tmp_path)
    old = made.images()[0]
    digest, image = made.engine.push("r.test/web:v2", "web 2")
    made.deploy(COMPOSEGEN_IMAGE_WEB=digest)
    made.settled(image, number=2)
    assert made.engine.tags[REFERENCE] == old
    assert (tmp_path / ".env").read_text().splitlines()[1:3] == [
        f"# COMPOSEGEN_IMAGE_WEB replaces {REFERENCE}",
        f"COMPOSEGEN_IMAGE_WEB={digest}",
    ]
    assert made.engine.wanted().services[0].pinned
    made.deploy(COMPOSEGEN_IMAGE_WEB="")
    made.settled(old, number=1)
    assert (tmp_path / ".env").read_text() == ""


def test_a_pin_of_a_bad_release_is_not_written(tmp_path: Path) -> None:
    """Before the commit .env is as it was."""
    made = scene(tmp_path)
    digest, _ = made.engine.push("r.test/web:v2", "web 2", scenes.CRASHES)
    with pytest.raises(DeployFailed):
        made.deploy(COMPOSEGEN_IMAGE_WEB=digest)
    assert not (tmp_path / ".env").exists()


def test_surge_of_one(tmp_path: Path) -> None:
    """Never more than one beside the full number; old ones make room, and are kept until the commit."""
    made = scene(tmp_path, replace(WEB, replicas=3))
    made.options = Options(surge=1)
    _, image = made.engine.push(REFERENCE, "web 2")
    most, least = _crowd(made)
    made.deploy()
    made.settled(image, number=2)
    assert most == [4]
    assert least == [3]


def test_a_bad_release_in_the_last_batch_brings_the_parked_ones_back(tmp_path: Path) -> None:
    """Stopped old containers are started again before new ones that serve are drained."""
    made = scene(tmp_path, replace(WEB, replicas=3))
    made.options = Options(surge=1)
    old, before = made.images()[0], [c.id for c in made.engine.observe().of("web")]
    _, image = made.engine.push(REFERENCE, "web 2")
    most, least = _crowd(made)

    def worse(when: str, verb: str, _: int) -> None:
        if (when, verb) == ("after", "create") and sum(c[0] == "create" for c in made.engine.calls) == 3:
            newest = list(made.engine.containers.values())[-1]
            newest.behaviour = scenes.CRASHES

    made.engine.meddle = worse
    with pytest.raises(DeployFailed):
        made.deploy()
    made.settled(old, number=1)
    assert [c.id for c in made.engine.observe().of("web")] == before
    assert image not in made.images()
    assert least == [3]
    assert most[0] <= 6


def test_one_at_a_time_when_memory_is_short(tmp_path: Path) -> None:
    """Three times maxmem is more than is there: the surge is cut, and that is said."""
    made = scene(tmp_path, replace(WEB, replicas=3, max_memory=1 << 30))
    made.engine.free = 2 << 30
    made.engine.push(REFERENCE, "web 2")
    most, _ = _crowd(made)
    made.deploy()
    assert most == [4]
    assert "web: one at a time, as memory for 3 more is not available." in made.told.lines


def test_a_worker_rolls_without_a_hold(tmp_path: Path) -> None:
    """Nothing is sent to it, so there is nothing to hold or drain; it has to run for the bake time."""
    made = scene(tmp_path, replace(WEB, routed=False, checked=False, budget=0.0))
    _, image = made.engine.push(REFERENCE, "web 2")
    made.deploy()
    made.settled(image, number=2)
    made.engine.push(REFERENCE, "web 3", Behaviour(crash_after=2.0))
    with pytest.raises(DeployFailed):
        made.deploy()
    made.settled(image, number=2)


def _crowd(made: scenes.Scene) -> tuple[list[int], list[int]]:
    """Watch the most containers that run at once, and the fewest that are ready."""
    most, least = [0], [99]
    sleep = made.engine.sleep

    def watched(seconds: float) -> None:
        sleep(seconds)
        found = made.engine.observe().of("web")
        most[0] = max(most[0], sum(c.running for c in found))
        least[0] = min(least[0], sum(c.ready for c in found))

    made.engine.sleep = watched  # type: ignore[method-assign]
    return most, least


@pytest.mark.parametrize("service", [scenes.WEB, scenes.DB], ids=["rolling", "stop first"])
@pytest.mark.parametrize(
    ("manner", "times"),
    [
        (scenes.GOOD, 0),
        (Behaviour(stop_takes=3.5), 0),
        (scenes.DEAF, 1),
        (Behaviour(exit_code=137), 0),  # its stop signal is SIGKILL
    ],
)
def test_who_does_not_end_on_the_stop_signal_is_told(
    tmp_path: Path, service: WantedService, manner: Behaviour, times: int
) -> None:
    """One that uses up its stop-grace makes every deploy longer, which nobody sees from outside."""
    made = scene(tmp_path, service, first=manner)
    _, image = made.engine.push(service.image, "the second")
    made.deploy()
    made.settled(image, service.name, number=2)
    assert made.told.text.count(f"{service.name}: it did not end on its stop signal") == times
