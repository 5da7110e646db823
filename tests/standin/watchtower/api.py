"""POST /v1/update with a bearer token, and nothing else."""

from __future__ import annotations

import hmac
import json
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from .update import Report

PATH = "/v1/update"


def serve(port: int, token: str, round_: Callable[[], Report | None]) -> ThreadingHTTPServer:
    """Listen in the background; `round_` gives None while another round is under way."""

    class Handler(_Handler):
        secret = token
        go = staticmethod(round_)

    server = ThreadingHTTPServer(("", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class _Handler(BaseHTTPRequestHandler):
    secret = ""
    go: Callable[[], Report | None]

    def do_GET(self) -> None:
        """Answer what is no POST."""
        known = urllib.parse.urlsplit(self.path).path == PATH
        self._say(405 if known else 404, {"error": "Method Not Allowed" if known else "Not Found"})

    do_HEAD = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_GET  # noqa: N815

    def do_POST(self) -> None:
        """Do a round and answer when it has ended."""
        target = urllib.parse.urlsplit(self.path)
        if target.path != PATH:
            self._say(404, {"error": "Not Found"})
            return
        kind, _, given = self.headers.get("Authorization", "").partition(" ")
        if not hmac.compare_digest((given or kind).encode(), self.secret.encode()):
            self._say(401, {"error": "missing or invalid API key"})
            return
        if "async=true" in target.query:
            threading.Thread(target=self.go, daemon=True).start()
            self._say(202, {})
            return
        begun = time.monotonic()
        report = self.go()
        if report is None:
            self._say(429, {"error": "another update is already running", "api_version": "v1"})
            return
        spent = int((time.monotonic() - begun) * 1000)
        self._say(200, {"summary": _summary(report), "timing": {"duration_ms": spent}})

    def log_message(self, *_: object) -> None:
        """Say nothing: each round says enough."""

    def _say(self, status: int, content: dict[str, Any]) -> None:
        text = json.dumps(content | {"api_version": "v1"}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        if status == 429:
            self.send_header("Retry-After", "30")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)


def _summary(report: Report) -> dict[str, int]:
    return {
        "scanned": len(report.scanned),
        "updated": len(report.updated),
        "failed": len(report.failed),
        "restarted": len(report.restarted),
        "skipped": len(report.skipped),
    }
