"""The load client counts what a server did to it."""

from __future__ import annotations

import asyncio
import dataclasses
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests import load
from tests.load.client import Client
from tests.load.executions import counted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter, bytes], Awaitable[None]]

_GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def _server(answer: Answer) -> Iterator[tuple[int, Counter[str]]]:
    """Serve on a loopback port in another thread; count connections and requests."""
    seen: Counter[str] = Counter()
    ports: queue.Queue[int] = queue.Queue()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen["connections"] += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                seen["requests"] += 1
                if b"Content-Length: " in head:
                    length = head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]
                    await reader.readexactly(int(length))
                await answer(reader, writer, head)
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def serve() -> None:
        async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
            ports.put(server.sockets[0].getsockname()[1])
            while not ended.is_set():  # noqa: ASYNC110 - another thread sets it
                await asyncio.sleep(0.01)

    ended = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        yield ports.get(timeout=10), seen
    finally:
        ended.set()
        thread.join()


async def _good(_: asyncio.StreamReader, writer: asyncio.StreamWriter, __: bytes) -> None:
    writer.write(_GOOD)


async def _forgets(_: asyncio.StreamReader, writer: asyncio.StreamWriter, __: bytes) -> None:
    writer.write(_GOOD.replace(b"OK\r\n", b"OK\r\nKeep-Alive: timeout=0\r\n"))


async def _keeps(_: asyncio.StreamReader, writer: asyncio.StreamWriter, __: bytes) -> None:
    writer.write(_GOOD.replace(b"OK\r\n", b"OK\r\nKeep-Alive: timeout=60\r\n"))


async def _chunked(_: asyncio.StreamReader, writer: asyncio.StreamWriter, __: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")


async def _error(_: asyncio.StreamReader, writer: asyncio.StreamWriter, __: bytes) -> None:
    writer.write(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")


async def _hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter, __: bytes) -> None:
    writer.close()


async def _half(_: asyncio.StreamReader, writer: asyncio.StreamWriter, __: bytes) -> None:
    writer.write(_GOOD[:-1])
    writer.close()


async def _never(_: asyncio.StreamReader, __: asyncio.StreamWriter, ___: bytes) -> None:
    await asyncio.sleep(3600)


def _load(port: int) -> load.Load:
    return load.Load("http://x.test/post", port, rate=200, count=40, patience=0.5)


@pytest.mark.parametrize("keep_alive", [False, True])
@pytest.mark.parametrize("answer", [_good, _chunked])
def test_good_answers_are_counted(answer: Answer, *, keep_alive: bool) -> None:
    """Keep-alive needs few connections, the other mode one for each request."""
    with _server(answer) as (port, seen):
        wanted = dataclasses.replace(_load(port), keep_alive=keep_alive)
        result = asyncio.run(Client(wanted).run())
    assert (result.sent, result.answered, result.lost_count) == (40, 40, 0)
    assert seen["requests"] == 40
    assert (seen["connections"] < 40) == keep_alive


@pytest.mark.parametrize(("answer", "few"), [(_forgets, False), (_keeps, True)])
def test_a_connection_is_kept_as_long_as_the_server_says(answer: Answer, *, few: bool) -> None:
    """Whoever uses one for longer may be closed while it begins to speak."""
    with _server(answer) as (port, seen):
        result = asyncio.run(Client(dataclasses.replace(_load(port), keep_alive=True)).run())
    assert result.lost_count == 0
    assert (seen["connections"] < 40) == few


@pytest.mark.parametrize(
    ("answer", "why"),
    [(_error, "status 503"), (_hang_up, "answer"), (_half, "answer"), (_never, "no answer")],
)
def test_everything_else_is_lost_with_its_reason(answer: Answer, why: str) -> None:
    """A bad status, no answer, half an answer, an answer that does not come."""
    with _server(answer) as (port, _):
        result = asyncio.run(Client(_load(port)).run())
    assert (result.answered, result.lost_count) == (0, 40)
    assert all(entry.why.startswith(why) for entry in result.lost)


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> None:
    """A WebSocket that gives back what it is sent."""
    assert b"Upgrade: websocket" in head
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    while True:
        size = (await reader.readexactly(6))[1] & 0x7F
        writer.write(bytes([0x82, size]) + await reader.readexactly(size))


async def _echo_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: bytes) -> None:
    """A WebSocket that is cut after the first frame."""
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    size = (await reader.readexactly(6))[1] & 0x7F
    writer.write(bytes([0x82, size]) + await reader.readexactly(size))
    writer.close()


@pytest.mark.parametrize(("answer", "lost"), [(_echo, 0), (_echo_once, 40), (_error, 40), (_never, 40)])
def test_websockets_stay_open_or_are_lost(answer: Answer, lost: int) -> None:
    """One that is not opened, or is cut before its time, is lost."""
    with _server(answer) as (port, _):
        wanted = dataclasses.replace(_load(port), websocket=True, lasting=0.4, patience=2.0)
        result = asyncio.run(Client(wanted).run())
    assert (result.lost_count, result.answered) == (lost, 40 - lost)


def test_a_body_can_take_its_time() -> None:
    """It arrives whole, and not before the time is over."""
    with _server(_good) as (port, seen):
        wanted = dataclasses.replace(_load(port), methods=("POST",), lasting=0.6, patience=5.0, count=4)
        begun = time.monotonic()
        result = asyncio.run(Client(wanted).run())
    assert (result.lost_count, seen["requests"]) == (0, 4)
    assert time.monotonic() - begun > 0.4


def test_nobody_listens() -> None:
    """A refused connection is a lost request."""
    with _server(_good) as (port, _):
        pass
    result = asyncio.run(Client(_load(port)).run())
    assert result.lost_count == 40
    assert result.lost[0].why.startswith("connect")


def test_a_client_that_is_late_says_so() -> None:
    """Lag of its own is measured, and more than allowed marks the result."""
    with _server(_good) as (port, _):
        wanted = dataclasses.replace(_load(port), rate=1e6, lag=0.0)
        result = asyncio.run(Client(wanted).run())
    assert result.late
    assert result.lag > 0


@pytest.mark.load
def test_only_what_a_late_client_measured_is_run_once_more(request: pytest.FixtureRequest) -> None:
    """Whoever was in time and lost something has failed."""
    with _server(_good) as (port, _):
        result = asyncio.run(Client(dataclasses.replace(_load(port), lag=9.0)).run())
    load.measured(result)
    with pytest.raises(load.TooBusyError, match="too busy to measure: 0 of 40 lost"):
        load.measured(result, dataclasses.replace(result, late=True))
    marker = request.node.get_closest_marker("flaky")
    assert marker.kwargs == {"reruns": 2, "only_rerun": [load.TooBusyError.__name__]}


def test_requests_under_way_are_bounded() -> None:
    """What is above the bound is not sent, and counts as lost."""
    with _server(_never) as (port, seen):
        result = asyncio.run(Client(dataclasses.replace(_load(port), in_flight=10)).run())
    assert seen["requests"] == 10
    assert result.lost_count == 40


def test_it_goes_on_until_told_that_it_is_enough() -> None:
    """In a process of its own: at least `count`, at most `limit`."""
    with _server(_good) as (port, _):
        wanted = dataclasses.replace(_load(port), limit=10_000)
        with load.start(wanted) as running:
            pass
        with load.start(dataclasses.replace(wanted, name="second")) as running:
            result = running.finish()
    assert 40 <= result.sent < 10_000
    assert result.lost_count == 0
    assert load.Result.read(result.json()) == result


def test_the_command_line_tells_of_lost_requests() -> None:
    """Exit code 1, figures on standard output."""
    with _server(_error) as (port, _):
        words = ["http://x.test/", "--port", str(port), "--count", "5", "--methods", "GET,POST"]
        command = [sys.executable, "-m", "tests.load", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert load.Result.read(done.stdout).lost_count == 5


def test_executions_are_read_from_the_log() -> None:
    """By method and id, behind whatever stands before them in a line."""
    lines = ["<30> web-1: REQ a-1-POST POST /post 64", "REQ a-1-POST POST /post 64", "hello"]
    assert counted(lines) == {"POST a-1-POST": 2}
