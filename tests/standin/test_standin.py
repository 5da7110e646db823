"""The stand-in does what watchtower does; the same tests drive the real one where it is."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine import images as recipes
from tests.engine.engine import Engine
from tests.standin import image as standin
from tests.standin.scene import registry
from tests.standin.scene.waits import until

if TYPE_CHECKING:
    from collections.abc import Iterator

# What updates are driven with in the tests; it changes rarely, and each of its rounds takes seconds.
pytestmark = [pytest.mark.e2e, pytest.mark.soak]
_WATCH = "com.centurylinklabs.watchtower"
_PATIENCE = 60.0
_BASE = "busybox:musl"
_DEFAULT = ("sleep", "300")


@dataclass(frozen=True)
class World:
    """A scope of its own: its containers, its image, its watchtower."""

    registry: registry.Registry
    watchtower: str
    scope: str

    @property
    def engine(self) -> Engine:
        """The engine."""
        return self.registry.engine

    @property
    def reference(self) -> str:
        """The image that the apps run."""
        return self.registry.reference(f"{self.scope}/app")

    def publish(self, **env: str) -> str:
        """Push another image, and give its id."""
        tag = f"cgtest/world:{uuid.uuid4().hex}"
        lines = [f"CMD {json.dumps(_DEFAULT)}", "STOPSIGNAL SIGKILL", "LABEL baked=new"]
        recipes.build_variant(self.engine, tag, _BASE, env={"MARK": tag, **env}, lines=lines)
        return self.registry.push(tag, self.reference)

    def app(self, name: str, *options: str, image: str = "", command: tuple[str, ...] = ()) -> str:
        """Start an app that is watched, and give its container's name."""
        full = f"{self.scope}-{name}"
        labels = (f"--label={_WATCH}.enable=true", f"--label={_WATCH}.scope={self.scope}")
        words = ("run", "--detach", f"--name={full}", f"--label=cgtest={self.scope}", *labels)
        self.engine.docker(*words, *options, image or self.reference, *command)
        return full

    def round(self, **env: str) -> tuple[int, str]:
        """Let watchtower do one round; give its exit code and what it said."""
        with self.watching(RUN_ONCE="true", **env) as name:
            code = self.engine.docker("wait", name).strip()
            return int(code), self.said(name)

    @contextmanager
    def watching(self, **env: str) -> Iterator[str]:
        """Run a watchtower of this scope, and give its container's name."""
        name = f"{self.scope}-watchtower-{uuid.uuid4().hex[:6]}"
        settings = {"SCOPE": self.scope, "LABEL_ENABLE": "true", "ROLLING_RESTART": "true"}
        settings |= {"LIFECYCLE_HOOKS": "true", "USE_COMPOSE_DEPENDS_ON": "false", **env}
        words = [f"--env=WATCHTOWER_{key}={value}" for key, value in settings.items()]
        mount = f"--volume={self.engine.socket}:/var/run/docker.sock"
        labels = (f"--label=cgtest={self.scope}", f"--label={_WATCH}.scope={self.scope}")
        policy = "--restart=unless-stopped"
        published = "--publish=127.0.0.1::8080"
        options = (f"--name={name}", policy, published, mount, *labels, *words)
        self.engine.docker("run", "--detach", *options, self.watchtower)
        yield name
        self.engine.docker("rm", "--force", name)

    def said(self, name: str) -> str:
        """Give a container's log."""
        done = subprocess.run(
            ["docker", "logs", name],
            env=self.engine.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
        return done.stdout

    def look(self, name: str) -> dict[str, Any]:
        """Describe a container."""
        return dict(json.loads(self.engine.docker("inspect", name))[0])

    def exists(self, name: str) -> bool:
        """Say whether there is such a container."""
        return bool(self.engine.docker("ps", "--all", "--quiet", f"--filter=name=^/{name}$").strip())

    def end(self) -> None:
        """Remove every container of this scope."""
        listed = self.engine.docker("ps", "--all", "--quiet", f"--filter=label=cgtest={self.scope}")
        if listed.split():
            self.engine.docker("rm", "--force", "--volumes", *listed.split())


@pytest.fixture(scope="module")
def engine() -> Engine:
    """Give the tests' engine; without one the tests fail."""
    return Engine.shared(["busybox"])


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


@pytest.fixture
def world(images: registry.Registry, watchtower: str) -> Iterator[World]:
    """Give a scope with a first image."""
    made = World(images, watchtower, f"cgw{uuid.uuid4().hex[:8]}")
    made.publish()
    try:
        yield made
    finally:
        made.end()


def test_an_update_keeps_what_a_person_set_and_takes_the_new_defaults(world: World) -> None:
    """Name, host name, labels, aliases, mounts, limits stay; unset things are the image's."""
    engine, network = world.engine, f"{world.scope}-net"
    engine.docker("network", "create", network, f"--label=cgtest={world.scope}")
    try:
        options = ("--env=MINE=1", "--label=mine=1", f"--network={network}")
        more = ("--network-alias=friend", "--memory=32m", "--tmpfs=/scratch", "--cap-drop=ALL")
        name = world.app("a", *options, *more, "--restart=unless-stopped", "--workdir=/tmp")
        before = world.look(name)
        image = world.publish(FRESH="yes")
        world.round()
        after = world.look(name)
    finally:
        world.end()
        engine.docker("network", "rm", network)
    assert after["Image"] == image
    assert after["Id"] != before["Id"]
    for key in ("Hostname", "WorkingDir", "Cmd", "User"):
        assert after["Config"][key] == before["Config"][key]
    assert {"MINE=1", "FRESH=yes"} <= set(after["Config"]["Env"])
    assert len([entry for entry in after["Config"]["Env"] if entry.startswith("MARK=")]) == 1
    assert after["Config"]["Labels"] == before["Config"]["Labels"]
    assert after["HostConfig"] == before["HostConfig"]
    assert "friend" in after["NetworkSettings"]["Networks"][network]["Aliases"]
    assert after["State"]["Running"]


def test_nothing_new_changes_nothing(world: World) -> None:
    """A round without a new image leaves the container alone."""
    name = world.app("a")
    before = world.look(name)
    code, said = world.round()
    assert (code, world.look(name)["Id"]) == (0, before["Id"])
    assert "scanned=1" in said
    assert "updated=0" in said


def test_one_replica_at_a_time_in_the_order_of_descending_names(world: World) -> None:
    """The last replica is the first to go."""
    for number in "123":
        world.app(number)
    world.publish()
    _, said = world.round()
    order = [number for line in said.splitlines() for number in "123" if _stops(line, world, number)]
    assert order == ["3", "2", "1"]


def _stops(line: str, world: World, number: str) -> bool:
    return "Stopping container" in line and f"{world.scope}-{number}" in line


@pytest.mark.parametrize(("code", "moves"), [(0, True), (75, False), (1, False), (3, False)])
def test_the_hook_decides(world: World, code: int, *, moves: bool) -> None:
    """0 goes on; 75 skips and everything else fails, and both leave the container running."""
    hook = f"--label={_WATCH}.lifecycle.pre-update=echo $WT_CONTAINER > /proc/1/fd/1; exit {code}"
    name = world.app("a", hook)
    before = world.look(name)
    image = world.publish()
    _, said = world.round()
    after = world.look(name)
    assert (after["Image"] == image) == moves
    assert (after["Id"] != before["Id"]) == moves
    assert after["State"]["Running"]
    assert f"failed={0 if moves else 1}" in said
    assert ("EX_TEMPFAIL" in said) == (code == 75)


def test_the_tag_has_moved_before_the_hook_is_asked(world: World) -> None:
    """A skipped update leaves the new image under the local tag."""
    world.app("a", f"--label={_WATCH}.lifecycle.pre-update=exit 75")
    image = world.publish()
    world.round()
    assert world.registry.identity(world.reference) == image


def test_a_hook_needs_a_shell(world: World) -> None:
    """Without `sh` on its PATH the container's update fails, and it goes on running."""
    hook = f"--label={_WATCH}.lifecycle.pre-update=exit 0"
    name = world.app("a", hook, "--env=PATH=/nowhere", command=("/bin/sleep", "300"))
    before = world.look(name)
    world.publish()
    _, said = world.round()
    assert world.look(name)["Id"] == before["Id"]
    assert "failed=1" in said


def test_a_post_update_hook_runs_in_the_new_container(world: World) -> None:
    """And its failure changes nothing."""
    hook = f"--label={_WATCH}.lifecycle.post-update=echo after > /tmp/hook; exit 1"
    name = world.app("a", hook)
    image = world.publish()
    _, said = world.round()
    assert world.look(name)["Image"] == image
    assert world.engine.docker("exec", name, "cat", "/tmp/hook").strip() == "after"
    assert "updated=1" in said


def test_monitor_only_moves_the_tag_and_nothing_else(world: World) -> None:
    """The container stays, the local tag does not."""
    name = world.app("a", f"--label={_WATCH}.monitor-only=true")
    before = world.look(name)
    image = world.publish()
    world.round()
    assert world.look(name)["Id"] == before["Id"]
    assert world.registry.identity(world.reference) == image


def test_an_image_that_was_built_here_is_taken_when_its_tag_moves(world: World) -> None:
    """There is nothing to pull, and the local tag is looked at all the same."""
    tag = f"cgtest/{world.scope}:latest"
    lines = [f"CMD {json.dumps(_DEFAULT)}"]
    recipes.build_variant(world.engine, tag, _BASE, env={"MARK": "1"}, lines=lines)
    name = world.app("a", image=tag)
    recipes.build_variant(world.engine, tag, _BASE, env={"MARK": "2"}, lines=lines)
    _, said = world.round()
    image = world.look(name)["Image"]
    assert image == world.registry.identity(tag)
    assert "updated=1" in said
    world.end()
    world.engine.docker("rmi", tag)


def test_pinned_unlabelled_and_foreign_containers_are_left_alone(world: World) -> None:
    """A digest, enable=false and another scope each keep watchtower away."""
    form = "{{index .RepoDigests 0}}"
    digest = world.engine.docker("image", "inspect", f"--format={form}", world.reference).strip()
    pinned = world.app("pinned", image=digest)
    off = world.app("off", f"--label={_WATCH}.enable=false")
    foreign = world.app("foreign", f"--label={_WATCH}.scope=somebody-else")
    names = (pinned, off, foreign)
    before = [world.look(name)["Id"] for name in names]
    world.publish()
    _, said = world.round()
    assert [world.look(name)["Id"] for name in names] == before
    assert "updated=0" in said


def test_what_cannot_start_stays_created_and_only_revival_cures_it(world: World) -> None:
    """INCLUDE_STOPPED and REVIVE_STOPPED start what a bad image left behind; not without."""
    name = world.app("a", f"--label={_WATCH}.lifecycle.pre-update=exit 0")
    tag = f"cgtest/world:{uuid.uuid4().hex}"
    recipes.build_variant(world.engine, tag, _BASE, entrypoint=["/no/such/program"])
    bad = world.registry.push(tag, world.reference)
    world.round()
    assert (world.look(name)["Image"], world.look(name)["State"]["Status"]) == (bad, "created")
    good = world.publish()
    world.round()
    assert world.look(name)["Image"] == bad
    world.round(INCLUDE_STOPPED="true", REVIVE_STOPPED="true")
    assert (world.look(name)["Image"], world.look(name)["State"]["Running"]) == (good, True)


def test_a_container_that_keeps_restarting_is_replaced_without_its_hook(world: World) -> None:
    """With INCLUDE_RESTARTING; its hook could not run."""
    hook = f"--label={_WATCH}.lifecycle.pre-update=exit 75"
    command = ("sh", "-c", "sleep 0.1; exit 1")
    name = world.app("a", hook, "--restart=always", command=command)
    until("it restarts", _PATIENCE, lambda: world.look(name)["State"]["Restarting"])
    until("a long pause", _PATIENCE, lambda: world.look(name)["RestartCount"] > 6)
    until("it pauses", _PATIENCE, lambda: world.look(name)["State"]["Restarting"])
    image = world.publish()
    world.round(INCLUDE_RESTARTING="true")
    assert world.look(name)["Image"] == image


def test_unhealthy_is_a_warning_and_the_next_one_follows(world: World) -> None:
    """Watchtower alone replaces every replica by a bad image."""
    health = ("--health-cmd=test $FAIL != yes", "--health-interval=1s", "--health-retries=1")
    names = [world.app(number, *health, "--env=MINE=1") for number in "12"]
    image = world.publish(FAIL="yes")
    _, said = world.round()
    assert [world.look(name)["Image"] for name in names] == [image, image]
    assert said.count("Failed to wait for container to become healthy") == 2


def test_cleanup_removes_the_old_image(world: World) -> None:
    """Only with CLEANUP."""
    name = world.app("a")
    old = world.look(name)["Image"]
    world.publish()
    world.round(CLEANUP="true")
    assert not world.engine.docker("image", "inspect", old, check=False).strip("[]\n")


def test_a_registry_that_is_down_ends_the_round_with_nothing_scanned(world: World) -> None:
    """And without an error."""
    with registry.running(world.engine) as short:
        tag = f"cgtest/world:{uuid.uuid4().hex}"
        recipes.build_variant(world.engine, tag, _BASE, lines=[f"CMD {json.dumps(_DEFAULT)}"])
        short.push(tag, short.reference("gone/app"))
        name = world.app("a", image=short.reference("gone/app"))
    before = world.look(name)["Id"]
    code, said = world.round()
    assert (code, world.look(name)["Id"]) == (0, before)
    assert "scanned=0" in said
    assert "failed=0" in said


def test_rolling_restart_and_links_refuse_each_other(world: World) -> None:
    """Exit 1 at once, and the restart policy is off so that no loop begins."""
    project = f"--label=com.docker.compose.project={world.scope}"
    depends = "--label=com.docker.compose.depends_on=db:service_started:false"
    world.app("a", project, depends)
    with world.watching(USE_COMPOSE_DEPENDS_ON="true", POLL_INTERVAL="3600") as name:
        until("it ends", _PATIENCE, lambda: world.look(name)["State"]["Status"] == "exited")
        found = world.look(name)
    assert found["State"]["ExitCode"] == 1
    assert found["HostConfig"]["RestartPolicy"]["Name"] == "no"


@pytest.mark.parametrize(
    "env",
    [
        {"POLL_INTERVAL": "5", "SCHEDULE": "*/5 * * * * *"},
        {"MONITOR_ONLY": "true", "ROLLING_RESTART": "true"},
    ],
    ids=["two schedules", "monitor-only and rolling"],
)
def test_contradictions_are_fatal(world: World, env: dict[str, str]) -> None:
    """It exits with 1."""
    assert world.round(**env)[0] == 1


def test_without_rolling_restart_everything_is_down_at_once(world: World) -> None:
    """All are stopped before the first is started."""
    names = [world.app(number) for number in "12"]
    image = world.publish()
    _, said = world.round(ROLLING_RESTART="false")
    assert [world.look(name)["Image"] for name in names] == [image, image]
    assert said.rindex("Stopping container") < said.index("Started new container")


def test_a_stop_in_the_middle_leaves_a_replica_missing(world: World) -> None:
    """SIGTERM while the old container stops: it is gone, and no new one comes."""
    deaf = ("sh", "-c", "trap '' TERM; while :; do sleep 1; done")
    options = ("--stop-timeout=6", "--stop-signal=SIGTERM", "--restart=unless-stopped")
    name = world.app("a", *options, command=deaf)
    world.publish()
    with world.watching(SCHEDULE="@every 2s") as tower:
        until("it stops", _PATIENCE, lambda: "Stopping container" in world.said(tower))
        world.engine.docker("stop", tower)
        time.sleep(8)
        assert not world.exists(name) or not world.look(name)["State"]["Running"]


@pytest.mark.parametrize("schedule", ["@every 3s", "*/3 * * * * *"])
def test_it_works_on_a_schedule(world: World, schedule: str) -> None:
    """Seconds come first."""
    name = world.app("a")
    image = world.publish()
    with world.watching(SCHEDULE=schedule):
        until("the update", _PATIENCE, lambda: _image(world, name) == image)


def _image(world: World, name: str) -> str:
    found = world.engine.docker("inspect", "--format={{.Image}}", name, check=False)
    return found.strip()


def test_the_trigger_is_one_method_on_one_path_with_a_token(world: World) -> None:
    """POST /v1/update answers 200, 401, 405; everything else 404."""
    name = world.app("a")
    image = world.publish()
    api = {"HTTP_API_ENDPOINTS": "update", "HTTP_API_TOKEN": "word", "POLL_INTERVAL": "3600"}
    with world.watching(**api, HTTP_API_PERIODIC_POLLS="true") as tower:
        at = "http://" + world.engine.docker("port", tower, "8080/tcp").splitlines()[0]
        until("it listens", _PATIENCE, lambda: _ask(f"{at}/", "GET"))
        assert _ask(f"{at}/v1/update", "GET") == 405
        assert _ask(f"{at}/v1/update", "POST", "wrong") == 401
        assert _ask(f"{at}/v1/update", "POST") == 401
        for path in ("/", "/v1/metrics", "/v1/containers", "/livez"):
            assert _ask(at + path, "GET", "word") == 404
        assert _image(world, name) != image
        assert _ask(f"{at}/v1/update", "POST", "word") == 200
        assert _image(world, name) == image


def _ask(url: str, method: str, token: str = "") -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, method=method, headers=headers)  # noqa: S310 - http
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310 - http
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def test_another_one_of_the_same_scope_is_removed(world: World) -> None:
    """Two with one scope would fight."""
    with world.watching(POLL_INTERVAL="3600") as first:
        time.sleep(2)
        with world.watching(POLL_INTERVAL="3600") as second:
            until("the first is gone", _PATIENCE, lambda: not _runs(world, first))
            assert _runs(world, second)


def _runs(world: World, name: str) -> bool:
    form = "--format={{.State.Running}}"
    return world.engine.docker("inspect", form, name, check=False).strip() == "true"


def test_it_finds_its_health(world: World) -> None:
    """The image's own check passes."""
    with world.watching(POLL_INTERVAL="3600") as name:
        world.engine.docker("exec", name, "/watchtower", "--health-check")
