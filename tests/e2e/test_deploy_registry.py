"""What tags and digests mean to deploys: tags that move in the registry, digests that go, and watchtower."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.deployed import KEPT, NEW, deployed, read_until
from tests.e2e.watched import clean, history, watched
from tests.engine.engine import Engine
from tests.standin import image as standin
from tests.standin.scene import apps, registry

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from tests.e2e.deployed import Deployed
    from tests.e2e.site import Site

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.timeout(900)]
_COUNT = 3_000
_TRIES = 6
_QUICK = (f"healthcheck = {apps.HEALTH} 1s",)


@pytest.fixture(scope="module", params=["standin", "real"])
def watchtower(request: pytest.FixtureRequest) -> str:
    """Name a watchtower: the stand-in, and the real one where the engine has its image."""
    engine = Engine.shared([])
    if request.param == "standin":
        return standin.ensure(engine)
    return standin.real(engine) or pytest.skip("the engine has no image of the real watchtower")


@pytest.fixture(scope="module")
def images(running_engine: Engine) -> Iterator[registry.Registry]:
    """Give a registry on a loopback port."""
    with registry.running(running_engine) as found:
        yield found


@pytest.mark.load
def test_updates_before_during_and_after_a_deploy(
    new_site: Callable[[str], Site], images: registry.Registry, watchtower: str
) -> None:
    """Each push is one release with its digest and who brought it; nothing is lost; a pin is left alone."""
    app = apps.good("abrupt")
    with watched(new_site, images, watchtower) as scene:
        made = scene.made
        digests = [images.digest(made.reference)]
        pinned = images.digest(scene.reference)
        ran, hows = [made.images()[0]], ["up", "watchtower"]
        assert history(made)["active"] == history(made, "api")["active"] == 1
        made.command("deploy", "--yes", "--image", pinned, "api")
        left_alone = made.site.state("{{.Id}} {{.State.StartedAt}}", "api")
        with made.load((NEW,), _COUNT) as cost:
            # Before: watchtower is first, and the deploy finds nothing to do.
            ran.append(made.publish(app))
            digests.append(images.digest(made.reference))
            scene.runs(ran[1])
            starts = made.site.state("{{.Id}} {{.State.StartedAt}}", "web")
            made.command("deploy", "--yes", "web")
            assert made.site.state("{{.Id}} {{.State.StartedAt}}", "web") == starts
            # During: the tag moves on while the deploy waits for its replicas.
            while True:
                scene.pause()
                ran.append(made.publish(app))
                digests.append(images.digest(made.reference))
                with made.begin("deploy", "--yes", "web") as process:
                    if not _ready(process):
                        # The real one makes up for a round that it was held in: it was first once more.
                        hows.append("watchtower")
                        assert len(hows) < _TRIES
                        continue
                    ran.append(made.publish(app))
                    digests.append(images.digest(made.reference))
                    ignored = scene.publish(apps.bad("crash-loop"))
                    said = process.communicate()[0]
                break
            assert process.returncode == 0, said
            # After: watchtower goes on by itself and takes what came meanwhile.
            scene.runs(ran[-1])
            scene.rounds(2)
        cost.nothing_lost(_COUNT)
        _is(made, ran, digests, [*hows, "deploy", "watchtower"], active=len(ran))
        assert made.site.state("{{.Id}} {{.State.StartedAt}}", "api") == left_alone
        assert ignored not in made.site.state("{{.Image}}", "api")
        _up_restarts_nothing(made)
        plan = made.command("plan")
        assert f"pinned to {scene.reference.rpartition(':')[0]}@sha256:" in plan, plan
        # What a person types who knows Compose only: the pin holds, though the tag means a bad image.
        made.site.compose("pull", "web", "api")
        made.site.compose("up", "--detach", "api")
        assert made.site.state("{{.Id}} {{.State.StartedAt}}", "api") == left_alone
        clean(made)


def _ready(process: subprocess.Popen[str]) -> bool:
    """Read a deploy's lines until its replicas are ready; False when it found nothing to do."""
    try:
        read_until(process, "held, ready")
    except AssertionError:
        if process.wait() == 0:
            return False
        raise
    return True


def _is(made: Deployed, ran: list[str], digests: list[str], how: list[str], *, active: int) -> None:
    """See that the history is this, and that each release was active once."""
    found = history(made)
    releases = found["releases"]
    assert [r["image"] for r in releases] == ran, found
    assert [r["digest"] for r in releases] == digests, found
    assert [r["how"] for r in releases] == how, found
    assert [a["number"] for a in found["activations"]] == list(range(1, len(ran) + 1)), found
    times = [r["time"] for r in releases]
    assert times == sorted(times), found
    assert found["active"] == active


def _up_restarts_nothing(made: Deployed) -> str:
    starts = made.site.starts()
    said = made.site.up()
    assert made.site.starts() == starts, said
    return said


def test_a_tag_that_moved(new_site: Callable[[str], Site], images: registry.Registry) -> None:
    """The registry is asked, not the local tag: `plan` pulls nothing, `up` takes nothing, `deploy` does.

    A tag that moves back to an image of before makes a release like any other.
    """
    with deployed(new_site, images, apps.good(), scale=1, grace="1s", lines=_QUICK, label="moved") as made:
        made.command("releases")
        engine = made.site.engine
        first = made.images()[0]
        digests = [images.digest(made.reference)]
        second = made.publish(apps.good())
        digests.append(images.digest(made.reference))
        plan = made.command("plan", "web")
        assert digests[1].partition("@sha256:")[2][:12] in plan, plan
        assert "release: 1 -> 2" in plan, plan
        assert not images.identity(second)
        # Somebody pulls: the local tag moves, and no command of make's or composegen's takes that for a wish.
        engine.docker("pull", "--quiet", made.reference)
        assert images.identity(made.reference) == second
        _up_restarts_nothing(made)
        assert images.identity(made.reference) == first
        made.command("deploy", "--yes", "--bake", "1s")
        made.settled(second, 2)
        assert images.identity(made.reference) == second
        _up_restarts_nothing(made)
        # Back to the first one, by moving the tag in the registry.
        engine.docker("tag", first, f"{made.reference}-back")
        assert images.push(f"{made.reference}-back", made.reference) == first
        assert images.digest(made.reference) == digests[0]
        made.command("deploy", "--yes", "--bake", "1s")
        made.settled(first)
        found = history(made)
        assert [r["digest"] for r in found["releases"]] in ([*digests, digests[0]], digests), found
        assert found["activations"][-1]["how"] == "deploy"
        # By its digest, whatever the tag means: it is pinned, and the tag is not followed any more.
        made.command("deploy", "--yes", "--bake", "1s", "--image", digests[1], "web")
        made.settled(second)
        assert "latest is not followed" in _said_of_pin(made)
        _up_restarts_nothing(made)
        clean(made)


def _said_of_pin(made: Deployed) -> str:
    """Give what a deploy says of a pinned service: it keeps the pin."""
    starts = made.site.starts()
    said = made.command("deploy", "--yes", "web")
    assert made.site.starts() == starts, said
    return said


def test_a_digest_that_is_gone(new_site: Callable[[str], Site], images: registry.Registry) -> None:
    """What is on this machine needs no registry; what is nowhere is refused, and nothing is changed."""
    with deployed(new_site, images, apps.good(), scale=1, grace="1s", lines=_QUICK, label="gone") as made:
        engine = made.site.engine
        ran, digests = [made.images()[0]], [images.digest(made.reference)]
        made.command("releases")
        for _ in range(2):
            ran.append(made.publish(apps.good()))
            digests.append(images.digest(made.reference))
            made.command("deploy", "--yes", "--bake", "1s")
        made.settled(ran[2], 3)
        images.delete(digests[0])
        images.delete(digests[1])
        # The image of release 1 is here, that of release 2 is nowhere any more.
        engine.docker("rmi", "--force", ran[1])
        said = made.command("release", "activate", "web", "2", "--yes", code=4)
        assert "nothing was changed" in said, said
        made.settled(ran[2], 3)
        made.command("rollback", "web", "1", "--yes", "--bake", "1s")
        made.settled(ran[0], 1)
        _up_restarts_nothing(made)
        said = made.command("release", "create", "web", digests[1], code=1)
        assert digests[1].partition("@")[2][:19] in said, said
        assert len(history(made)["releases"]) == 3
        # A tag that means nothing any more: the pin does not need it; following it is refused.
        images.delete(digests[2])
        made.command("deploy", "--yes", "web")
        said = made.command("release", "unpin", "web", "--yes", code=4)
        assert "nothing was changed" in said, said
        made.settled(ran[0], 1)
        _up_restarts_nothing(made)
        # An image that is pushed later is taken as any.
        ran.append(made.publish(apps.good()))
        made.command("release", "unpin", "web", "--yes", "--bake", "1s")
        made.settled(ran[3], 4)
        clean(made)


@pytest.mark.load
def test_a_bad_image_is_started_by_nobody(new_site: Callable[[str], Site], images: registry.Registry) -> None:
    """After a failed deploy: `make up` where none is pinned, `docker compose pull` and `up` where one is."""
    with deployed(new_site, images, apps.good(), scale=1, grace="1s", lines=_QUICK, label="bad") as made:
        made.command("releases")
        first, digest = made.images()[0], images.digest(made.reference)
        bad = made.publish(apps.bad("crash-loop"))
        with made.load((KEPT,), 2_000) as cost:
            made.command("deploy", "--yes", code=4)
            made.settled(first, 1)
            _up_restarts_nothing(made)
            made.site.compose("pull", "web")
            assert images.identity(made.reference) == bad
            said = _up_restarts_nothing(made)
            assert "newer image" in said, said
            made.settled(first, 1)
            made.command("deploy", "--yes", "--image", digest, "web")
            made.settled(first)
            starts = made.site.starts()
            made.site.compose("pull", "web")
            made.site.compose("up", "--detach")
            assert made.site.starts() == starts
            made.command("deploy", "--yes")
            made.settled(first)
            assert made.site.starts() == starts
        cost.nothing_lost(2_000)
        assert not made.asked_of("crash-loop")
        assert bad not in [r["image"] for r in history(made)["releases"]]
        clean(made)
