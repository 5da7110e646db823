"""The client's end of a WebSocket, as small as an echo needs it."""

from __future__ import annotations

import base64
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tests.conformance.http1 import Http1
from tests.conformance.message import Request

if TYPE_CHECKING:
    from tests.conformance.client import Client

_SHORT, _MEDIUM = 125, 126


class WebSocket:
    """An open WebSocket; one that the other side does not open is an error."""

    def __init__(self, client: Client, url: str) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        headers = (
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", key),
            ("Sec-WebSocket-Version", "13"),
        )
        self._open = ExitStack()
        exchange = self._open.enter_context(client.exchange(Request.to(url, headers=headers)))
        assert isinstance(exchange, Http1)
        self._stream = exchange
        exchange.begin()
        status, _ = exchange.head()
        assert status == 101, f"{url} answered {status}"

    def echo(self, payload: bytes) -> bytes:
        """Send one text frame of less than 64 KiB, as a browser does; give what comes back."""
        mask = os.urandom(4)
        covered = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        size = len(payload)
        length = bytes([0x80 | size]) if size <= _SHORT else b"\xfe" + size.to_bytes(2, "big")
        self._stream.connection.sendall(b"\x81" + length + mask + covered)
        _, size = self._stream.take(2)
        if size == _MEDIUM:
            size = int.from_bytes(self._stream.take(2), "big")
        return self._stream.take(size)

    def close(self) -> None:
        """Close the connection."""
        self._open.close()
