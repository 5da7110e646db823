"""What is to be sent."""

from __future__ import annotations

import base64
import ssl
import urllib.parse
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Load:
    """Requests to one URL, over a connection to `address`:`port`.

    At least `count` requests are sent; then more, while the caller does not say that it
    is enough, and at most `limit`. Methods take turns. `ca` is a file; https needs it.
    `lasting`: seconds that each request's body is on its way, or that a WebSocket is open
    (`websocket`: each request is one, and frames go back and forth for so long).
    """

    url: str
    port: int
    address: str = "127.0.0.1"
    rate: float = 250.0
    count: int = 10_000
    limit: int = 0
    methods: tuple[str, ...] = ("GET", "POST")
    body: int = 64
    keep_alive: bool = False
    patience: float = 30.0
    in_flight: int = 2_000
    lag: float = 0.5
    ca: str = ""
    lasting: float = 0.0
    websocket: bool = False
    name: str = "r"

    @cached_property
    def parts(self) -> urllib.parse.SplitResult:
        """The URL, taken apart."""
        return urllib.parse.urlsplit(self.url)

    @property
    def most(self) -> int:
        """How many requests are sent when nobody says that it is enough."""
        return max(self.count, self.limit)

    @property
    def path(self) -> str:
        """What stands in the request line."""
        parts = self.parts
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    @cached_property
    def tls(self) -> ssl.SSLContext | None:
        """How to verify the server; None for http."""
        return ssl.create_default_context(cafile=self.ca) if self.parts.scheme == "https" else None

    def identity(self, number: int) -> str:
        """The X-Request-Id of a request; its method is its last word."""
        return f"{self.name}-{number}-{self.method(number)}"

    def method(self, number: int) -> str:
        """The method of a request."""
        return self.methods[number % len(self.methods)]

    def upgrade(self, number: int) -> bytes:
        """The bytes that ask for a WebSocket."""
        key = base64.b64encode(number.to_bytes(16, "big")).decode()
        lines = [
            f"GET {self.path} HTTP/1.1",
            f"Host: {self.parts.netloc}",
            f"X-Request-Id: {self.identity(number)}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        ]
        return "\r\n".join([*lines, "", ""]).encode()

    def request(self, number: int) -> bytes:
        """The bytes of a request."""
        method = self.method(number)
        lines = [
            f"{method} {self.path} HTTP/1.1",
            f"Host: {self.parts.netloc}",
            f"X-Request-Id: {self.identity(number)}",
            "User-Agent: composegen-test",
        ]
        body = b"x" * self.body if method in ("POST", "PUT", "PATCH") else b""
        if body:
            lines += [f"Content-Length: {len(body)}", "Content-Type: application/octet-stream"]
        if not self.keep_alive:
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode() + body
