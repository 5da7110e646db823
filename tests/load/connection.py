"""One HTTP/1.1 connection: send a request, read the whole answer, say whether it is good."""

from __future__ import annotations

import asyncio
import math
import os
import re
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.load.plan import Load

_GOOD = range(200, 400)
_HEAD = 65536
_SWITCHED = "101"
_FRAME = 32
_PAUSE = 0.2
_KEEPS = re.compile(r"timeout=(\d+)")


class BadAnswerError(Exception):
    """The server answered, but not well."""


class Connection:
    """A connection that takes one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._until = math.inf

    @classmethod
    async def open(cls, load: Load) -> Connection:
        """Connect, with TLS when the URL is https."""
        tls = load.tls
        name = load.parts.hostname if tls else None
        streams = await asyncio.open_connection(
            load.address, load.port, ssl=tls, server_hostname=name, limit=_HEAD
        )
        return cls(*streams)

    async def ask(self, request: bytes, seconds: float = 0.0) -> bool:
        """Send a request and read its answer; true when the connection can be used again.

        The body takes `seconds` to be sent.
        """
        await self._send(request, seconds)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        words = head[0].split(" ", 2)
        headers = {}
        for line in head[1:-2]:
            key, _, value = line.partition(":")
            headers[key.lower()] = value.strip()
        keeps = _KEEPS.search(headers.get("keep-alive", ""))
        self._until = time.monotonic() + float(keeps[1]) if keeps else math.inf
        stays = await self._body(request, int(words[1]), headers)
        if int(words[1]) not in _GOOD:
            raise BadAnswerError(f"status {words[1]}")
        return stays and headers.get("connection", "").lower() != "close"

    async def converse(self, request: bytes, seconds: float) -> None:
        """Ask for a WebSocket, let frames come back from it for so long, and close it."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = head.split(b" ", 2)[1].decode("latin-1")
        if status != _SWITCHED:
            raise BadAnswerError(f"status {status}")
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            text = os.urandom(_FRAME)
            # The mask is zero, so the text is what is sent.
            self._writer.write(bytes([0x82, 0x80 | len(text)]) + bytes(4) + text)
            _, size = await self._reader.readexactly(2)
            if await self._reader.readexactly(size) != text:
                raise BadAnswerError("another frame came back")
            await asyncio.sleep(_PAUSE)

    async def _send(self, request: bytes, seconds: float) -> None:
        """Send the head at once, and the body in pieces."""
        head, end, body = request.partition(b"\r\n\r\n")
        self._writer.write(head + end)
        pieces = round(seconds / _PAUSE) + 1
        size = max(1, -(-len(body) // pieces))
        for at in range(0, len(body), size):
            if at:
                await asyncio.sleep(_PAUSE)
            self._writer.write(body[at : at + size])
            await self._writer.drain()

    async def _body(self, request: bytes, status: int, headers: dict[str, str]) -> bool:
        """Read the body; false when only the end of the connection ends it."""
        if request.startswith(b"HEAD ") or status in (204, 304):
            return True
        if headers.get("transfer-encoding", "").lower() == "chunked":
            while size := int((await self._reader.readline()).split(b";")[0], 16):
                await self._reader.readexactly(size + 2)
            await self._reader.readuntil(b"\r\n")
            return True
        if "content-length" in headers:
            await self._reader.readexactly(int(headers["content-length"]))
            return True
        await self._reader.read()
        return False

    @property
    def gone(self) -> bool:
        """Whether the other side has closed it, or may do so any moment, by its header Keep-Alive."""
        if time.monotonic() >= self._until:
            return True
        return self._reader.at_eof() or self._writer.transport.is_closing()

    def close(self) -> None:
        """Close without waiting for the other side."""
        self._writer.transport.abort()
