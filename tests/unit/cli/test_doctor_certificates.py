"""What doctor says of the certificates that the frontend serves."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import ssl
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from composegen.runtime.checks import certificates
from composegen.runtime.checks.base import Place
from composegen.runtime.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMPOSE = """
x-composegen:
  shape:
    COMPOSEGEN_FRONTEND: traefik
    COMPOSEGEN_TLS: acme
"""
HOST = "web.example.com"


def made(folder: Path, name: str, days: int) -> Path:
    """Make a certificate with its key in one file; ``days`` may be negative."""
    pair, key = folder / "pair.pem", folder / "key.pem"
    now = dt.datetime.now(dt.timezone.utc)
    start, end = (f"{now + dt.timedelta(days=d):%Y%m%d%H%M%SZ}" for d in (min(days, 0) - 2, days))
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    words += [
        "-keyout",
        str(key),
        "-out",
        str(pair),
        "-subj",
        "/CN=test",
        "-addext",
        f"subjectAltName=DNS:{name}",
    ]
    if days > 0:
        subprocess.run([*words, "-days", str(days)], check=True, capture_output=True)
    else:
        request, database = folder / "request", folder / "database"
        database.mkdir(exist_ok=True)
        (database / "index").write_text("")
        (database / "serial").write_text("01")
        (database / "config").write_text(
            f"[ca]\ndefault_ca=a\n[a]\ndatabase={database}/index\nserial={database}/serial\n"
            f"new_certs_dir={database}\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n"
            f"[e]\nsubjectAltName=DNS:{name}\n"
        )
        new = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        new += ["-keyout", str(key), "-out", str(request), "-subj", "/CN=test"]
        subprocess.run(new, check=True, capture_output=True)
        sign = ["openssl", "ca", "-batch", "-selfsign", "-config", str(database / "config"), "-notext"]
        sign += ["-in", str(request), "-keyfile", str(key), "-out", str(pair), "-extensions", "e"]
        subprocess.run([*sign, "-startdate", start, "-enddate", end], check=True, capture_output=True)
    pair.write_text(key.read_text() + pair.read_text())
    return pair


@contextlib.contextmanager
def server(pair: Path) -> Iterator[int]:
    """Serve a certificate on a loopback port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    accepted, _ = listener.accept()
                    with accepted, contextlib.suppress(OSError):
                        context.wrap_socket(accepted, server_side=True).close()

        accepting = threading.Thread(target=serve, daemon=True)
        accepting.start()
        yield int(listener.getsockname()[1])
        # Ended before its number goes to another socket, whose connections it would take.
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()


def findings(
    folder: Path, port: int, url: str = f"https://{HOST}/", **changes: object
) -> list[tuple[str, str]]:
    """Return what the check says of a project whose frontend is at ``port``."""
    traefik = {
        "Config": {"Labels": {"com.docker.compose.service": "traefik"}},
        "State": {"Status": "running"},
    }
    given = {
        "folder": folder,
        "engine": Engine(folder, {"DOCKER_HOST": "unix:///run/docker.sock"}),
        "values": {"COMPOSEGEN_HTTPS_PORT": str(port), "COMPOSEGEN_BIND": "127.0.0.1"},
        "stack": None,
        "compose_text": COMPOSE,
        "containers": (traefik,),
        "urls": (url,),
    }
    place = Place(**{**given, **changes})  # type: ignore[arg-type]
    return [(f.status.value, f.message) for f in certificates.served(place)]


@pytest.mark.parametrize(
    ("name", "days", "status", "message"),
    [
        (HOST, 60, "ok", f"{HOST}: its certificate is good until "),
        ("*.example.com", 60, "ok", f"{HOST}: its certificate is good until "),
        (HOST, 5, "warn", ": 4 days are left"),
        (HOST, -3, "fail", f"{HOST}: its certificate ended on "),
        (
            "other.example.com",
            60,
            "warn",
            f"{HOST}: no certificate is served for it (it answers with another)",
        ),
        ("b.example.com", 60, "warn", "no certificate is served for it"),
    ],
)
def test_what_is_served(tmp_path: Path, name: str, days: int, status: str, message: str) -> None:
    """A certificate is judged by its names and its end, whoever signed it."""
    with server(made(tmp_path, name, days)) as port:
        ((found, said),) = findings(tmp_path, port)
    assert found == status, said
    assert message in said


def test_nobody_answers(tmp_path: Path) -> None:
    """A frontend that runs and does not answer is told."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    ((status, message),) = findings(tmp_path, port)
    assert status == "warn"
    assert "connection refused" in message


def test_what_is_not_asked(tmp_path: Path) -> None:
    """Urls in clear, TLS that is off, a frontend that does not run, an engine elsewhere: nothing is said."""
    assert findings(tmp_path, 1, f"http://{HOST}/") == []
    assert findings(tmp_path, 1, compose_text=COMPOSE.replace("TLS: acme", "TLS: off")) == []
    assert findings(tmp_path, 1, containers=()) == []
    assert findings(tmp_path, 1, engine=Engine(tmp_path, {"DOCKER_HOST": "ssh://server"})) == []


@pytest.mark.parametrize("data", [b"", b"x", b"\x30\x03abc", b"\x30\x82\xff\xff", bytes(200)])
def test_no_certificate(data: bytes) -> None:
    """What is no certificate is a ValueError, which doctor survives."""
    with pytest.raises(ValueError, match=r"."):
        certificates.until(data)
