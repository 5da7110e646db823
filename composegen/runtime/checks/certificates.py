"""Certificates: what the frontend serves for each https host, and how long it will do.

Nothing is verified against an authority: also one of this project's own, or of a staging server, counts.
"""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from composegen.errors import ComposegenError
from composegen.keys.frontends import LISTENING
from composegen.runtime.checks.base import Finding, Place, fail, ok, service_of, state_of, warn
from composegen.runtime.local import endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

SOON = 14
"""Days. ACME certificates are renewed thirty days before they end, those of local-ca too."""
_PATIENCE = 5.0
_SEQUENCE, _LONG, _SHORT_TIME = 0x30, 0x80, 0x17
_VERSION = 0xA0
_RENEW = {
    "files": "put the renewed pair into secrets/certificates, then `make up`",
    "local": "run `make up`: it makes a new one",
}


def served(place: Place) -> Iterator[Finding]:
    """Check the certificate of each https host, as the frontend on this machine serves it."""
    hosts = sorted({h for u in place.urls or () if (h := _https_host(u))})
    if not hosts or place.section("shape").get("COMPOSEGEN_TLS") == "off" or not _here(place):
        return
    running = any(service_of(c) in LISTENING and state_of(c) == "running" for c in place.containers)
    shared = place.section("shape").get("COMPOSEGEN_FRONTEND") == "shared"
    if not running and not shared:
        return
    tls = place.section("shape").get("COMPOSEGEN_TLS", "acme")
    for host, found in _ask(place, hosts).items():
        if isinstance(found, bytes):
            yield _judge(host, found, tls)
        elif not shared:
            yield _missing(host, found, tls)


def _missing(host: str, why: str, tls: str) -> Finding:
    mend = _RENEW.get(tls, "it takes a minute after the start; else `make logs` of the frontend says why")
    return warn("certificates", f"{host}: no certificate is served for it ({why})", mend)


def _judge(host: str, certificate: bytes, tls: str) -> Finding:
    mend = _RENEW.get(tls, "`make logs` of the frontend says why it was not renewed")
    if not covers(certificate, host):
        return _missing(host, "it answers with another", tls)
    ends = until(certificate)
    days = (ends - dt.datetime.now(dt.timezone.utc)).days
    shown = f"{host}: its certificate is good until {ends:%Y-%m-%d}"
    if days < 0:
        return fail("certificates", f"{host}: its certificate ended on {ends:%Y-%m-%d}", mend)
    if days < SOON:
        return warn("certificates", f"{shown}: {days} days are left", mend)
    return ok("certificates", shown)


def _ask(place: Place, hosts: list[str]) -> dict[str, bytes | str]:
    """Ask for all hosts at the same time; a text tells why there is none."""
    found: dict[str, bytes | str] = dict.fromkeys(hosts, "no answer in time")
    port = place.value("COMPOSEGEN_HTTPS_PORT", "443")
    address = place.value("COMPOSEGEN_BIND", "127.0.0.1")
    if address in {"0.0.0.0", "::", "[::]"}:  # noqa: S104 - read, not bound
        address = "127.0.0.1"

    def look(host: str) -> None:
        try:
            found[host] = _certificate(address.strip("[]"), int(port), host)
        except ssl.SSLError:
            found[host] = "the handshake was refused"
        except (OSError, ValueError) as error:
            found[host] = (getattr(error, "strerror", None) or "no answer").lower()

    threads = [threading.Thread(target=look, args=(h,), daemon=True) for h in hosts]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + _PATIENCE
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return dict(found)


def _certificate(address: str, port: int, host: str) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((address, port), timeout=_PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname=host.replace("*", "composegen-doctor", 1)) as secure,
    ):
        return secure.getpeercert(binary_form=True) or b""


def _https_host(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return (parts.hostname or "") if parts.scheme == "https" else ""


def _here(place: Place) -> bool:
    try:
        return endpoint(place.engine).startswith("unix://")
    except ComposegenError:
        return False


def covers(certificate: bytes, host: str) -> bool:
    """Tell whether a DER certificate names the host, or the wildcard that it falls under."""
    names = {host.encode(), b"*." + host.partition(".")[2].encode()}
    # A name of subjectAltName: context tag 2, its length, the text.
    return any(bytes([0x82, len(n)]) + n in certificate for n in names if len(n) < _LONG)


def until(certificate: bytes) -> dt.datetime:
    """Return when a DER certificate ends.

    Raises:
        ValueError: it is none.
    """
    # Certificate, then its first part: [version], serial, algorithm, issuer, validity.
    inside = _value(_value(certificate, _SEQUENCE)[0], _SEQUENCE)[0]
    if inside[:1] == bytes([_VERSION]):
        inside = _value(inside)[1]
    for _ in range(3):
        inside = _value(inside)[1]
    validity = _value(inside, _SEQUENCE)[0]
    ends = _value(validity)[1]
    text = _value(ends)[0].decode("ascii")
    form = "%y%m%d%H%M%SZ" if ends[:1] == bytes([_SHORT_TIME]) else "%Y%m%d%H%M%SZ"
    return dt.datetime.strptime(text, form).replace(tzinfo=dt.timezone.utc)


def _value(data: bytes, tag: int | None = None) -> tuple[bytes, bytes]:
    """Return the content of the first DER element, and what follows it."""
    if len(data) < 2 or (tag is not None and data[0] != tag):  # noqa: PLR2004 - tag and length
        raise ValueError("no certificate")
    length, start = data[1], 2
    if length & _LONG:
        size = length & ~_LONG
        length, start = int.from_bytes(data[2 : 2 + size], "big"), 2 + size
    if start + length > len(data):
        raise ValueError("no certificate")
    return data[start : start + length], data[start + length :]
