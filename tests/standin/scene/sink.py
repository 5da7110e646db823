"""Where the app's log goes: a listener that speaks syslog.

Whoever updates removes a container with its log. What the engine's syslog driver has sent
here stays, also the last line before the end.
"""

from __future__ import annotations

import socketserver
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Sink:
    """The lines that arrived, each as the app wrote it behind the driver's own words."""

    def __init__(self, server: socketserver.ThreadingTCPServer, lines: list[str]) -> None:
        self.port = int(server.server_address[1])
        self.lines = lines

    @property
    def logging(self) -> dict[str, object]:
        """The `logging` of a compose service that sends its log here."""
        address = f"tcp://127.0.0.1:{self.port}"
        options = {"syslog-address": address, "tag": "{{.Name}}", "syslog-format": "rfc3164"}
        return {"driver": "syslog", "options": options}


@contextmanager
def listen() -> Iterator[Sink]:
    """Listen on a port of the loopback address."""
    lines: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            lines.extend(line.decode(errors="replace").rstrip() for line in self.rfile)

    with _Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Sink(server, lines)
        server.shutdown()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
