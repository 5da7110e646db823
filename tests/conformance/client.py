"""The suite's client: connects to the frontend's ports, whatever host is asked for."""

from __future__ import annotations

import socket
import ssl
import warnings
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.conformance.http1 import Http1
from tests.conformance.http2 import Http2
from tests.conformance.message import HTTP_2, HTTP_11, Answer, Request

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESS = "127.0.0.1"


@dataclass(frozen=True)
class Client:
    """Where the frontend listens, whose certificates are trusted (PEM), how long a step may take."""

    http: int
    https: int
    root: str
    patience: float = 15

    @contextmanager
    def connect(self, request: Request, *, verify: bool = True) -> Iterator[socket.socket]:
        """Connect as the request says; with ``verify`` the certificate has to be the host's."""
        port = self.https if request.scheme == "https" else self.http
        with socket.create_connection((ADDRESS, port), timeout=self.patience) as plain:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if request.scheme != "https":
                yield plain
                return
            name = request.server_name
            context = self.context(request, verify=verify)
            with context.wrap_socket(plain, server_hostname=name) as secured:
                if request.protocol == HTTP_2:
                    assert secured.selected_alpn_protocol() == HTTP_2, "the frontend speaks no HTTP/2"
                yield secured

    def context(self, request: Request, *, verify: bool = True) -> ssl.SSLContext:
        """Give what a TLS connection for this request has to be like."""
        context = ssl.create_default_context(cadata=self.root)
        if not verify or request.server_name is None:
            context.check_hostname = False
        if not verify:
            context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols([request.protocol if request.protocol == HTTP_2 else HTTP_11])
        if request.tls is not None:
            # What the client itself would refuse says nothing about the frontend.
            context.set_ciphers("ALL:@SECLEVEL=0")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
                context.maximum_version = request.tls
                context.minimum_version = request.tls
        return context

    @contextmanager
    def exchange(self, request: Request) -> Iterator[Http1 | Http2]:
        """Open a connection for one exchange, in which nothing was sent yet."""
        with self.connect(request) as connection:
            exchange = (Http2 if request.protocol == HTTP_2 else Http1)(connection, request)
            try:
                yield exchange
            finally:
                exchange.close()

    def ask(self, request: Request) -> Answer:
        """Send a request and read the whole answer."""
        with self.exchange(request) as exchange:
            exchange.begin()
            # Who refuses a body may close before it was sent; the answer counts.
            with suppress(BrokenPipeError, ConnectionResetError):
                if request.body:
                    exchange.send(request.body)
                exchange.end()
            status, headers = exchange.head()
            body = b"".join(iter(exchange.read, b""))
            return Answer(status, headers, body, exchange.protocol, _names(exchange.connection))

    def serial(self, request: Request) -> tuple[int, str]:
        """Send a request over a new connection; give the status and the certificate's serial number."""
        with self.exchange(request) as exchange:
            assert isinstance(exchange.connection, ssl.SSLSocket)
            exchange.begin()
            status, _ = exchange.head()
            return status, str((exchange.connection.getpeercert() or {})["serialNumber"])

    def refused(self, request: Request) -> bool:
        """Whether the frontend ends the handshake, whatever certificate it might have shown."""
        try:
            with self.connect(request, verify=False):
                return False
        except ConnectionResetError:
            return True
        except ssl.SSLError as error:
            # The names of alerts that come from the other side begin so; the client's own do not.
            return (error.reason or "").startswith(("TLSV1_", "TLSV13_", "SSLV3_"))


def _names(connection: socket.socket) -> tuple[str, ...]:
    """Give the host names in the certificate of a connection."""
    if not isinstance(connection, ssl.SSLSocket):
        return ()
    certificate = connection.getpeercert() or {}
    found = certificate.get("subjectAltName", ())
    assert isinstance(found, tuple)
    return tuple(str(entry[1]) for entry in found)
