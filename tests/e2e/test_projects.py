"""Several projects on one host: apart by default, behind one frontend when asked for."""

from __future__ import annotations

import json
import threading
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.e2e.site import Site, wait

if TYPE_CHECKING:
    from collections.abc import Callable

APP = """\
# composegen.service = web
# composegen.url = http://${{HOST_NAME:-app.test}}
# composegen.port = 8080
# composegen.healthcheck = /health
# composegen.scale = 2
# composegen.stop-grace = 1s
# composegen.env = BODY={body}
# composegen.env = READY_AFTER=${{READY_AFTER:-0}}
FROM testapp:static
"""


@pytest.fixture
def project(new_site: Callable[[str], Site]) -> Callable[..., Site]:
    """Give a function that builds a project whose two replicas answer with its label."""

    def made(label: str, **settings: str) -> Site:
        site = new_site(label)
        site.write(web=APP.format(body=label))
        site.settings(COMPOSEGEN_UPDATER="none", **settings)
        site.composegen("build")
        return site

    return made


class Asking:
    """Requests to one host, one after the other, for as long as something happens."""

    def __init__(self, site: Site, host: str) -> None:
        self.site, self.host = site, host
        self.seen: list[tuple[int, str]] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Asking:  # noqa: PYI034 - Self came with Python 3.11
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(0.02):
            answer = self.site.get(self.host)
            self.seen.append((answer.status, answer.text.split()[0]))

    @property
    def statuses(self) -> list[int]:
        """The statuses in their order, repetitions left out."""
        found = [status for status, _ in self.seen]
        return [s for s, before in zip(found, [0, *found], strict=False) if s != before]


def bodies(site: Site, host: str, count: int = 20) -> Counter[str]:
    """Count who answered; another status than 200 stands for itself."""
    answers = [site.get(host) for _ in range(count)]
    return Counter(a.text.split()[0] if a.status == 200 else str(a.status) for a in answers)


def test_two_projects_do_not_see_each_other(project: Callable[..., Site]) -> None:
    """The same host, the same services, other ports: each frontend knows its own containers."""
    one, two = project("one"), project("two")
    one.up()
    two.up()
    assert set(bodies(one, "app.test")) == {"one"}
    assert set(bodies(two, "app.test")) == {"two"}
    two.make("down")
    assert set(bodies(one, "app.test")) == {"one"}


def test_a_project_joins_the_frontend_of_another(project: Callable[..., Site]) -> None:
    """503 until it is ready; one-off containers never; scaled; 503 when all are down."""
    first = project("first")
    first.up()
    second = project(
        "second",
        HOST_NAME="second.test",
        READY_AFTER="4",
        COMPOSEGEN_FRONTEND="shared",
        COMPOSEGEN_FRONTEND_PROJECT=first.name,
    )
    with Asking(first, "second.test") as asking, Asking(first, "app.test") as neighbour:
        second.up()
        wait("the joined page", lambda: asking.seen and asking.seen[-1] == (200, "second"))
    assert asking.statuses == [404, 503, 200], "unknown, then not ready, then ready"
    assert set(neighbour.seen) == {(200, "first")}
    assert first.get("unknown.test").status == 404
    assert not any(line.endswith("->443/tcp") for line in second.compose("ps").split())

    _a_one_off_gets_no_request(first, second)

    second.compose("up", "--detach", "--no-deps", "--no-recreate", "--scale=web=3", "web")
    wait("three replicas", lambda: len(_replicas(first)) == 3)

    with Asking(first, "second.test") as asking:
        second.compose("stop", "web")
        wait("503", lambda: asking.seen and asking.seen[-1][0] == 503)
    assert set(asking.statuses) <= {200, 502, 503, 504}
    second.make("down")
    wait("404", lambda: first.get("second.test").status == 404)
    assert set(bodies(first, "app.test")) == {"first"}


def _a_one_off_gets_no_request(first: Site, second: Site) -> None:
    name = f"{second.name}-one-off"
    words = ("run", "--detach", "--no-deps", f"--name={name}", "--env=BODY=one-off", "--env=READY_AFTER=0")
    second.compose(*words, "web")

    def healthy() -> bool:
        state = json.loads(second.engine.docker("inspect", "--format={{json .State}}", name))
        return bool(state["Health"]["Status"] == "healthy")

    wait("the one-off to be healthy", healthy)
    assert set(bodies(first, "second.test", 40)) == {"second"}
    second.engine.docker("rm", "--force", name)


def _replicas(first: Site) -> set[str]:
    return {first.get("second.test").text for _ in range(12)}
