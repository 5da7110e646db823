"""Large and slow uploads, and how much memory a container takes meanwhile."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conformance.client import Client
    from tests.conformance.message import Request
    from tests.engine import Engine

_PIECE = 1 << 20


@dataclass
class Memory:
    """What a container held at most, in bytes: memory of its own, and files that it wrote or read."""

    samples: list[int] = field(default_factory=list)

    @property
    def growth(self) -> int:
        """How much more than at the beginning."""
        return max(self.samples) - self.samples[0]


@contextmanager
def watched(engine: Engine, container: str) -> Iterator[Memory]:
    """Look at the memory of a container ten times a second meanwhile."""
    memory, over = Memory([_usage(engine, container)]), threading.Event()

    def look() -> None:
        while not over.wait(0.1):
            memory.samples.append(_usage(engine, container))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield memory
    finally:
        over.set()
        thread.join()
        memory.samples.append(_usage(engine, container))


def _usage(engine: Engine, container: str) -> int:
    """Ask the engine; the cache of files counts too, so what goes to the disk is seen."""
    connection = http.client.HTTPConnection("engine")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(engine.socket))
    try:
        connection.request("GET", f"/containers/{container}/stats?stream=false&one-shot=true")
        return int(json.loads(connection.getresponse().read())["memory_stats"]["usage"])
    finally:
        connection.close()


def upload(client: Client, request: Request, size: int, *, pause: float = 0, piece: int = _PIECE) -> str:
    """Send ``size`` bytes to /sum; give what is wrong with the answer, which names size and checksum.

    ``pause`` is how many seconds the client rests after each piece.
    """
    data, crc = (bytes(range(256)) * (piece // 256 + 1))[:piece], 0
    with client.exchange(replace(request, size=size)) as exchange:
        exchange.begin()
        left = size
        while left:
            now = data[: min(left, piece)]
            exchange.send(now)
            crc = zlib.crc32(now, crc)
            left -= len(now)
            time.sleep(pause)
        exchange.end()
        status, _ = exchange.head()
        told = b"".join(iter(exchange.read, b"")).decode().strip()
    found, expected = f"{status} {told}", f"200 {size} {crc:08x}"
    return "" if found == expected else f"{found}, expected {expected}"
