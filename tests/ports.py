"""Ports for servers that a test starts later, in another process or container."""

from __future__ import annotations

import random
import socket
from pathlib import Path

_LOWEST = 12_000
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port() -> int:
    """Return a port that nobody listens on, of those that no client is ever given.

    A port of the ephemeral range, which `bind` to port 0 hands out, may belong to somebody's
    outgoing connection by the time that it is used.
    """
    highest = int(_EPHEMERAL.read_text().split()[0]) if _EPHEMERAL.exists() else 32_768
    draw = random.SystemRandom()  # workers share a seed
    while True:
        port = draw.randrange(_LOWEST, highest)
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
        return port
