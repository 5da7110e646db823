"""Connections that last: a client that keeps its connection, and a WebSocket."""

from __future__ import annotations

import base64
import http.client
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

_SWITCHED = b"HTTP/1.1 101 "
_SMALL = 126


class KeptAlive(http.client.HTTPConnection):
    """One connection for many requests, never opened again; ``closes`` after the last of them."""

    auto_open = 0

    def __init__(self, connection: socket.socket, host: str) -> None:
        super().__init__(host)
        self.sock = connection
        self.closes = False

    def ask(self, path: str = "/") -> tuple[int, str]:
        """Send a request; give status and body."""
        self.request("GET", path)
        answer = self.getresponse()
        self.closes = answer.will_close
        return answer.status, answer.read().decode()


class WebSocket:
    """Echoes of the test app at /ws, one frame at a time."""

    def __init__(self, connection: socket.socket, host: str) -> None:
        self._connection = connection
        self._unread = b""
        key = base64.b64encode(os.urandom(16)).decode()
        connection.sendall(
            f"GET /ws HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._take(1)
        assert head.startswith(_SWITCHED), head

    def echo(self, text: bytes) -> bytes:
        """Send a frame; give what comes back."""
        assert len(text) < _SMALL
        mask = os.urandom(4)
        covered = bytes(byte ^ mask[at % 4] for at, byte in enumerate(text))
        self._connection.sendall(bytes([0x81, 0x80 | len(text)]) + mask + covered)
        head = self._take(2)
        return self._take(head[1])

    def _take(self, count: int) -> bytes:
        """Read so many bytes; EOFError when there are no more."""
        while len(self._unread) < count:
            if not (data := self._connection.recv(4096)):
                raise EOFError
            self._unread += data
        taken, self._unread = self._unread[:count], self._unread[count:]
        return taken
