"""A caching file server: what it has not stored yet, it fetches from its upstream."""

import os
import re
import shutil
import signal
import sys
import tempfile
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

UPSTREAM = os.environ["UPSTREAM"].rstrip("/")
STORAGE = Path("/app/storage")
LOG = Path("/app/logs/access.log")
RESOURCE = re.compile(r"/(?:[A-Za-z0-9][A-Za-z0-9._-]*/)*[A-Za-z0-9][A-Za-z0-9._-]*")


def fetch(path):
    """Return the stored file of a resource, fetched when it is not there yet."""
    stored = STORAGE / path.lstrip("/")
    if stored.exists():
        return stored, "hit"
    with urllib.request.urlopen(UPSTREAM + path, timeout=30) as response:
        stored.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=stored.parent, delete=False) as file:
            shutil.copyfileobj(response, file)
    Path(file.name).replace(stored)
    return stored, "miss"


class Server(BaseHTTPRequestHandler):
    """Serves resources, and /health without asking anybody."""

    def do_GET(self):
        """Send a resource."""
        path = self.path.partition("?")[0]
        if path == "/health":
            self._send(200, b"ok\n", "health")
        elif not RESOURCE.fullmatch(path):
            self._send(404, b"no such resource\n", "refused")
        else:
            self._resource(path)

    def _resource(self, path):
        try:
            stored, how = fetch(path)
        except urllib.error.HTTPError as error:
            self._send(404 if error.code == 404 else 502, b"upstream has it not\n", "upstream")
        except OSError:
            self._send(502, b"upstream does not answer\n", "upstream")
        else:
            self._send(200, stored.read_bytes(), how)

    def _send(self, status, body, how):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Cache", how)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, form, *values):
        """Write the access log, apart from the probe's requests."""
        if self.path != "/health":
            with LOG.open("a") as log:
                log.write(f"{self.address_string()} {form % values}\n")


# The first process of a container ends on SIGTERM only when it says so.
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
ThreadingHTTPServer(("", 8000), Server).serve_forever()
