"""Deploys on a real engine, from a real registry, through a real frontend, under load."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest

from tests import load
from tests.conformance import FRONTENDS
from tests.e2e import deployed as stage
from tests.e2e.deployed import KEPT, MIXED, NEW, SLOW, deployed, read_until
from tests.e2e.lasting import WebSocket
from tests.standin.scene import apps, registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.deployed import Deployed
    from tests.e2e.site import Site
    from tests.engine import Engine

pytestmark = [pytest.mark.e2e, pytest.mark.load]
_COUNT = 10_000
_GRACE = 4.0
# Drains take as long as the slowest check, and there are many here; 3 s of bake are waited for once.
_OFTEN = (f"healthcheck = {apps.HEALTH} 1s",)
_BRIEF = ("--yes", "--bake", "1s")


@pytest.fixture(scope="module")
def images(running_engine: Engine) -> Iterator[registry.Registry]:
    """Give a registry on a loopback port."""
    with registry.running(running_engine) as found:
        yield found


@pytest.mark.parametrize("frontend", FRONTENDS)
def test_many_deploys_lose_nothing(
    new_site: Callable[[str], Site], images: registry.Registry, frontend: str
) -> None:
    """Good and bad releases, a rollback, an activation, an unpin: 10,000 requests of all kinds, 0 lost.

    The bad ones answer none of them, leave nothing behind, and `make up` does not start them.
    """
    app, shape = apps.good("abrupt"), {"COMPOSEGEN_FRONTEND": frontend}
    with deployed(new_site, images, app, scale=2, grace="4s", lines=_OFTEN, **shape) as made:
        first = made.images()[0]
        with made.load(MIXED, _COUNT) as cost:
            deaf = made.publish(apps.good("deaf"))
            made.command("deploy", "--yes", "web")
            made.settled(deaf, 2)
            crashing = apps.bad("crash-loop")
            made.publish(crashing)
            said = made.command("deploy", "--yes", "web", code=4)
            assert "CRASH_AT_START" in said
            assert "web runs release 2 as before" in said
            made.settled(deaf, 2)
            never = apps.bad("never-ready")
            made.publish(never)
            said = made.command("deploy", *_BRIEF, "--timeout", "4s", code=4)
            assert "GET /health answered 503" in said
            made.settled(deaf, 2)
            assert "nothing was restarted" in made.site.up()
            made.command("deploy", "--image", "no-such-tag", "web", code=4)
            made.command("rollback", "web", *_BRIEF)
            made.settled(first, 1)
            graceful = made.publish(apps.good("graceful"))
            made.command("release", "activate", "web", "2", *_BRIEF)
            made.settled(deaf, 2)
            with socket.create_connection(stage.address(made.site), timeout=20) as connection:
                lasting = WebSocket(connection, stage.HOST)
                unpin = made.begin("release", "unpin", "web", *_BRIEF)
                read_until(unpin, "draining")
                begun = time.monotonic()
                while time.monotonic() - begun < _GRACE:
                    assert lasting.echo(b"still there") == b"still there"
                    time.sleep(0.2)
                said = unpin.communicate()[0]
                assert unpin.returncode == 0, said
            made.settled(graceful, 3)
        cost.nothing_lost(_COUNT)
        versions = _versions(made)
        assert not [v for v in versions if v.startswith("never-ready") and made.asked_of(v)], versions
        assert any(v.startswith("never-ready") for v in versions)
        before = made.site.starts()
        made.site.up()
        assert made.site.starts() == before


def _versions(made: Deployed) -> set[str]:
    """Give the versions of all releases whose containers have begun to listen."""
    lines = [line.partition("testapp: version ")[2] for line in made.sink.lines]
    return {line.split()[0] for line in lines if line}


_PAIRS = {
    "one replica, deaf, new connections": (1, apps.good("deaf"), NEW, ()),
    "three replicas, ten seconds to get ready, keep-alive": (3, apps.good("abrupt"), KEPT, (10,)),
    "one replica, a check of its port, slow requests": (1, apps.good("abrupt"), SLOW, ()),
}


@pytest.mark.parametrize("pair", _PAIRS)
def test_pairs(new_site: Callable[[str], Site], images: registry.Registry, pair: str) -> None:
    """One deploy each of what the long matrix has in full."""
    scale, app, kind, slow = _PAIRS[pair]
    lines = () if kind is SLOW else (*_OFTEN, f"startup = {apps.HEALTH} 30s")
    with deployed(new_site, images, app, scale=scale, grace="4s", lines=lines) as made:
        env = {**app.env, **({"READY_AFTER": str(slow[0])} if slow else {})}
        with made.load((kind,), 100) as cost:
            image = made.publish(apps.App(app.name, env))
            made.command("deploy", "--yes")
            made.settled(image, 2)
        cost.nothing_lost(100)


def test_stop_first_costs_what_is_announced(
    new_site: Callable[[str], Site], images: registry.Registry
) -> None:
    """Scale 0: one gap, as long as the app takes to stop and to get ready; none outside of it."""
    with deployed(new_site, images, apps.good("abrupt"), scale=0) as made:
        image = made.publish(apps.good("abrupt"))
        plan = made.command("plan", "web")
        assert "downtime: scale 0: the old container stops before the new one starts" in plan
        with made.load((NEW,), 1_000) as cost:
            made.command("deploy", "--yes")
            made.settled(image, 2)
        load.measured(cost.results[NEW.name])
        lost = cost.results[NEW.name].lost
        print(cost)  # noqa: T201 - the figures belong to the test's report
        assert lost
        gap = lost[-1].at - lost[0].at
        assert gap < 12, str(cost)
        bad = made.publish(apps.bad("crash-loop"))
        assert bad
        made.command("deploy", "--yes", code=4)
        made.settled(image, 2)


_STEPS = ("created", "held, ready", "serves", "draining")


@pytest.mark.soak  # two minutes
def test_a_deploy_that_is_killed_is_finished_by_the_next(
    new_site: Callable[[str], Site], images: registry.Registry
) -> None:
    """Kill -9 at four steps: no request lost, the next deploy converges, the history has each once."""
    with deployed(new_site, images, apps.good("abrupt"), scale=2, grace="2s", lines=_OFTEN) as made:
        made.command("releases")
        with made.load((NEW,), 4_000) as cost:
            for number, step in enumerate(_STEPS, 2):
                image = made.publish(apps.good("abrupt"))
                process = made.begin("deploy", "--yes")
                with process:
                    read_until(process, step)
                    process.kill()
                if step in {"created", "draining"}:
                    refused = made.site.make("up", check=False)
                    assert "a deploy was interrupted" in refused
                made.command("deploy", "--yes")
                made.settled(image, number)
        cost.nothing_lost(4_000)
