"""Deploys that are cut short and deploys that meet others: running them again converges."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.e2e.deployed import NEW, deployed, read_until
from tests.e2e.site import Site, wait
from tests.e2e.watched import clean, history, watched
from tests.engine.engine import Engine
from tests.engine.places import EngineError
from tests.standin import image as standin
from tests.standin.scene import apps, registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.deployed import Deployed

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.timeout(900)]
_COUNT = 3_000
_QUICK = (f"healthcheck = {apps.HEALTH} 1s",)


@pytest.fixture(scope="module")
def images(running_engine: Engine) -> Iterator[registry.Registry]:
    """Give a registry on a loopback port."""
    with registry.running(running_engine) as found:
        yield found


def _killed(made: Deployed, step: str, *words: str) -> None:
    """Begin a command and kill it with -9 as soon as it says that it has got so far."""
    with made.begin(*words) as process:
        read_until(process, step)
        process.kill()


_STEPS = ("held, ready", "serves", "draining")


@pytest.mark.load
def test_killed_behind_nginx(new_site: Callable[[str], Site], images: registry.Registry) -> None:
    """What was fixed in nginx's lists stays good, and is taken away by the next run; nothing is lost."""
    with deployed(
        new_site,
        images,
        apps.good("abrupt"),
        scale=2,
        grace="2s",
        lines=_QUICK,
        label="killed",
        COMPOSEGEN_FRONTEND="nginx",
    ) as made:
        history(made)
        ran = [made.images()[0]]
        with made.load((NEW,), _COUNT) as cost:
            for step in _STEPS:
                ran.append(made.publish(apps.good("abrupt")))
                _killed(made, step, "deploy", "--yes")
                assert "a deploy of web was interrupted" in made.command("plan")
                made.command("deploy", "--yes", "--bake", "1s")
                made.settled(ran[-1], len(ran))
        cost.nothing_lost(_COUNT)
        _each_once(made, ran)
        # nginx goes by name again: a replica that dies is asked no more, its successor is.
        made.site.engine.docker("restart", "--time=0", *made.site.containers("web"))
        wait("an answer", lambda: made.site.get("app.test").status == 200)
        clean(made)


def _each_once(made: Deployed, ran: list[str]) -> None:
    """See that the history has each image once, that the last is active, and who brought them."""
    found = history(made)
    assert [r["image"] for r in found["releases"]] == ran, found
    assert [a["number"] for a in found["activations"]] == [r["number"] for r in found["releases"]], found
    assert found["active"] == len(ran), found


def test_two_deploys_and_make_at_once(new_site: Callable[[str], Site], images: registry.Registry) -> None:
    """The second waits and finds nothing to do; make gives up with 5 and names the holder."""
    with deployed(new_site, images, apps.good(), scale=1, grace="1s", lines=_QUICK, label="both") as made:
        history(made)
        ran = [made.images()[0], made.publish(apps.good())]
        with ExitStack() as both:
            first = both.enter_context(made.begin("deploy", "--yes", "web"))
            read_until(first, "created")
            second = both.enter_context(made.begin("deploy", "--yes"))
            said = read_until(second, "Waiting for ")
            assert "composegen deploy web (user " in said
            assert f"process {first.pid}, since " in said
            refused = subprocess.run(
                ["make", "up"],
                cwd=made.site.folder,
                env={**made.site.env, "COMPOSEGEN_LOCK_WAIT": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            ).stdout
            for process in (first, second):
                said = process.communicate()[0]
                assert process.returncode == 0, said
        assert "composegen deploy web" in refused, refused
        assert "Error 5" in refused, refused
        assert "Nothing to do" in said
        made.settled(ran[1], 2)
        _each_once(made, ran)
        clean(made)


@pytest.mark.load
def test_killed_while_watchtower_is_held_or_at_work(
    new_site: Callable[[str], Site], images: registry.Registry
) -> None:
    """Watchtower goes on afterwards, whichever of the two was cut short; nothing is lost."""
    app = apps.good("abrupt")
    own = standin.ensure(images.engine)
    with watched(new_site, images, own, label="held") as scene:
        made = scene.made
        history(made)
        ran = [made.images()[0]]
        with made.load((NEW,), _COUNT) as cost:
            # The deploy dies: watchtower stays held, and the next deploy lets it go on.
            scene.pause()
            ran.append(made.publish(app))
            _killed(made, "created", "deploy", "--yes", "web")
            assert made.site.state("{{.State.Status}}", "watchtower") == ["paused"]
            made.command("deploy", "--yes", "web")
            assert made.site.state("{{.State.Status}}", "watchtower") == ["running"]
            made.settled(ran[-1], 2)
            # A deploy that waits for watchtower's update is killed, and tried again.
            ran.append(made.publish(app))
            scene.at_work(ran[-1])
            with made.begin("deploy", "--yes", "web") as process:
                line = _first_line(process)
                process.kill()
            made.command("deploy", "--yes", "web")
            scene.runs(ran[-1])
            scene.rounds(1)
            assert scene.complete(), f"{line}\n{made.story()}"
        cost.nothing_lost(_COUNT)
        _each_once(made, ran)
        clean(made)


def _first_line(process: subprocess.Popen[str]) -> str:
    """Read what a command says first; by then it has the lock and looks at watchtower."""
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.load
def test_watchtower_dies_in_the_middle(new_site: Callable[[str], Site], images: registry.Registry) -> None:
    """It has taken a replica away and brings none: the deploy does, and starts watchtower again."""
    own = standin.ensure(images.engine)
    with watched(new_site, images, own, label="dies") as scene:
        made = scene.made
        history(made)
        scene.hold_up()
        ran = [made.images()[0], made.publish(apps.good("abrupt"))]
        with made.load((NEW,), 1_000) as cost:
            scene.until("a replica is gone", lambda: len(made.site.containers("web")) < made.scale)
            made.site.engine.docker("kill", scene.watchtower())
            made.command("deploy", "--yes")
            made.settled(ran[-1], 2)
            scene.rounds(1)
        cost.nothing_lost(1_000)
        made.settled(ran[-1], 2)
        _each_once(made, ran)
        clean(made)


def test_watchtower_stops_the_only_replica(
    new_site: Callable[[str], Site], images: registry.Registry
) -> None:
    """It has no drain that tells of it: a deploy that comes while the old one ends leaves no second one."""
    own = standin.ensure(images.engine)
    with watched(new_site, images, own, label="only", alone="deaf") as scene:
        made = scene.made
        history(made, "api")
        image = scene.publish(apps.good("deaf"))
        scene.until("watchtower stops it", lambda: "Stopping container" in scene.told())
        made.command("deploy", "--yes", "api")
        scene.rounds(2)
        form = "{{.Image}} {{.State.Status}} {{.State.Health.Status}}"
        assert made.site.state(form, "api") == [f"{image} running healthy"]
        assert [r["image"] for r in history(made, "api")["releases"]] == [scene.first, image]
        clean(made)


_BUILT = """\
# composegen.service = web
# composegen.url = http://app.test
# composegen.port = 8080
# composegen.scale = 2
# composegen.stop-grace = 2s
# composegen.healthcheck = /health 1s
FROM testapp:static
ENV VERSION={version}
"""


@contextmanager
def _alone(folder: Site) -> Iterator[Site]:
    """Give a project with an engine of its own, which can be restarted; both are removed."""
    with Engine.private("deploys", ["busybox", "traefik", "haproxy", "testapp"]) as engine:
        site = Site(engine, folder.folder, folder.name)
        try:
            yield site
        finally:
            site.end()


# Its dockerd is nobody's child to wait for.
@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
@pytest.mark.timeout(400)
def test_the_engine_restarts_in_the_middle(new_site: Callable[[str], Site]) -> None:
    """Before the commit by a power cut, after it in order: 3, then the next deploy converges."""
    try:
        with _alone(new_site("restarts")) as site:
            _restarts(site)
    except EngineError as error:
        if "No Docker Engine" not in str(error):
            raise
        pytest.skip("no engine of its own can be started here")


def _restarts(site: Site) -> None:
    site.write(web=_BUILT.format(version="1"))
    site.settings(COMPOSEGEN_TLS="off", COMPOSEGEN_UPDATER="none")
    site.composegen("build")
    site.up()
    site.composegen("releases")
    for number, (step, hard) in enumerate((("held, ready", True), ("draining", False)), 2):
        site.write(web=_BUILT.format(version=number))
        site.make("build")
        code, said = _cut(site, step, hard=hard)
        assert code == 3, said
        assert "Traceback" not in said, said
        site.composegen("deploy", "--yes")
        wait("the new release", lambda number=number: _versions(site) == {str(number)})  # type: ignore[misc]
        assert len(site.containers("web")) == 2
        form = "{{.State.Status}} {{.State.Health.Status}}"
        assert site.state(form, "web") == ["running healthy"] * 2
        state = site.folder / ".composegen"
        assert not [n for n in ("intent", "lock.holder") if (state / n).exists()]
        assert [p.name for p in (site.folder / "composegen.d" / "hold").iterdir()] == [".gitignore"]
    listed = site.composegen("releases", "web").splitlines()[1:]
    assert [line.split()[1 + line.startswith("*")] for line in listed] == ["3", "2", "1"], listed
    assert [line.startswith("*") for line in listed] == [True, False, False], listed
    starts = site.starts()
    site.up()
    assert site.starts() == starts


def _cut(site: Site, step: str, *, hard: bool) -> tuple[int, str]:
    """Deploy, stop the engine when it has got to this step, give how that ended; the engine runs again."""
    with subprocess.Popen(
        [sys.executable, "-m", "composegen", "deploy", "--yes"],
        cwd=site.folder,
        env=site.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        said = read_until(process, step)
        site.engine.stop(hard=hard)
        said += process.communicate(timeout=120)[0]
    site.engine.restart()
    return process.returncode, said


def _versions(site: Site) -> set[str]:
    """Ask until both replicas must have answered."""
    return {site.get("app.test", "/env?name=VERSION").text.strip() for _ in range(6)}
