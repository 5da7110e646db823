"""HTTP/2: one exchange on a connection of its own, through the h2 library."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from tests.conformance.message import HTTP_2, Headers, Request

if TYPE_CHECKING:
    import socket

_WINDOW = 1 << 24


class Http2:
    """Stream 1 of a connection that is the caller's."""

    def __init__(self, connection: socket.socket, request: Request) -> None:
        self.connection = connection
        self.request = request
        # What a test sends may be wrong on purpose: it goes out as it stands.
        config = h2.config.H2Configuration(validate_outbound_headers=False, header_encoding="latin-1")
        self._h2 = h2.connection.H2Connection(config)
        self._head: tuple[int, Headers] | None = None
        self._data: list[bytes] = []
        self._over = False

    def begin(self) -> None:
        """Send preface, settings and head."""
        request = self.request
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(_WINDOW)
        head = [
            (":method", request.method),
            (":scheme", request.scheme),
            (":path", request.target),
            (":authority", request.host),
        ]
        head += [(name.lower(), value) for name, value in (*request.headers, *request.framing())]
        self._h2.send_headers(1, head, end_stream=not request.has_body)
        self._flush()

    def send(self, data: bytes) -> None:
        """Send a piece of the body, waiting for the window of the other side."""
        view = memoryview(data)
        while view and not self._over:
            room = min(self._h2.local_flow_control_window(1), self._h2.max_outbound_frame_size)
            if room <= 0:
                self._flush()
                self._receive()
                continue
            self._h2.send_data(1, bytes(view[:room]))
            view = view[room:]
        self._flush()

    def end(self) -> None:
        """Say that the body is over."""
        if self.request.has_body and not self._over:
            self._h2.end_stream(1)
            self._flush()

    def head(self) -> tuple[int, Headers]:
        """Read status and headers."""
        while self._head is None:
            self._receive()
        return self._head

    def read(self) -> bytes:
        """Read what has come of the body, at least one byte; none at its end."""
        while not self._data and not self._over:
            self._receive()
        data, self._data = b"".join(self._data), []
        return data

    def close(self) -> None:
        """Do nothing: the connection is the caller's alone."""

    @property
    def protocol(self) -> str:
        """What is spoken."""
        return HTTP_2

    def _flush(self) -> None:
        if data := self._h2.data_to_send():
            self.connection.sendall(data)

    def _receive(self) -> None:
        data = self.connection.recv(65536)
        if not data:
            raise EOFError("the connection was closed before the answer was complete")
        for event in self._h2.receive_data(data):
            self._handle(event)
        self._flush()

    def _handle(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.ResponseReceived):
            named = [(str(name), str(value)) for name, value in event.headers]
            self._head = (int(named[0][1]), tuple(named[1:]))
        elif isinstance(event, h2.events.DataReceived):
            self._data.append(event.data)
            self._h2.acknowledge_received_data(event.flow_controlled_length, 1)
        elif isinstance(event, h2.events.StreamEnded):
            self._over = True
        elif isinstance(event, h2.events.StreamReset):
            # After a whole answer it only says that the rest of the body is not wanted.
            self._over = True
            if self._head is None:
                raise ConnectionResetError(f"the stream was reset: {event.error_code}")
        elif isinstance(event, h2.events.ConnectionTerminated) and event.error_code:
            raise ConnectionResetError(f"the connection was ended: {event.error_code}")
