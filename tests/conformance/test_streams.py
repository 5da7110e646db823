"""What stays open: WebSockets, server-sent events, slow clients."""

from __future__ import annotations

import asyncio
import itertools
import ssl
import time
import zlib
from typing import TYPE_CHECKING

import pytest

from tests.conformance.client import ADDRESS
from tests.conformance.http1 import Http1
from tests.conformance.message import HTTP_2, HTTP_11, Request
from tests.conformance.websocket import WebSocket

if TYPE_CHECKING:
    from tests.conformance.stack import Stack

_EVENTS = 10  # of /stream, one each 200 ms
_SLOW = 100


@pytest.mark.parametrize("url", ["https://web.test/ws", "http://clear.test/ws", "https://rich.test/ws"])
def test_websocket(stack: Stack, url: str) -> None:
    """Frames go through and back, small and large; compression and cookies change nothing."""
    socket = WebSocket(stack.http, url)
    try:
        for payload in (b"hello", b"x" * 126, b"y" * 40_000):
            assert socket.echo(payload) == payload
    finally:
        socket.close()


@pytest.mark.parametrize(
    ("url", "protocol"),
    [
        ("https://web.test/stream", HTTP_11),
        ("https://web.test/stream", HTTP_2),
        ("http://clear.test/stream", HTTP_11),
        ("https://rich.test/stream", HTTP_2),
        ("https://limited.test/stream", HTTP_11),
        ("https://outside.test/stream", HTTP_2),
    ],
)
def test_events_arrive_one_by_one(stack: Stack, url: str, protocol: str) -> None:
    """Nothing gathers server-sent events, whatever keys the service has."""
    request = Request.to(url, protocol=protocol, headers=(("Accept-Encoding", "gzip"),))
    with stack.http.exchange(request) as stream:
        stream.begin()
        status, _ = stream.head()
        assert status == 200
        began, text, arrivals = time.monotonic(), b"", []
        while data := stream.read():
            text += data
            arrivals += [time.monotonic() - began] * data.count(b"\n\n")
    assert text.count(b"data: event ") == _EVENTS
    # Two may come together when this machine is busy; gathered are those that all do.
    apart = [after - before for before, after in itertools.pairwise(arrivals) if after - before > 0.05]
    assert len(apart) > _EVENTS / 2, f"events came together: {arrivals}"


def test_a_hundred_slow_clients(stack: Stack) -> None:
    """Clients that send and read in drops hold nobody up, and each gets its answer."""
    found, others = asyncio.run(_slow_and_quick(stack))
    assert found == [f"{_SLOW} {zlib.crc32(b'x' * _SLOW):08x}"] * _SLOW
    assert max(others) < 2.5, f"the slowest of {len(others)} other requests took {max(others):.2f} s"


async def _slow_and_quick(stack: Stack) -> tuple[list[str], list[float]]:
    context = ssl.create_default_context(cadata=stack.http.root)
    slow = [asyncio.create_task(_slow(stack, context if i % 2 else None)) for i in range(_SLOW)]
    took = []
    while not all(task.done() for task in slow):
        begun = time.monotonic()
        answer = await asyncio.to_thread(stack.get, "https://web.test/")
        assert answer.status == 200
        took.append(time.monotonic() - begun)
        await asyncio.sleep(0.05)
    return [task.result() for task in slow], took


async def _slow(stack: Stack, context: ssl.SSLContext | None) -> str:
    """Send head and body byte by byte in about five seconds; read the answer so too."""
    host = "web.test" if context else "clear.test"
    port = stack.site.https if context else stack.site.http
    reader, writer = await asyncio.open_connection(
        ADDRESS, port, ssl=context, server_hostname=host if context else None
    )
    request = Request(
        method="POST", host=host, target="/sum", body=b"x" * _SLOW, headers=(("Connection", "close"),)
    )
    for byte in Http1.head_of(request) + (request.body or b""):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.02)
    answer = b""
    while byte_ := await reader.read(16):
        answer += byte_
        await asyncio.sleep(0.01)
    writer.close()
    return answer.decode().rpartition("\r\n\r\n")[2].strip()
