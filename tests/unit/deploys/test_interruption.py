"""A deploy that is killed at any step, and run again: it converges.

Each case is killed before and after every verb and every write, one after the other; what counts is that the
next run ends with the new release, that the history has each release once, and that nothing is left.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from composegen.deploys import updater
from composegen.deploys.draining import FORGOTTEN
from composegen.deploys.observed import Check, Order
from composegen.deploys.settle import settle
from composegen.deploys.stage import Options
from composegen.deploys.store import files, intent
from composegen.errors import ComposegenError, DeployFailed, EngineRefused
from tests.unit.deploys import scene as scenes
from tests.unit.deploys.scene import REFERENCE, WEB, scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from composegen.deploys.wanted import WantedService
    from tests.unit.deploys.scene import Scene

CASES: dict[str, tuple[tuple[WantedService, ...], Options]] = {
    "one replica": ((replace(WEB, replicas=1),), Options()),
    "two replicas": ((WEB,), Options()),
    "surge of one": ((replace(WEB, replicas=3),), Options(surge=1)),
    "stop first": ((replace(WEB, replicas=1, rollout="stop"),), Options()),
    "safe": ((replace(WEB, rollout="safe"),), Options()),
    "worker": ((replace(WEB, routed=False, checked=False, budget=0.0),), Options()),
    "shared image": (
        (WEB, replace(WEB, name="worker", routed=False, replicas=1, rollout="stop")),
        Options(),
    ),
}


class Killed(BaseException):
    """As kill -9: nothing of the deploy runs after it."""


class Reaper:
    """Kills at step ``at``; counts steps: before and after each verb and each write."""

    def __init__(self, made: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made, self.at, self.step, self.dead = made, 0, 0, False
        made.engine.meddle = lambda _when, _verb, _count: self.tick()
        self._wrap(monkeypatch, files, "replace")
        self._wrap(monkeypatch, files.State, "remove")

    def tick(self) -> None:
        """One step on."""
        self.step += 1
        if self.at and (self.dead or self.step == self.at):
            self.dead = True
            raise Killed

    def arm(self, at: int) -> None:
        """Kill at this step, counted from now; 0 for never."""
        self.at, self.step, self.dead = at, 0, False

    def _wrap(self, monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> None:
        original: Callable[..., object] = getattr(owner, name)

        def wrapped(*words: object) -> object:
            self.tick()
            found = original(*words)
            self.tick()
            return found

        monkeypatch.setattr(owner, name, wrapped)


def _deploy(made: Scene) -> None:
    """Deploy as the command does: settle, hold watchtower, execute."""
    settle(made.stage)
    with updater.paused(made.stage, made.engine.wanted()):
        made.execute()


def _numbers(made: Scene, services: tuple[WantedService, ...]) -> list[list[int]]:
    return [[r.number for r in made.history(s.name).releases] for s in services]


@pytest.mark.parametrize("case", CASES)
def test_a_killed_deploy_converges(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the step, running it again ends with the new release."""
    services, options = CASES[case]
    made = scene(tmp_path, *services)
    made.options = options
    reaper = Reaper(made, monkeypatch)
    _, image = made.engine.push(REFERENCE, "web 2")
    reaper.arm(0)
    reaper.step = 0
    _deploy(made)
    steps = reaper.step
    assert steps > 20
    for at in range(1, steps + 1):
        label = f"web {at + 2}"
        before, numbers = image, _numbers(made, services)
        _, image = made.engine.push(REFERENCE, label)
        made.told.lines.clear()
        reaper.arm(at)
        with pytest.raises(Killed):
            _deploy(made)
        where = f"killed at step {at} of {steps}\n{made.told.text}"
        for service in services:
            running = {c.image for c in made.engine.observe().of(service.name)}
            assert running <= {before, image}, where
            if service.rollout == "roll":
                ready = [c for c in made.engine.observe().of(service.name) if c.ready]
                assert len(ready) >= service.replicas, where
        reaper.arm(0)
        _deploy(made)
        for service in services:
            made.settled(image, service.name)
            history = made.history(service.name)
            assert history.current is not None
            assert history.current.image == image, where
            assert len(history.releases) == len({r.image for r in history.releases}), where
        assert _numbers(made, services) == [[*n, len(n) + 1] for n in numbers], where


@pytest.mark.parametrize("case", CASES)
def test_a_deploy_that_is_killed_while_it_undoes_converges(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bad release, killed at any step, and then a deploy of the good one: nothing of the bad is left."""
    services, options = CASES[case]
    made = scene(tmp_path, *services)
    made.options = options
    good = made.images()[0]
    reaper = Reaper(made, monkeypatch)
    made.engine.push(REFERENCE, "bad 0", scenes.CRASHES)
    reaper.arm(0)
    reaper.step = 0
    with pytest.raises(DeployFailed):
        _deploy(made)
    steps = reaper.step
    digest = made.engine.registry.tags[REFERENCE]
    for at in range(1, steps + 1):
        _, bad = made.engine.push(REFERENCE, f"bad {at}", scenes.CRASHES)
        made.told.lines.clear()
        reaper.arm(at)
        with pytest.raises((Killed, DeployFailed)):
            _deploy(made)
        reaper.arm(0)
        made.engine.registry.tags[REFERENCE] = digest
        settle(made.stage)
        for service in services:
            made.settled(good, service.name, 1)
        assert made.engine.tags[REFERENCE] != bad, f"killed at step {at} of {steps}\n{made.told.text}"


def test_ctrl_c_undoes_what_is_not_committed(tmp_path: Path) -> None:
    """The old containers go on, and no intent is left."""
    made = scene(tmp_path)
    old, before = made.images()[0], [c.id for c in made.engine.observe().of("web")]
    made.engine.push(REFERENCE, "web 2")
    hit = []

    def interrupt(when: str, verb: str, _: int) -> None:
        if (when, verb) == ("after", "start") and not hit:
            hit.append(1)
            raise KeyboardInterrupt

    made.engine.meddle = interrupt
    with pytest.raises(KeyboardInterrupt):
        _deploy(made)
    made.settled(old, number=1)
    assert [c.id for c in made.engine.observe().of("web")] == before


def test_a_stale_intent_takes_nothing_away(tmp_path: Path) -> None:
    """After `down` and `up` by hand, all containers are others than those of the intent."""
    made = scene(tmp_path)
    old = made.images()[0]
    stale = intent.Intent(
        command="composegen deploy",
        who="ann",
        since="2026-01-01T00:00:00Z",
        tags={REFERENCE: old},
        parts=(intent.Part(service="web", how="roll", image=old, old=("gone",), new=("gone too",)),),
    )
    for commit in (None, intent.Commit(time="2026-01-01T00:00:00Z")):
        intent.write(made.stage.state, replace(stale, commit=commit))
        settle(made.stage)
        made.settled(old, number=1)


def test_old_ones_are_left_when_nothing_else_is_ready(tmp_path: Path) -> None:
    """The new release dies between its commit and the drain: what still serves is not removed."""
    made = scene(tmp_path)
    old = made.images()[0]
    made.engine.push(REFERENCE, "web 2")

    def die(when: str, verb: str, _: int) -> None:
        if (when, verb) == ("after", "tag") and made.engine.tags[REFERENCE] != old:
            for container in made.engine.containers.values():
                if container.image != old and container.started and container.service.name == "web":
                    container.behaviour = scenes.CRASHES

    made.engine.meddle = die
    with pytest.raises(ComposegenError, match="was taken, and is not ready any more") as failed:
        made.deploy()
    assert failed.value.exit_code == 1
    assert made.images().count(old) == 2
    assert "nothing else of it is ready" in made.told.text


def test_new_ones_are_left_when_no_old_one_comes_back(tmp_path: Path) -> None:
    """The last batch is bad, and the old ones die: the new one that serves stays until they are mended."""
    made = scene(tmp_path)
    made.options = replace(made.options, surge=1)
    old = made.images()[0]
    _, new = made.engine.push(REFERENCE, "web 2")

    def die(when: str, verb: str, _: int) -> None:
        if (when, verb) == ("after", "create") and sum(c[0] == "create" for c in made.engine.calls) == 2:
            containers = [c for c in made.engine.containers.values() if c.service.name == "web"]
            for container in containers[-1:] + [c for c in containers if c.image == old]:
                container.behaviour = scenes.CRASHES

    made.engine.meddle = die
    with pytest.raises(DeployFailed, match=r"could not be undone.* its new ones serve"):
        made.deploy()
    assert [c.image for c in made.engine.observe().of("web") if c.ready] == [new]
    made.engine.meddle = lambda *_: None
    for container in made.engine.containers.values():
        container.behaviour = scenes.GOOD
    made.engine.sleep(120)
    settle(made.stage)
    made.settled(old, number=1)


def test_watchtower_is_held_meanwhile(tmp_path: Path) -> None:
    """Paused before the first change, and going on at the end, also after a failure."""
    made = scene(tmp_path)
    made.engine.push(REFERENCE, "web 2", scenes.CRASHES)
    with pytest.raises(DeployFailed):
        _deploy(made)
    verbs = [c[0] for c in made.engine.calls]
    assert verbs[0] == "pause"
    assert verbs[-1] == "unpause"
    assert not made.engine.observe().paused


def test_an_update_of_watchtower_is_waited_for(tmp_path: Path) -> None:
    """A watched service lacks a replica: it goes on until there is one again."""
    made = scene(tmp_path)
    gone = made.engine.observe().of("web")[0]
    made.engine.remove(gone.id)
    made.engine.calls.clear()

    def bring_back(when: str, verb: str, _: int) -> None:
        if (when, verb) == ("after", "unpause") and len(made.engine.observe().of("web")) == 1:
            for container in made.engine._create(made.engine.wanted().services[0], 1):  # noqa: SLF001
                container.start(made.engine.now())

    made.engine.meddle = bring_back
    with updater.paused(made.stage, made.engine.wanted()):
        assert len(made.engine.observe().of("web")) == 2
        assert [c.service for c in made.engine.observe().paused] == ["watchtower"]
    assert "Waiting for watchtower, which is updating web." in made.told.lines
    assert not made.engine.observe().paused


def test_a_full_disk_at_any_write_leaves_the_old_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the commit the deploy fails with 4; after it, the next one finishes what was begun."""
    made = scene(tmp_path)
    old = made.images()[0]
    original = files.replace
    left = [0]

    def write(*words: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        original(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(files, "replace", write)
    outcomes = []
    for room in range(20):
        made.engine.push(REFERENCE, f"full {room}")
        left[0] = room
        try:
            _deploy(made)
        except DeployFailed:
            outcomes.append("failed")
            made.settled(old, number=1)
            continue
        except ComposegenError:
            outcomes.append("to be finished")
            left[0] = 99
            _deploy(made)
        else:
            outcomes.append("done")
        image = made.engine.registry.ids[made.engine.registry.tags[REFERENCE]]
        made.settled(image, number=2)
        break
    assert outcomes[0] == "failed"
    assert outcomes[-1] == "to be finished"


def test_an_only_replica_that_is_being_replaced_is_waited_for(tmp_path: Path) -> None:
    """It was told to end and still runs, or is just gone: its successor comes once watchtower goes on."""
    made = scene(tmp_path, replace(WEB, replicas=1))
    wanted = made.engine.wanted()
    (old,) = made.engine.observe().of("web")
    made.engine.sleep(1)
    assert updater.busy(made.stage, wanted) == []
    made.engine.ordered.append(Order("web", old.id, made.engine.now()))
    assert updater.busy(made.stage, wanted) == ["web"]
    made.engine.sleep(WEB.grace + 3)
    assert updater.busy(made.stage, wanted) == []
    made.engine.remove(old.id)
    assert updater.busy(made.stage, wanted) == ["web"]
    made.engine.sleep(11)
    assert updater.busy(made.stage, wanted) == []


def test_watchtower_held_between_two_steps_is_waited_for(tmp_path: Path) -> None:
    """The old one has ended and is still there; the new one is made and does not run yet."""
    made = scene(tmp_path, replace(WEB, replicas=1))
    wanted = made.engine.wanted()
    (old,) = made.engine.observe().of("web")
    made.engine.sleep(1)
    made.engine.stop(old.id, 1)
    assert not made.engine.observe().of("web")[0].running
    assert updater.busy(made.stage, wanted) == ["web"]
    made.engine.remove(old.id)
    (new,) = made.engine.create("web", 1)
    assert updater.busy(made.stage, wanted) == ["web"]
    made.engine.start(new.id)
    assert updater.busy(made.stage, wanted) == []


def test_a_replica_that_watchtower_drains_is_waited_for(tmp_path: Path) -> None:
    """Its hook has run, and the container is about to go: not the moment to hold watchtower."""
    made = scene(tmp_path)
    wanted = made.engine.wanted()
    assert updater.lacking(wanted, made.engine.observe()) == []
    drained = next(iter(made.engine.containers.values()))
    drained.checks = [Check(ended=made.engine.now(), code=1, output="draining")]
    assert updater.lacking(wanted, made.engine.observe()) == ["web"]


@pytest.mark.parametrize("how", ["stop", "roll"])
@pytest.mark.parametrize("end", [KeyboardInterrupt(), EngineRefused("containers were to be stopped", "slow")])
def test_what_the_engine_goes_on_ending_is_started_again(
    tmp_path: Path, how: str, end: BaseException
) -> None:
    """Interrupted while old containers end: the engine ends them all the same, some seconds later."""
    made = scene(tmp_path, replace(WEB, rollout=how))
    made.options = replace(made.options, surge=1)
    engine, old = made.engine, made.images()[0]
    engine.push(REFERENCE, "web 2")
    sleep, stop_all = engine.sleep, engine.stop_all
    ending: dict[str, float] = {}

    def slept(seconds: float) -> None:
        sleep(seconds)
        for name in [n for n, when in ending.items() if when <= engine.now()]:
            engine.containers[name].end(ending.pop(name), 0)

    def interrupted(containers: Iterable[str]) -> None:
        engine.stop_all = stop_all  # type: ignore[method-assign]
        for name in containers:
            engine.ordered.append(Order("web", name, engine.now()))
            ending[name] = engine.now() + 3
        raise end

    engine.sleep, engine.stop_all = slept, interrupted  # type: ignore[method-assign]
    with pytest.raises((KeyboardInterrupt, DeployFailed)):
        made.deploy()
    made.settled(old, number=1)
    engine.sleep(20)
    made.settled(old, number=1)


def test_settling_is_over_only_when_nginx_goes_by_name_again(tmp_path: Path) -> None:
    """Who is interrupted before leaves it to the next command: no list of dead addresses stays."""
    nginx = replace(scenes.UPDATER, name="nginx", image="nginx:1", networks=("test_frontend",))
    made = scene(tmp_path, WEB, nginx)
    made.engine.files = replace(made.engine.files, reload="nginx")
    told: list[Sequence[str]] = []
    made.engine.executed = lambda _service, words: (told.append(words[2:]), (0, ""))[1]  # type: ignore[func-returns-value]
    _, image = made.engine.push(REFERENCE, "web 2")

    def kill(when: str, verb: str, _: int) -> None:
        if (when, verb) == ("before", "remove"):
            raise Killed

    made.engine.meddle = kill
    with pytest.raises(Killed):
        made.deploy()
    made.engine.meddle = lambda _when, _verb, _count: None
    assert told[-1], "a list stands"
    sleep = made.engine.sleep

    def interrupted(seconds: float) -> None:
        if seconds == FORGOTTEN and len(told) and not [c for c in made.images() if c != image]:
            raise KeyboardInterrupt
        sleep(seconds)

    made.engine.sleep = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        settle(made.stage)
    made.engine.sleep = sleep  # type: ignore[method-assign]
    assert settle(made.stage)
    assert not told[-1]
    made.settled(image, number=2)
