"""Ports of the host and names in the DNS."""

from __future__ import annotations

import errno
import socket
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from composegen.keys.frontends import LISTENING
from composegen.runtime.checks.base import Finding, Place, fail, ok, service_of, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from composegen.model import Stack

_PATIENCE = 5.0


def ports(place: Place, stack: Stack) -> Iterator[Finding]:
    """Check that the frontend's ports are free, or held by the project's own frontend."""
    if stack.project.frontend in {"none", "shared"}:
        return
    for name, default in (("COMPOSEGEN_HTTP_PORT", "80"), ("COMPOSEGEN_HTTPS_PORT", "443")):
        text = place.value(name, default)
        if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) <= 0xFFFF):  # noqa: PLR2004
            yield fail(
                "ports", f"{name} is no port", f"write a number from 1 to 65535, for example {name}={default}"
            )
            continue
        yield _port(place, int(text), name)


def _port(place: Place, port: int, name: str) -> Finding:
    if any(_publishes(c, port) for c in place.containers if service_of(c) in LISTENING):
        return ok("ports", f"port {port} is held by this project's frontend")
    holder = _holder(place, port)
    mend = f"stop it, or give the frontend another port with {name} in .env"
    if holder:
        return fail("ports", f"port {port} is held by the container {holder}", mend)
    if _taken(place.value("COMPOSEGEN_BIND"), port):
        return fail("ports", f"port {port} is held by another program", mend)
    return ok("ports", f"port {port} is free")


def _publishes(container: Any, port: int) -> bool:
    bound = (container.get("HostConfig") or {}).get("PortBindings") or {}
    running = (container.get("State") or {}).get("Running")
    return bool(running) and any(str(b.get("HostPort")) == str(port) for v in bound.values() for b in v or ())


def _holder(place: Place, port: int) -> str:
    """Return the name of a container that publishes the port."""
    words = ("ps", "--filter", f"publish={port}/tcp", "--format", "{{.Names}}")
    answer = place.engine.run(*words)
    return answer.out.split()[0] if answer.ok and answer.out.split() else ""


def _taken(address: str, port: int) -> bool:
    """Whether something listens; where the user may not bind the port, whether it answers."""
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address if address.count(".") == 3 else "", port))  # noqa: PLR2004 - an IPv4 address
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return True
        if error.errno in {errno.EACCES, errno.EPERM}:
            with socket.socket() as probe:
                probe.settimeout(1)
                return probe.connect_ex(("127.0.0.1", port)) == 0
    return False


def names(place: Place) -> Iterator[Finding]:
    """Check that each public host resolves to this machine; only warnings: there may be a proxy."""
    if place.urls is None:
        yield warn("dns", "the hosts are not known", "they are checked once .env is complete")
        return
    hosts = sorted({h for u in place.urls if (h := _host(u))})
    found = _resolve(hosts)
    for host in hosts:
        yield _name(host, found.get(host))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _name(host: str, addresses: list[str] | None) -> Finding:
    if addresses is None:
        return warn("dns", f"{host}: the name server did not answer in time", "check /etc/resolv.conf")
    if not addresses:
        return warn("dns", f"{host} does not resolve", "add an A or AAAA record that points at this machine")
    if not any(map(_local, addresses)):
        return warn(
            "dns",
            f"{host} resolves to {', '.join(addresses)}, which is no address of this machine",
            "right behind a proxy or NAT; otherwise correct the record",
        )
    return ok("dns", f"{host} resolves to this machine")


def _resolve(hosts: list[str]) -> dict[str, list[str]]:
    """Look all hosts up at the same time; those without an answer in time are left out."""
    found: dict[str, list[str]] = {}

    def look(host: str) -> None:
        # A wildcard has no record of its own name.
        asked = host.replace("*", "composegen-doctor", 1)
        try:
            answers = socket.getaddrinfo(asked, None, type=socket.SOCK_STREAM)
            found[host] = sorted({str(a[4][0]) for a in answers})
        except (OSError, UnicodeError):
            found[host] = []

    threads = [threading.Thread(target=look, args=(h,), daemon=True) for h in hosts]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + _PATIENCE
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return dict(found)


def _local(address: str) -> bool:
    """Whether an address belongs to this machine: only then can a socket be bound to it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address.partition("%")[0], 0))
    except OSError:
        return False
    return True
