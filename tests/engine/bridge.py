"""A bridge device for each engine, made with ioctl(2).

Two dockerds on one machine would fight over docker0, so each is given a bridge of its
own; dockerd wants it to exist already, and a minimal Debian has neither ip nor brctl.
"""

from __future__ import annotations

import fcntl
import ipaddress
import socket
import struct
from pathlib import Path

_ADD, _DELETE = 0x89A0, 0x89A1  # SIOCBRADDBR, SIOCBRDELBR
_ADDRESS, _NETMASK = 0x8916, 0x891C  # SIOCSIFADDR, SIOCSIFNETMASK
_GET_FLAGS, _SET_FLAGS = 0x8913, 0x8914  # SIOCGIFFLAGS, SIOCSIFFLAGS
_UP = 1  # IFF_UP


def exists(name: str) -> bool:
    """Say whether the machine has a network device of this name."""
    return (Path("/sys/class/net") / name).exists()


def create(name: str, address: str) -> None:
    """Create the bridge if needed, and give it an address (`10.1.2.3/24`)."""
    interface = ipaddress.ip_interface(address)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        if not exists(name):
            fcntl.ioctl(control, _ADD, _name(name))
        for request, value in ((_ADDRESS, interface.ip), (_NETMASK, interface.netmask)):
            packed = struct.pack("<HH4s8x", socket.AF_INET, 0, value.packed)
            fcntl.ioctl(control, request, _name(name) + packed)
        _set_up(control, name, up=True)


def remove(name: str) -> None:
    """Remove the bridge if it is there."""
    if exists(name):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            _set_up(control, name, up=False)
            fcntl.ioctl(control, _DELETE, _name(name))


def _set_up(control: socket.socket, name: str, *, up: bool) -> None:
    told = fcntl.ioctl(control, _GET_FLAGS, _name(name) + bytes(16))
    flags = struct.unpack_from("<H", told, 16)[0]
    flags = flags | _UP if up else flags & ~_UP
    fcntl.ioctl(control, _SET_FLAGS, _name(name) + struct.pack("<H14x", flags))


def _name(name: str) -> bytes:
    return name.encode().ljust(16, b"\0")
