"""Whole commands on the fake engine: requests, the real plan, records, pins, watchtower, old images."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from composegen.deploys import knowing
from composegen.deploys.deploying import deploy
from composegen.deploys.planned import Request
from composegen.deploys.releasing import look, record
from composegen.deploys.requests import Desk
from composegen.deploys.store import accepted, pins, records
from composegen.deploys.store.files import State
from composegen.deploys.store.records import utc
from composegen.errors import ComposegenError, DeployFailed, EngineRefused, UsageError
from composegen.render.plan import text
from tests.unit.deploys import scene as scenes
from tests.unit.deploys.scene import DB, REFERENCE, WEB, scene

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from composegen.deploys.planned import Plan
    from tests.unit.deploys.scene import Scene

PIN = WEB.variable


class Command:
    """Runs commands on a scene as the command line does."""

    def __init__(self, made: Scene, environ: Mapping[str, str] | None = None) -> None:
        self.made = made
        self.environ = environ or {}
        self.plan: Plan | None = None

    @property
    def desk(self) -> Desk:
        """What turns names into requests."""
        return Desk(self.made.engine, self.made.folder, State(self.made.folder), self.environ)

    def run(self, how: str, request: Request | None = None, *, answer: bool = True) -> bool:
        """Deploy what is asked for."""
        self.made.options = replace(self.made.options, how=how)

        def agreed(plan: Plan) -> bool:
            self.plan = plan
            return answer

        return deploy(
            self.made.folder,
            self.made.told,
            "composegen deploy",
            stage=lambda _: self.made.stage,
            ask=lambda: request or Request(),
            agreed=agreed,
        )

    def rollback(self, number: int | None = None) -> None:
        """Go back."""
        desk = self.desk
        self.run("rollback", desk.activating("web", number or desk.previous("web")))


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Give a project with a web of two replicas, a database and a watchtower."""
    return Command(scene(tmp_path, WEB, DB))


def test_a_second_deploy_changes_nothing(command: Command) -> None:
    """And it says so; nothing is created, started or written anew."""
    _, image = command.made.engine.push(REFERENCE, "web 2")
    assert command.run("deploy")
    command.made.settled(image, number=2)
    before, command.made.engine.calls[:] = command.made.history(), []
    assert command.run("deploy")
    assert [c[0] for c in command.made.engine.calls] == ["pause", "unpause"]
    assert command.made.history() == before
    assert command.plan is not None
    assert not command.plan.changed
    assert not command.plan.notes


def test_a_no_changes_nothing(command: Command) -> None:
    """Who does not agree to the plan has what he had, watchtower included."""
    command.made.engine.push(REFERENCE, "web 2")
    assert not command.run("deploy", answer=False)
    assert not {c[0] for c in command.made.engine.calls} - {"pause", "unpause"}
    assert not command.made.engine.observe().paused


def test_a_rollback_pins_and_a_second_one_goes_further_back(command: Command) -> None:
    """By number downwards; where nothing is left, that is said."""
    made = command.made
    first = made.images()[0]
    _, second = made.engine.push(REFERENCE, "web 2")
    command.run("deploy")
    made.engine.push(REFERENCE, "web 3")
    command.run("deploy")
    command.rollback()
    made.settled(second, number=2)
    command.rollback()
    made.settled(first, number=1)
    pin = pins.read(made.folder)[PIN]
    assert pin.replaced == REFERENCE
    assert pin.image.endswith(made.history().releases[0].digest.rpartition("@")[2])
    assert len(made.history().releases) == 3
    assert [a.how for a in made.history().activations][-2:] == ["rollback", "rollback"]
    with pytest.raises(UsageError, match="before release 1 nothing ran another image"):
        command.rollback()
    with pytest.raises(UsageError, match="web has no release 9") as caught:
        command.rollback(9)
    assert caught.value.hint == "its releases: 1, 2, 3"


def test_a_pinned_service_stays_pinned_until_it_is_unpinned(command: Command) -> None:
    """A deploy keeps the pin and says so; unpin follows the tag again."""
    made = command.made
    first = made.images()[0]
    _, second = made.engine.push(REFERENCE, "web 2")
    command.run("deploy")
    command.rollback()
    command.run("deploy")
    made.settled(first, number=1)
    assert command.plan is not None
    web = command.plan.get("web")
    assert web is not None
    assert "pinned to r.test/web@sha256:" in web.notes[0]
    command.run("unpin", command.desk.unpinning("web"))
    made.settled(second)
    assert pins.read(made.folder) == {}
    with pytest.raises(UsageError, match="web is not pinned"):
        command.desk.unpinning("web")


def test_an_image_by_tag_digest_and_reference(command: Command) -> None:
    """All mean the same digest, which is pinned; one that is not there fails before anything else."""
    made = command.made
    digest, image = made.engine.push("r.test/web:v2", "web 2")
    for name in ("v2", "r.test/web:v2", digest, digest.partition("@")[2]):
        assert command.desk.pinned_to("web", name).assignments == {PIN: digest}, name
    command.run("deploy", command.desk.pinned_to("web", "v2"))
    made.settled(image, number=2)
    with pytest.raises(DeployFailed, match="manifest unknown; nothing was changed"):
        command.desk.pinned_to("web", "v3")
    with pytest.raises(UsageError, match="names no image"):
        command.desk.pinned_to("web", "a b")
    for service in ("watchtower", "nobody"):
        with pytest.raises(UsageError):
            command.desk.pinned_to(service, "v2")


def test_a_pin_by_hand_is_in_the_way(command: Command) -> None:
    """In .env outside of the block, or in the environment: it would win."""
    command.made.engine.push("r.test/web:v2", "web 2")
    command.environ = {PIN: "x"}
    with pytest.raises(UsageError, match="is set in the environment"):
        command.desk.pinned_to("web", "v2")
    command.environ = {}
    (command.made.folder / ".env").write_text(f"A=1\n{PIN}=r.test/web:v1\n")
    with pytest.raises(UsageError, match=r"by hand in line 2 of \.env"):
        command.desk.pinned_to("web", "v2")


def test_a_release_is_created_and_activated_later(command: Command) -> None:
    """It has a number and no image yet; the one that runs stays active until then."""
    made = command.made
    digest, image = made.engine.push("r.test/web:v2", "web 2")
    assert record(made.stage, command.desk, "web", "v2") == (2, True)
    assert record(made.stage, command.desk, "web", digest) == (2, False)
    assert (made.history().active, made.history().releases[1].image) == (1, "")
    with pytest.raises(EngineRefused):
        record(made.stage, command.desk, "web", "v3")
    command.run("activate", command.desk.activating("web", 2))
    made.settled(image, number=2)
    assert made.history().releases[1].image == image
    assert made.history().releases[1].how == "create"


def test_a_release_is_created_after_an_interrupted_deploy(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That one has the next number already: it is finished first, and each keeps its own image."""
    made = command.made
    digest, image = made.engine.push(REFERENCE, "web 2")
    other, _ = made.engine.push("r.test/web:v3", "web 3")

    class KilledError(BaseException):
        pass

    def killed(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr("composegen.deploys.executing.finish", killed)
        with pytest.raises(KilledError):
            command.run("deploy")
    assert record(made.stage, command.desk, "web", "v3") == (3, True)
    assert [r.digest for r in made.history().releases[1:]] == [digest, other]
    made.settled(image, number=2)


def test_a_deploy_interrupted_after_the_commit_says_so(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while the old containers are drained: the release is taken, and something is left to do."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    command.made.engine.push(REFERENCE, "web 2")
    with monkeypatch.context() as patch:
        patch.setattr("composegen.deploys.draining.ByHealth.drain", interrupted)
        with pytest.raises(KeyboardInterrupt):
            command.run("deploy")
    assert "web: the new release was taken, and serves; what is left of the old one" in command.made.told.text
    command.run("deploy")
    assert command.made.history().active == 2


@pytest.mark.parametrize("verb", ["pull", "run_once"])
def test_a_deploy_interrupted_before_anything_was_done_says_so(tmp_path: Path, verb: str) -> None:
    """While an image is pulled, or pre-deploy runs."""
    command = Command(scene(tmp_path, replace(WEB, pre_deploy=("migrate",))))
    made = command.made
    before = made.images()
    made.engine.push(REFERENCE, "web 2")

    def interrupted(_when: str, called: str, _count: int) -> None:
        if called == verb:
            raise KeyboardInterrupt

    made.engine.meddle = interrupted
    with pytest.raises(KeyboardInterrupt):
        command.run("deploy")
    assert "web: interrupted; what runs was not touched." in made.told.lines
    assert made.images() == before


def test_a_pin_is_written_where_its_image_runs_already(command: Command) -> None:
    """Somebody took the line out of .env, or put it back, without `make up`: the request counts."""
    made = command.made
    made.engine.push(REFERENCE, "web 2")
    command.run("deploy")
    command.rollback(1)
    env = made.folder / ".env"
    before = env.read_text()
    env.unlink()
    command.rollback(1)
    assert command.plan is not None
    assert not command.plan.changed
    assert env.read_text() == before
    assert f"{PIN}: written to .env." in made.told.text
    made.told.lines.clear()
    command.rollback(1)
    assert made.told.lines == []
    command.run("unpin", command.desk.unpinning("web"))
    env.write_text(before)
    command.run("unpin", command.desk.unpinning("web"))
    assert pins.read(made.folder) == {}
    assert f"{PIN}: removed from .env." in made.told.text


def test_a_rollback_to_an_image_that_was_built_here_and_is_gone(tmp_path: Path) -> None:
    """`docker image prune` took it: that is said, and not that the service is pinned to it."""
    command = Command(scene(tmp_path))
    made = command.made
    history = made.history()
    gone = replace(history.releases[0], number=7, digest="", image="sha256:" + "9" * 64)
    records.write(made.stage.state, history.added(gone))
    with pytest.raises(DeployFailed, match="the image of release 7 of web is gone from this machine"):
        command.desk.activating("web", 7)


def test_an_update_by_watchtower_is_in_the_history(command: Command) -> None:
    """Recorded when the next command looks, with the containers' time; accepted by the next that changes."""
    made = command.made
    digest, image = made.engine.push(REFERENCE, "web 2")
    made.engine.replace_by_watchtower("web")
    updated = made.engine.now()
    made.engine.sleep(3600)
    history = look(made.engine, made.folder)["web"]
    assert history.active == 2
    assert history == made.history()
    release = history.current
    assert release is not None
    assert (release.how, release.digest, release.image) == ("watchtower", digest, image)
    assert release.time == utc(updated)
    command.run("deploy")
    made.settled(image, number=2)
    assert f"{REFERENCE}\t{image}\t" in made.stage.state.read("images")
    assert len(made.history().releases) == 2


def test_half_an_update_is_no_release(command: Command) -> None:
    """One replica of two has it: nothing is recorded, and a deploy brings both to what is wanted."""
    made = command.made
    _, image = made.engine.push(REFERENCE, "web 2")
    made.engine.replace_by_watchtower("web")
    made.engine.sleep(10)
    half = made.engine.observe().of("web")[0]
    made.engine.containers[half.id].image = made.history().releases[0].image
    assert look(made.engine, made.folder)["web"].active == 1
    command.run("deploy")
    made.settled(image, number=2)


def test_a_tag_that_was_moved_is_pointed_back(command: Command) -> None:
    """By watchtower's look or by hand: what nobody accepted does not stay behind the tag."""
    made = command.made
    old = made.images()[0]
    made.engine.push(REFERENCE, "bad", scenes.CRASHES)
    made.engine.fetch(REFERENCE)
    with pytest.raises(DeployFailed):
        command.run("deploy")
    assert made.engine.tags[REFERENCE] == old
    command.run("deploy", Request(look=False))
    made.settled(old, number=1)


def test_what_make_pull_has_accepted_stays_accepted(command: Command) -> None:
    """Containers that ran already then run another image, all of them: that is no update by watchtower."""
    made, state = command.made, State(command.made.folder)
    _, image = made.engine.push(REFERENCE, "web 2")
    made.engine.pull(made.engine.registry.resolve(REFERENCE))
    made.engine.sleep(10)
    accepted.accept(state, REFERENCE, image, utc(made.engine.now()))
    command.run("deploy", answer=False)
    assert accepted.read(state)[REFERENCE].image == image
    known = knowing.caught_up(made.folder, made.engine.wanted(), made.engine.observe())
    assert known.accepted[REFERENCE] == image


def test_old_images_go_and_those_of_the_history_stay(command: Command) -> None:
    """COMPOSEGEN_KEEP_RELEASES of the newest, the active one, and what has a tag of somebody's own."""
    made = command.made
    made.engine.files = replace(made.engine.files, keep=2)
    images = [made.images()[0]]
    for number in range(2, 7):
        images.append(made.engine.push(REFERENCE, f"web {number}")[1])
        if number == 4:
            made.engine.tags["mine:kept"] = images[1]
        command.run("deploy")
    here = [i in made.engine.images for i in images]
    assert here == [False, True, False, False, True, True]
    command.rollback(5)
    command.run("deploy", command.desk.pinned_to("web", "latest"))
    assert images[4] in made.engine.images


def test_services_of_one_image_are_activated_together(tmp_path: Path) -> None:
    """Each goes to its own number of the same image."""
    worker = replace(WEB, name="worker", replicas=1, rollout="stop", routed=False)
    command = Command(scene(tmp_path, WEB, worker))
    made = command.made
    first = made.images()[0]
    made.engine.push(REFERENCE, "web 2")
    command.run("deploy")
    command.rollback()
    made.settled(first, "web", 1)
    made.settled(first, "worker", 1)


def test_created_releases_of_a_shared_image_are_not_mixed_up(tmp_path: Path) -> None:
    """None of them has an image's id yet; each service's own record keeps its digest."""
    worker = replace(WEB, name="worker", replicas=1, rollout="stop", routed=False)
    command = Command(scene(tmp_path, WEB, worker))
    made = command.made
    made.engine.push("r.test/web:v2", "web 2")
    other, _ = made.engine.push("r.test/web:v3", "web 3")
    record(made.stage, command.desk, "web", "v2")
    record(made.stage, command.desk, "worker", "v3")
    command.run("activate", command.desk.activating("web", 2))
    history = made.history("worker")
    assert history.active == 3
    created = history.get(2)
    assert created is not None
    assert (created.digest, created.image) == (other, "")


_TOLD = "environment COMPOSEGEN_SCALE"
_TWO = replace(WEB, traits={_TOLD: "2"})


def _three(made: Scene, **more: object) -> None:
    """Let the files ask for a third replica."""
    web = replace(_TWO, replicas=3, fingerprint="f3", traits={_TOLD: "3"}, **more)  # type: ignore[arg-type]
    made.engine.files = replace(
        made.engine.files, services=tuple(web if s.name == "web" else s for s in made.engine.files.services)
    )


def test_a_new_image_is_prepared_for_when_the_number_changes_too(tmp_path: Path) -> None:
    """Its code must not meet the data of before, however many there are of it."""
    made = scene(tmp_path, replace(_TWO, pre_deploy=("migrate",)), DB)
    command = Command(made)
    _, image = made.engine.push(REFERENCE, "web 2")
    _three(made, pre_deploy=("migrate",))
    assert command.run("deploy")
    made.settled(image, number=2)
    assert command.plan is not None
    assert "before: migrate, once" in text(command.plan)
    assert [c[1:3] for c in made.engine.calls if c[0] == "run_once"] == [("web", ("migrate",))]


def test_an_update_is_not_undone_by_a_new_number(tmp_path: Path) -> None:
    """All of them had been updated by watchtower when the files asked for one more."""
    made = scene(tmp_path, _TWO, DB)
    _, image = made.engine.push(REFERENCE, "web 2")
    made.engine.sleep(100)
    made.engine.replace_by_watchtower("web")
    made.engine.sleep(60)
    _three(made)
    assert Command(made).run("deploy", Request(look=False))
    made.settled(image, number=3)
    assert [(r.number, r.how) for r in made.history().releases][1] == (2, "watchtower")


def test_nobody_waits_for_watchtower_because_of_a_new_number(tmp_path: Path) -> None:
    """It is not at work; and a database that takes long to end is none of its services."""
    made = scene(tmp_path, _TWO, replace(DB, grace=600.0))
    _three(made)
    begun = made.engine.now()
    assert Command(made).run("deploy", Request(look=False))
    assert "Waiting for watchtower" not in made.told.text
    assert made.engine.now() - begun < 30


def test_a_rollback_knows_of_an_update_that_nobody_recorded(command: Command) -> None:
    """The person who is called at night has run no other command before."""
    made = command.made
    made.engine.push(REFERENCE, "web 2")
    made.engine.sleep(100)
    made.engine.replace_by_watchtower("web")
    made.engine.sleep(60)
    assert command.desk.previous("web") == 1


def test_a_rollback_after_a_fix_that_failed_goes_to_what_ran_before(command: Command) -> None:
    """1, 2, 3 (bad), back to 2, unpinned: 4 (bad). Back again means 2, not 3."""
    made = command.made
    for number in (2, 3):
        made.engine.push(REFERENCE, f"web {number}")
        assert command.run("deploy")
    command.rollback()
    assert made.history().active == 2
    made.engine.push(REFERENCE, "web 4")
    assert command.run("unpin", command.desk.unpinning("web"))
    assert made.history().active == 4
    assert command.desk.previous("web") == 2
    command.rollback()
    assert command.desk.previous("web") == 1, "from a release that came by going back, one further"


def test_a_repair_is_no_new_release(tmp_path: Path) -> None:
    """Also where the active one was activated, and runs with a configuration of later ones."""
    made = scene(tmp_path, WEB, DB)
    command = Command(made)
    files = made.engine.files
    newer = (replace(WEB, fingerprint="f2"), *files.services[1:])
    made.engine.files = replace(files, services=newer)
    made.engine.push(REFERENCE, "web 2")
    assert command.run("deploy")
    command.rollback(1)
    made.engine.sleep(60)
    made.engine.stop(made.engine.observe().of("web")[0].id)
    assert command.run("deploy")
    assert command.plan is not None
    assert command.plan.services[0].action == "repair"
    assert [r.number for r in made.history().releases] == [1, 2]
    assert made.history().active == 1


def test_a_pin_that_cannot_be_written_is_known_beforehand(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """.env belongs to somebody else: nothing is started, and the way out is told."""
    made = command.made
    (made.folder / ".env").write_text("A=1\n")
    made.engine.push(REFERENCE, "web 2")
    assert command.run("deploy")
    made.engine.calls.clear()
    monkeypatch.setattr(os, "geteuid", lambda: (made.folder / ".env").stat().st_uid + 1)
    with pytest.raises(ComposegenError, match="it belongs to another user or group; nothing was changed"):
        command.rollback()
    assert not made.engine.calls


def test_records_are_written_where_the_engine_is(command: Command) -> None:
    """From another machine the history is shown, and nothing is put into the checkout there."""
    made = command.made
    made.engine.push(REFERENCE, "web 2")
    made.engine.sleep(100)
    made.engine.replace_by_watchtower("web")
    made.engine.sleep(60)
    seen = look(made.engine, made.folder, write=False)
    assert seen["web"].active == 2
    assert made.history().active == 1
    (made.folder / ".composegen" / "intent").write_text("whatever")
    look(made.engine, made.folder)
    assert made.history().active == 1, "what was interrupted may have made what runs"
    (made.folder / ".composegen" / "intent").unlink()
    look(made.engine, made.folder)
    assert made.history().active == 2
