"""The smallest HTTP/2 client that can tell whether a page comes over HTTP/2: one GET."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _SETTINGS = 0, 1, 4
_END_STREAM, _END_HEADERS = 1, 4
_STATUS_200 = 0x88  # entry 8 of HPACK's static table


def get(address: tuple[str, int], host: str, trusted: ssl.SSLContext) -> bytes:
    """Return the body of ``https://host/``; an answer that is not 200 over HTTP/2 is an error."""
    trusted.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(address, timeout=10) as plain,
        trusted.wrap_socket(plain, server_hostname=host) as connection,
    ):
        assert connection.selected_alpn_protocol() == "h2"
        # :method GET, :scheme https, :path / by index; :authority as a literal.
        block = b"\x82\x87\x84\x41" + bytes([len(host)]) + host.encode()
        connection.sendall(
            _PREFACE + _frame(_SETTINGS, 0, 0, b"") + _frame(_HEADERS, _END_STREAM | _END_HEADERS, 1, block)
        )
        return _body(connection)


def _body(connection: ssl.SSLSocket) -> bytes:
    body, stream = b"", connection.makefile("rb")
    while True:
        head = stream.read(9)
        length, kind, flags, number = int.from_bytes(head[:3], "big"), head[3], head[4], head[5:]
        payload = stream.read(length)
        if int.from_bytes(number, "big") != 1:
            continue
        if kind == _HEADERS:
            assert payload[0] == _STATUS_200, payload
        if kind == _DATA:
            body += payload
        if flags & _END_STREAM and kind in {_DATA, _HEADERS}:
            return body


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload
