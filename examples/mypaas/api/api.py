"""A small API: stores orders as files, and tells what it was given."""

import json
import os
import signal
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ORDERS = Path("/orders")


def database():
    """Tell whether the database answers under the name of its service."""
    try:
        with socket.create_connection(("shop.db", 5432), timeout=2):
            return True
    except OSError:
        return False


class Api(BaseHTTPRequestHandler):
    """Answers below /api, which MyPaas does not strip."""

    def do_GET(self):
        """Tell the orders and the surroundings."""
        self._answer(
            {
                "path": self.path,
                "service": os.environ["MYPAAS_SERVICE"],
                "port": os.environ["MYPAAS_PORT"],
                "currency": os.environ["CURRENCY"],
                "password": bool(os.environ["POSTGRES_PASSWORD"]),
                "database": database(),
                "orders": sorted(p.read_text() for p in ORDERS.iterdir()),
            }
        )

    def do_POST(self):
        """Store the body as an order."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        number = len(list(ORDERS.iterdir()))
        (ORDERS / f"{number:06}").write_text(body)
        self._answer({"number": number})

    def _answer(self, content):
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


# The first process of a container ends on SIGTERM only when it says so.
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
ThreadingHTTPServer(("", int(os.environ["MYPAAS_PORT"])), Api).serve_forever()
