"""Replicas that die, services that are down, and a configuration that changes under load."""

from __future__ import annotations

import shutil
import time
import uuid
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.conformance.background import Background
from tests.conformance.message import Request
from tests.conformance.stack import HERE, Stack
from tests.conformance.websocket import WebSocket
from tests.e2e.site import wait
from tests.load import AGAIN_WHEN_LATE, Load, Result, measured, start
from tests.load.executions import counted

if TYPE_CHECKING:
    from collections.abc import Callable

_DOWN = {502, 503, 504}


def test_a_broken_connection_is_nobody_elses(stack: Stack) -> None:
    """A request that kills its connection on every replica takes the service from no other client."""
    assert stack.get("https://broken.test/drop").status == 502
    assert {stack.get("https://broken.test/").status for _ in range(20)} == {200}


def _under_load(stack: Stack, name: str, change: Callable[[], None], rate: int = 100) -> Result:
    """Do something to the project while GET and POST go to web.test; give the load's figures."""
    authority = stack.site.folder / "root.pem"
    authority.write_text(stack.http.root)
    url, port = "https://web.test/", stack.site.https
    once = f"{name}.{uuid.uuid4().hex[:6]}"  # a second try's requests are not those of the first
    count, limit = 3 * rate, 60 * rate
    load = Load(url, port, rate=rate, count=count, limit=limit, ca=str(authority), lag=2.0, name=once)
    with start(load) as running:
        time.sleep(1)
        change()
        time.sleep(2)
        result = running.finish()
    measured(result)
    return result


def _executed_twice(stack: Stack, result: Result) -> list[str]:
    """List the POSTs of a load that the application executed more than once, by its own log."""
    logs = (stack.site.engine.docker("logs", c).splitlines() for c in stack.site.containers("web"))
    executed = counted(line for log in logs for line in log)
    name = f"POST {result.ids[0]}-"
    return [key for key, times in executed.items() if key.startswith(name) and times > 1]


@AGAIN_WHEN_LATE
def test_one_of_three_replicas_killed(stack: Stack) -> None:
    """No GET is lost, and of POSTs only those that its kernel had taken; the others answer within 2 s."""
    victim = stack.site.containers("web")[0]

    def kill() -> None:
        stack.site.engine.docker("kill", victim)

    try:
        result = _under_load(stack, "kill", kill)
        assert _executed_twice(stack, result) == []
        # A POST that was sent is not repeated, though a replica that dies may not have read it yet:
        # those of one moment, which are few and get their 502 at once.
        assert [lost for lost in result.lost if not lost.identity.endswith("-POST")] == []
        moments = [lost.at for lost in result.lost]
        assert len(moments) <= 5
        assert not moments or max(moments) - min(moments) < 0.5
        # The client's own lateness is in the figure, and no fault of the frontend's.
        assert result.slowest < 2 + result.lag
    finally:
        stack.site.engine.docker("start", victim)
    wait("the replica is back", lambda: _replicas(stack) == 3)


@pytest.mark.parametrize(("method", "status", "times"), [("GET", 200, 2), ("POST", 502, 1)])
@pytest.mark.parametrize("others", ["live", "change"])
def test_a_replica_killed_while_it_works(
    stack: Stack, method: str, status: int, times: int, others: str
) -> None:
    """What it was working on, for long even, is repeated when that is harmless, and only then."""
    word, url = uuid.uuid4().hex, "https://broken.test/slow?ms=7000"
    wait("all replicas", lambda: _replicas(stack, "broken.test") == 3)
    sent = Request.to(url, method, headers=(("X-Request-Id", word),))
    asked = Background(lambda: replace(stack.http, patience=40).ask(sent).status)
    replicas = stack.site.containers("broken")
    wait("the request", lambda: stack.executions(word, *replicas))
    (victim,) = [c for c in replicas if stack.executions(word, c)]
    killed = [victim] if others == "live" else [next(c for c in replicas if c != victim), victim]
    try:
        for container in killed:
            time.sleep(2.2)  # nginx has asked Docker's DNS anew, and gives up nothing for its age
            stack.site.engine.docker("kill", container)
        assert asked.result(60) == status
        assert len(stack.executions(word, *replicas)) == times
    finally:
        stack.site.engine.docker("start", *killed)


def _replicas(stack: Stack, host: str = "web.test") -> int:
    return len({stack.get(f"https://{host}/").seen.replica for _ in range(12)})


def test_all_replicas_killed(stack: Stack) -> None:
    """At once there is 502, 503 or 504, never 404 or 500; when they are back, so is the service."""
    victims = stack.site.containers("rich")
    stack.site.engine.docker("kill", *victims)
    try:
        until, found = time.monotonic() + 3, set()
        while time.monotonic() < until:
            found.add(stack.get("https://rich.test/").status)
            time.sleep(0.05)
        assert found <= _DOWN
    finally:
        stack.site.engine.docker("start", *victims)
    wait("the service is back", lambda: stack.get("https://rich.test/").status == 200)


def test_a_stopped_service(stack: Stack) -> None:
    """Its path answers that it is down; the shorter path of another service does not take over."""
    stack.site.make("stop", "SERVICE=v2")
    answers = {stack.get("https://web.test/api/v2/x").status for _ in range(20)}
    assert answers <= _DOWN
    assert stack.get("https://web.test/api/x").seen.service == "api"
    stack.site.make("start", "SERVICE=v2")
    wait("the service is back", lambda: stack.get("https://web.test/api/v2/x").status == 200)


@AGAIN_WHEN_LATE
def test_the_configuration_changes_under_load(stack: Stack) -> None:
    """A new host is served, with its certificate, by a frontend that was not restarted."""
    site = stack.site
    new = site.folder / "late.Dockerfile"
    if new.exists():  # the client was late, and this is the second try
        new.unlink()
        site.composegen("build")
        site.up()

    def change() -> None:
        shutil.copy(HERE / "late.Dockerfile", new)
        site.composegen("build")
        site.up()
        stack.ready("late.test")
        wait("the new host", lambda: stack.get("https://late.test/").status == 200)

    form = "{{.Id}} {{.State.StartedAt}}"
    before = site.state(form, stack.frontend.service)
    with closing(WebSocket(stack.http, "https://web.test/ws")) as socket:
        result = _under_load(stack, "change", change, rate=50)
        assert socket.echo(b"still here") == b"still here"
    assert _executed_twice(stack, result) == []
    assert result.lost_count == 0, str(result)
    assert site.state(form, stack.frontend.service) == before
    answer = stack.get("https://late.test/")
    assert (answer.names, answer.seen.service) == (("late.test",), "late")
