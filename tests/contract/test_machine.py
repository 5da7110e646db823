"""One contract, two engines: what deploys rely on holds on the fake as it does on the real one."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from composegen.errors import EngineRefused
from tests.contract.bench import SERVICE, VARIABLE, Bench, fake, flag, real, until
from tests.e2e.site import Site
from tests.engine import Engine
from tests.standin.scene import registry as registries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.standin.scene.registry import Registry

REAL = pytest.param("real", marks=pytest.mark.e2e)


@pytest.fixture(scope="module")
def engine() -> Engine:
    """Give the real engine."""
    return Engine.shared(("busybox", "traefik", "haproxy", "registry"))


@pytest.fixture(scope="module")
def registry(engine: Engine) -> Iterator[Registry]:
    """Give a registry for all tests of the module."""
    with registries.running(engine) as found:
        yield found


@pytest.fixture(params=["fake", REAL])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """Give a project on one of the two engines."""
    if request.param == "fake":
        yield fake(tmp_path)
        return
    folder = tmp_path / "site"
    folder.mkdir()
    for parent in (folder, tmp_path, tmp_path.parent, tmp_path.parent.parent):
        parent.chmod(0o755)
    site = Site(request.getfixturevalue("engine"), folder, f"cgcontract{uuid.uuid4().hex[:6]}")
    try:
        yield real(site, request.getfixturevalue("registry"))
    finally:
        site.end()


@pytest.fixture
def stocked(bench: Bench) -> Bench:
    """Give a project whose good image is here, and whose containers can start."""
    bench.push("good")
    bench.fetch()
    bench.fill()
    return bench


def test_created_containers_are_what_the_files_ask_for(stocked: Bench) -> None:
    """Created means: Compose's hash and labels, the tag's image, a number of its own, not started."""
    machine = stocked.machine
    wanted = machine.wanted().get(SERVICE)
    assert wanted is not None
    first = machine.create(SERVICE, 2)
    second = machine.create(SERVICE, 1)
    image = machine.image(stocked.reference)
    assert image is not None
    assert sorted(c.number for c in first + second) == [1, 2, 3]
    for container in first + second:
        assert (container.service, container.state, container.oneoff) == (SERVICE, "created", False)
        assert container.config_hash == wanted.config_hash
        assert container.image == container.compose_image == image.id
        assert container.reference == stocked.reference
        assert container.hostname == container.id[:12]
        assert container.started == 0.0 < container.created
    seen = machine.observe()
    assert {c.id for c in seen.of(SERVICE)} == {c.id for c in first + second}
    assert seen.images[image.id].id == image.id


def test_a_started_container_becomes_ready(stocked: Bench) -> None:
    """Its check says ready, and it has an address on each of its networks."""
    (made,) = stocked.machine.create(SERVICE, 1)
    stocked.machine.start(made.id)
    stocked.machine.start(made.id)
    found = until(stocked, made.id, lambda c: c.ready)
    assert (found.state, found.health, found.checks[-1].output) == ("running", "healthy", "ready")
    wanted = stocked.machine.wanted().get(SERVICE)
    assert wanted is not None
    assert set(found.addresses) == set(wanted.networks)
    assert found.started >= found.created


def test_a_held_container_is_looked_at_but_not_let_in(stocked: Bench) -> None:
    """With its flag it is never healthy, however ready; without, it is; with it again, it leaves."""
    (made,) = stocked.machine.create(SERVICE, 1)
    flag(stocked, made).touch()
    stocked.machine.start(made.id)
    held = until(stocked, made.id, lambda c: any(x.output == "held, ready" for x in c.checks))
    assert held.health != "healthy"
    flag(stocked, made).unlink()
    until(stocked, made.id, lambda c: c.health == "healthy")
    flag(stocked, made).touch()
    out = until(stocked, made.id, lambda c: c.health == "unhealthy")
    assert out.checks[-1].output.startswith("held, ")


def test_one_that_is_never_ready_says_why(stocked: Bench) -> None:
    """The verdict of a held container that does not answer stands in its health log."""
    stocked.push("never")
    stocked.fetch()
    (made,) = stocked.machine.create(SERVICE, 1)
    flag(stocked, made).touch()
    stocked.machine.start(made.id)
    found = until(stocked, made.id, lambda c: bool(c.checks))
    assert found.checks[-1].output.startswith("held, not ready: ")
    assert found.checks[-1].code != 0


def test_stop_and_remove(stocked: Bench) -> None:
    """A stopped one stays and can be started again; what is gone is left out and no error."""
    machine = stocked.machine
    (made,) = machine.create(SERVICE, 1)
    machine.start(made.id)
    before = machine.now()
    machine.stop(made.id, 1)
    (found,) = machine.look([made.id])
    assert (found.state, found.exit_code, found.running) == ("exited", 137, False)
    assert 0.9 < machine.now() - before < 9
    assert found.finished >= found.started > 0
    machine.stop(made.id)
    (beside,) = machine.create(SERVICE, 1)
    assert [c.state for c in machine.look([made.id, beside.id])] == ["exited", "created"]
    machine.start(made.id)
    assert machine.look([made.id])[0].state == "running"
    machine.remove(made.id)
    machine.remove(made.id)
    assert [c.id for c in machine.look([made.id, beside.id])] == [beside.id]


def test_who_was_told_to_end_and_who_was_removed(stocked: Bench) -> None:
    """Both are remembered, with service and moment; what is older is not asked for."""
    machine = stocked.machine
    (made,) = machine.create(SERVICE, 1)
    machine.start(made.id)
    machine.sleep(0.1)
    before = machine.now()
    machine.stop(made.id, 1)
    told = [o for o in machine.orders(before) if not o.removed]
    assert {(o.service, o.container) for o in told} == {(SERVICE, made.id)}
    assert before <= told[0].when < before + 1
    machine.sleep(0.1)
    late = machine.now()
    machine.remove(made.id)
    assert [(o.container, o.removed) for o in machine.orders(late)] == [(made.id, True)]


def test_one_that_cannot_start(stocked: Bench) -> None:
    """The engine's reason is told at once, and stands in the container."""
    stocked.push("broken")
    stocked.fetch()
    (made,) = stocked.machine.create(SERVICE, 1)
    with pytest.raises(EngineRefused, match="no such file"):
        stocked.machine.start(made.id)
    (found,) = stocked.machine.look([made.id])
    assert found.state in {"created", "exited"}
    assert "no such file" in found.error


def test_one_that_crashes_is_restarted_and_counted(stocked: Bench) -> None:
    """A crash loop shows in the number of restarts, the reason in the log."""
    stocked.push("crash")
    stocked.fetch()
    (made,) = stocked.machine.create(SERVICE, 1)
    stocked.machine.start(made.id)
    found = until(stocked, made.id, lambda c: c.restarts >= 1 and c.state == "restarting")
    assert found.exit_code == 3
    assert "boom" in stocked.machine.logs(made.id, 5)


def test_the_registry_is_asked_and_no_tag_moves(stocked: Bench) -> None:
    """What a tag means there is found without a pull; a pull by digest leaves the tag alone."""
    machine = stocked.machine
    old = machine.image(stocked.reference)
    digest, identity = stocked.push("better")
    assert machine.resolve(stocked.reference) == digest
    assert machine.image(digest) is None
    assert machine.pull(digest).id == machine.pull(digest).id == identity
    new = machine.image(digest)
    assert (machine.image(stocked.reference), old is not None) == (old, True)
    assert new is not None
    assert new.digest_of(stocked.reference) == digest
    assert machine.observe([digest, stocked.reference]).images[digest].id == identity
    with pytest.raises(EngineRefused, match="unknown"):
        machine.resolve(stocked.reference.replace(":latest", ":nothing"))


def test_containers_are_made_through_a_tag_that_moves_for_a_moment(stocked: Bench) -> None:
    """Made while the tag meant the new image, they stay so, and their hash is that of the tag."""
    machine = stocked.machine
    old = machine.image(stocked.reference)
    digest, identity = stocked.push("better")
    machine.pull(digest)
    machine.tag(identity, stocked.reference)
    (made,) = machine.create(SERVICE, 1)
    assert old is not None
    machine.tag(old.id, stocked.reference)
    (found,) = machine.look([made.id])
    wanted = machine.wanted().get(SERVICE)
    assert wanted is not None
    assert (found.image, found.compose_image) == (identity, identity)
    assert (found.config_hash, found.reference) == (wanted.config_hash, stocked.reference)
    with pytest.raises(EngineRefused):
        machine.tag("sha256:" + "0" * 64, stocked.reference)


def test_a_pin_is_the_same_written_or_assigned(stocked: Bench) -> None:
    """A pin that a deploy is about to write gives the hash that it will give once it is in .env."""
    machine = stocked.machine
    digest, identity = stocked.push("better")
    free = machine.wanted().get(SERVICE)
    with pytest.raises(EngineRefused):
        machine.create(SERVICE, 1, {VARIABLE: digest})
    machine.pull(digest)
    (made,) = machine.create(SERVICE, 1, {VARIABLE: digest})
    assigned = machine.wanted({VARIABLE: digest}).get(SERVICE)
    with (stocked.folder / ".env").open("a") as env:
        env.write(f"{VARIABLE}={digest}\n")
    written = machine.wanted().get(SERVICE)
    lifted = machine.wanted({VARIABLE: ""}).get(SERVICE)
    assert free is not None
    assert assigned is not None
    assert assigned == written
    assert lifted == free
    assert (assigned.pinned, free.pinned) == (True, False)
    assert made.config_hash == assigned.config_hash != free.config_hash
    assert (made.image, made.reference) == (identity, digest)
    assert assigned.fingerprint == free.fingerprint


def test_one_offs(stocked: Bench) -> None:
    """A one-off's lines and exit code come back, also when it is ended; nothing of it stays."""
    machine, said = stocked.machine, list[str]()
    assert machine.run_once(SERVICE, ["sh", "-c", "echo one; echo two; exit 5"], say=said.append) == 5
    assert [line for line in said if line in {"one", "two"}] == ["one", "two"]
    assert machine.run_once(SERVICE, ["sh", "-c", "sleep 300"], timeout=3) == 124
    assert machine.observe().containers == ()


def test_pause_and_execute(stocked: Bench) -> None:
    """Pausing twice is one pause; commands run in what runs, and nowhere else."""
    machine = stocked.machine
    (made,) = machine.create(SERVICE, 1)
    with pytest.raises(EngineRefused):
        machine.execute(made.id, ["sh", "-c", "exit 0"])
    machine.start(made.id)
    assert machine.execute(made.id, ["sh", "-c", "echo hi; exit 4"]) == (4, "hi\n")
    # The next check is five seconds away: a pause that falls into the start of one can never be undone,
    # with runc and containerd. watchtower, which deploys pause, has no check.
    until(stocked, made.id, lambda c: c.ready)
    machine.pause(made.id)
    machine.pause(made.id)
    assert [c.id for c in machine.observe().paused] == [made.id]
    machine.unpause(made.id)
    machine.unpause(made.id)
    assert machine.look([made.id])[0].state == "running"
    machine.pause(made.id)
    machine.stop(made.id, 1)
    assert machine.look([made.id])[0].state == "exited"


def test_images_in_use_stay(stocked: Bench) -> None:
    """An image goes with all its names, but not under a container."""
    machine = stocked.machine
    image = machine.image(stocked.reference)
    assert image is not None
    (made,) = machine.create(SERVICE, 1)
    assert not machine.remove_image(image.id)
    machine.remove(made.id)
    assert machine.remove_image(image.id)
    assert machine.image(stocked.reference) is None
    assert machine.remove_image(image.id)


def test_a_service_that_is_not_there(stocked: Bench) -> None:
    """What cannot be made is refused with a reason, and nothing is left behind."""
    with pytest.raises(EngineRefused):
        stocked.machine.create("nothing", 1)
    assert stocked.machine.observe().containers == ()
    assert (stocked.machine.memory() or 1) > 0
