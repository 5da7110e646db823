"""Stop-first deploys on the fake engine: what has one container, and what must never run twice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from composegen.errors import DeployFailed, EngineRefused
from tests.fakes.registry import Behaviour
from tests.unit.deploys import scene as scenes
from tests.unit.deploys.scene import REFERENCE, WEB, scene

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from composegen.deploys.observed import Container

ONE = replace(WEB, rollout="stop", replicas=1)
SAFE = replace(WEB, rollout="safe", replicas=3)


@pytest.mark.parametrize("service", [ONE, SAFE], ids=["stop", "safe"])
def test_old_ones_stop_before_new_ones_start(tmp_path: Path, service: scenes.WantedService) -> None:
    """Never both, and the old ones are kept until the new ones are ready."""
    made = scene(tmp_path, service)
    old = made.images()[0]
    _, image = made.engine.push(REFERENCE, "web 2", Behaviour(ready_after=5))
    kept: list[int] = []
    sleep = made.engine.sleep

    def watched(seconds: float) -> None:
        sleep(seconds)
        found = made.engine.observe().of("web")
        assert len({c.image for c in found if c.running}) <= 1
        if any(c.image == image and c.running and not c.ready for c in found):
            kept.append(sum(c.image == old for c in found))

    made.engine.sleep = watched  # type: ignore[method-assign]
    made.deploy()
    made.settled(image, number=2)
    assert set(kept) == {service.replicas}


@pytest.mark.parametrize("service", [ONE, SAFE], ids=["stop", "safe"])
@pytest.mark.parametrize("bad", [scenes.CRASHES, scenes.NEVER_READY, scenes.CANNOT_START])
def test_old_ones_are_started_again(
    tmp_path: Path, service: scenes.WantedService, bad: scenes.Behaviour
) -> None:
    """The same containers as before, ready again."""
    made = scene(tmp_path, service)
    old, before = made.images()[0], [c.id for c in made.engine.observe().of("web")]
    made.engine.push(REFERENCE, "web 2", bad)
    with pytest.raises(DeployFailed, match="web runs release 1 as before"):
        made.deploy()
    made.settled(old, number=1)
    assert [c.id for c in made.engine.observe().of("web")] == before


def test_a_one_shot_runs_and_ends(tmp_path: Path) -> None:
    """It is done when it has ended with 0, however long that takes."""
    job = replace(WEB, rollout="stop", replicas=1, routed=False, checked=False, oneshot=True)
    made = scene(tmp_path, job, first=Behaviour(crash_after=1))
    _, image = made.engine.push(REFERENCE, "web 2", Behaviour(crash_after=300))
    made.deploy({"web": "run"})
    assert made.images() == [image]
    assert made.engine.observe().of("web")[0].state == "exited"
    made.engine.push(REFERENCE, "web 3", Behaviour(crash_after=1, exit_code=4))
    with pytest.raises(DeployFailed):
        made.deploy({"web": "run"})
    assert "ended with exit code 4" in made.told.text


def test_a_pre_deploy_that_fails_touches_nothing(tmp_path: Path) -> None:
    """It runs in the new image, before any container is made."""
    made = scene(tmp_path, replace(WEB, pre_deploy=("migrate",)))
    old = made.images()[0]
    made.engine.push(REFERENCE, "web 2", Behaviour(exit_code=7))
    with pytest.raises(DeployFailed, match="its pre-deploy command ended with exit code 7"):
        made.deploy()
    assert [c[0] for c in made.engine.calls] == ["pull", "run_once"]
    made.settled(old, number=1)
    _, image = made.engine.push(REFERENCE, "web 3")
    made.deploy()
    made.settled(image, number=2)
    assert "web pre-deploy | ran migrate" in made.told.lines


def test_services_that_share_an_image_move_together(tmp_path: Path) -> None:
    """A worker that cannot run the new image keeps the web on the old one too, which it had left."""
    worker = replace(WEB, name="worker", rollout="stop", replicas=1, routed=False)
    made = scene(tmp_path, WEB, worker)
    old = made.images()[0]
    _, image = made.engine.push(REFERENCE, "web 2")
    made.deploy()
    made.settled(image, "web", 2)
    made.settled(image, "worker", 2)
    made.engine.push(REFERENCE, "web 3")

    def break_worker(when: str, verb: str, _: int) -> None:
        if (when, verb) == ("after", "create"):
            newest = list(made.engine.containers.values())[-1]
            if newest.service.name == "worker":
                newest.behaviour = scenes.CRASHES

    made.engine.meddle = break_worker
    with pytest.raises(DeployFailed):
        made.deploy()
    made.settled(image, "web", 2)
    made.settled(image, "worker", 2)
    assert old not in made.images()


@pytest.mark.parametrize("how", ["stop", "roll"])
def test_a_log_that_cannot_be_read_is_no_reason_to_leave_things_undone(tmp_path: Path, how: str) -> None:
    """As with the log driver `none`: it is said, and the old release is brought back."""
    made = scene(tmp_path, replace(WEB, rollout=how))
    old = made.images()[0]
    made.engine.push(REFERENCE, "web 2", scenes.CRASHES)

    def refuse(_container: str, _lines: int) -> tuple[str, ...]:
        raise EngineRefused("a log was to be read", "configured logging driver does not support reading")

    made.engine.logs = refuse  # type: ignore[method-assign]
    with pytest.raises(DeployFailed, match="web runs release 1 as before"):
        made.deploy()
    made.settled(old, number=1)
    assert "its log cannot be read: configured logging driver" in made.told.text


def test_an_old_container_that_does_not_start_again_blocks_nothing(tmp_path: Path) -> None:
    """It is said that nothing serves, and the next release is deployed as if nothing had been there."""
    made = scene(tmp_path, ONE)
    engine, start = made.engine, made.engine.start
    old = made.engine.observe().of("web")[0].id
    engine.push(REFERENCE, "web 2", scenes.CRASHES)

    def refused(container: str) -> None:
        if container == old:
            raise EngineRefused("a container was to be started", "port is already allocated")
        start(container)

    engine.start = refused  # type: ignore[method-assign]
    with pytest.raises(DeployFailed, match="what ran before of web does not serve either"):
        made.deploy()
    assert "test-web-1 does not start again: port is already allocated" in made.told.text
    _, image = engine.push(REFERENCE, "web 3")
    made.deploy()
    made.settled(image, number=2)


def test_some_of_several_serve_all_the_same(tmp_path: Path) -> None:
    """Then the release of before does run, with one less, which is said."""
    made = scene(tmp_path, SAFE)
    engine, start = made.engine, made.engine.start
    old = made.engine.observe().of("web")[0].id
    engine.push(REFERENCE, "web 2", scenes.CRASHES)

    def refused(container: str) -> None:
        if container == old:
            raise EngineRefused("a container was to be started", "no space left on device")
        start(container)

    engine.start = refused  # type: ignore[method-assign]
    with pytest.raises(DeployFailed, match="web runs release 1 as before"):
        made.deploy()
    assert "test-web-1 does not start again: no space left on device" in made.told.text


def test_a_check_that_the_image_brings_is_given_its_time(tmp_path: Path) -> None:
    """Nothing in the files says how long it takes; the container does."""
    made = scene(tmp_path, replace(ONE, routed=False, checked=False, budget=0.0))
    engine, look = made.engine, made.engine.look
    _, image = engine.push(REFERENCE, "web 2")

    def seen(ids: Iterable[str]) -> tuple[Container, ...]:
        found = look(ids)
        young = [c.image == image and engine.now() - c.started < 45 for c in found]
        return tuple(
            replace(c, health="starting" if y else "healthy", budget=90.0)
            for c, y in zip(found, young, strict=True)
        )

    engine.look = seen  # type: ignore[method-assign]
    made.deploy()
    assert made.images() == [image]
