"""Who owns the machine's packet filter, and the one rule that a second engine needs.

On its start dockerd empties the chains that another dockerd has filled, and then nothing
reaches the other's containers. So only the first engine of a machine works with the
packet filter. A later one does without: its published ports go through docker-proxy, its
containers see each other but not the world, and networks are not kept apart.
"""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

WITHOUT = "--iptables=false"


def taken() -> bool:
    """Say whether a dockerd runs that uses this network namespace's packet filter."""
    here = Path("/proc/self/ns/net").readlink()
    for comm in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            if comm.read_text() != "dockerd\n" or (comm.parent / "ns/net").readlink() != here:
                continue
            line = (comm.parent / "cmdline").read_text()
            if line and WITHOUT not in line:  # a zombie has no command line
                return True
    return False


def admit(network: str, env: Mapping[str, str]) -> None:
    """Let a network's containers talk to each other, though the filter's owner says DROP."""
    if not _rule("-C", network, env):
        _rule("-I", network, env)


def retract(network: str, env: Mapping[str, str]) -> None:
    """Undo `admit`."""
    while _rule("-D", network, env):
        pass


def _rule(action: str, network: str, env: Mapping[str, str]) -> bool:
    command = ["iptables", "-w", action, "FORWARD", "-s", network, "-d", network, "-j", "ACCEPT"]
    return subprocess.run(command, env=env, capture_output=True, check=False).returncode == 0
