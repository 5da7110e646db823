"""A request as it is to go over the wire, and what came back."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl

Headers = tuple[tuple[str, str], ...]
HTTP_10, HTTP_11, HTTP_2 = "http/1.0", "http/1.1", "h2"


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request; ``target`` and ``host`` are sent as they stand, whatever their spelling.

    ``length`` false sends a body without saying how long it is; ``size`` is the length of a body that
    the caller sends in pieces. ``sni`` is the name in the TLS
    handshake: the host without its port when it is None, no name at all when it is ''.
    ``tls`` is the only version that the client speaks, None for all that Python allows.
    """

    method: str = "GET"
    scheme: str = "https"
    host: str
    target: str = "/"
    headers: Headers = ()
    body: bytes | None = None
    size: int | None = None
    length: bool = True
    protocol: str = HTTP_11
    sni: str | None = None
    tls: ssl.TLSVersion | None = None

    @classmethod
    def to(cls, url: str, method: str = "GET", **more: Any) -> Request:
        """Make a request from a URL, of which nothing is normalised."""
        parts = urlsplit(url)
        target = url.partition("://")[2][len(parts.netloc) :] or "/"
        return cls(method=method, scheme=parts.scheme, host=parts.netloc, target=target, **more)

    @property
    def server_name(self) -> str | None:
        """The name in the handshake, or None for no name."""
        if self.sni is not None:
            return self.sni or None
        return self.host.rpartition(":")[0].lower() or self.host.lower()

    @property
    def has_body(self) -> bool:
        """Whether a body follows the head."""
        return self.body is not None or self.size is not None

    def framing(self) -> Headers:
        """Give the headers that say how the body is sent."""
        if not self.has_body:
            return ()
        if self.length:
            size = len(self.body or b"") if self.size is None else self.size
            return (("Content-Length", str(size)),)
        return () if self.protocol == HTTP_2 else (("Transfer-Encoding", "chunked"),)


@dataclass(frozen=True)
class Answer:
    """A whole answer. ``names`` are those in the certificate, none without TLS."""

    status: int
    headers: Headers
    body: bytes
    protocol: str
    names: tuple[str, ...] = ()

    def header(self, name: str) -> str | None:
        """Give a header, several of one name joined, or None."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(found) if found else None

    @property
    def text(self) -> str:
        """The body as text, uncompressed."""
        packed = self.header("Content-Encoding") == "gzip"
        return (zlib.decompress(self.body, wbits=31) if packed else self.body).decode(errors="replace")

    @property
    def seen(self) -> Seen:
        """What the application saw, from the answer of its echo."""
        told = json.loads(self.text)
        return Seen(
            method=told["method"],
            target=told["path"],
            service=told["version"],
            replica=told["host"],
            size=told["body_length"],
            headers=tuple((name, value) for name, value in told["headers"]),
        )


@dataclass(frozen=True)
class Seen:
    """A request as it reached the application; ``service`` and ``replica`` say which one."""

    method: str
    target: str
    service: str
    replica: str
    size: int
    headers: Headers

    def header(self, name: str) -> str | None:
        """Give a header, several of one name joined, or None."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(found) if found else None
