"""HTTP/1 over a socket, byte by byte as the request says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.message import HTTP_10, HTTP_11, Headers, Request

if TYPE_CHECKING:
    import socket

_NO_BODY = (204, 304)


class Http1:
    """One exchange on a connection that is the caller's."""

    def __init__(self, connection: socket.socket, request: Request) -> None:
        self.connection = connection
        self.request = request
        self._input = connection.makefile("rb")
        self._left: int | None = None
        self._chunked = False

    @staticmethod
    def head_of(request: Request) -> bytes:
        """Give the bytes of a request's head."""
        version = "1.0" if request.protocol == HTTP_10 else "1.1"
        lines = [f"{request.method} {request.target} HTTP/{version}"]
        if request.host:
            lines.append(f"Host: {request.host}")
        lines += [f"{name}: {value}" for name, value in (*request.headers, *request.framing())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def begin(self) -> None:
        """Send the head."""
        self.connection.sendall(self.head_of(self.request))

    def send(self, data: bytes) -> None:
        """Send a piece of the body."""
        if self.request.has_body and not self.request.length:
            data = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
        self.connection.sendall(data)

    def end(self) -> None:
        """Say that the body is over."""
        if self.request.has_body and not self.request.length:
            self.connection.sendall(b"0\r\n\r\n")

    def head(self) -> tuple[int, Headers]:
        """Read status and headers; 100 Continue is passed over."""
        status = 100
        headers: Headers = ()
        while status == 100:
            words = self._line().split(" ", 2)
            status = int(words[1])
            headers = tuple(self._headers())
        named = {name.lower(): value for name, value in headers}
        self._chunked = "chunked" in named.get("transfer-encoding", "").lower()
        if self.request.method == "HEAD" or status in _NO_BODY:
            self._left, self._chunked = 0, False
        elif "content-length" in named and not self._chunked:
            self._left = int(named["content-length"])
        return status, headers

    def read(self) -> bytes:
        """Read what has come of the body, at least one byte; none at its end."""
        if self._chunked:
            size = int(self._line().partition(";")[0], 16)
            data = self.take(size)
            self._line()
            self._chunked = size > 0
            self._left = 0
            return data
        if self._left == 0:
            return b""
        data = self._input.read1(65536 if self._left is None else min(self._left, 65536))
        if self._left is not None:
            if not data:
                raise EOFError("the answer was cut")
            self._left -= len(data)
        return data

    def take(self, size: int) -> bytes:
        """Read so many bytes, whatever they are: what follows an upgrade is no HTTP."""
        data = self._input.read(size)
        if len(data) != size:
            raise EOFError("the answer was cut")
        return data

    def close(self) -> None:
        """Let go of the connection: it would otherwise stay open for as long as this is known."""
        self._input.close()

    @property
    def protocol(self) -> str:
        """What is spoken."""
        return HTTP_11

    def _line(self) -> str:
        line = self._input.readline()
        if not line.endswith(b"\n"):
            raise EOFError("the connection was closed before the answer was complete")
        return line.rstrip(b"\r\n").decode("latin-1")

    def _headers(self) -> list[tuple[str, str]]:
        found = []
        while line := self._line():
            name, _, value = line.partition(":")
            found.append((name, value.strip()))
        return found
