"""Pieces of compose services that several modules need."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from composegen.emit.yaml import Alias, Flow
from composegen.text import Raw

if TYPE_CHECKING:
    from composegen.model import Probe

WATCHTOWER = "com.centurylinklabs.watchtower"
LOGGING = Alias("logging")
LOGGING_VALUE = {"driver": "json-file", "options": Flow({"max-size": "10m", "max-file": "3"})}
UNWATCHED = {f"{WATCHTOWER}.enable": "false"}
HARDENED: dict[str, Any] = {
    "read_only": True,
    "cap_drop": Flow(["ALL"]),
    "security_opt": Flow(["no-new-privileges:true"]),
}
TOOLBOX_MOUNT = "toolbox:/.composegen/bin:ro"
HOLD_MOUNT = "./composegen.d/hold:/.composegen/hold:ro"
SHELL = "/.composegen/bin/sh"
TOOLS = "/.composegen/bin"
LIVE_GRACE = 10.0
"""Seconds that the probe gives a process which it ends because it is not alive."""


def seconds(value: float) -> str:
    """Return a duration as Compose writes it: never with an exponent, which it refuses."""
    return f"{value:.3f}".rstrip("0").rstrip(".") + "s"


def whole(value: float) -> int:
    """Return seconds as the probe takes them: whole ones, at least 1 and at most 999."""
    return max(1, min(999, math.ceil(value)))


def timing(*, interval: float, timeout: float, retries: int, budget: float) -> dict[str, Any]:
    """Return the figures of a health check (seconds); while starting it runs every second."""
    return {
        "interval": seconds(interval),
        "timeout": seconds(timeout),
        "retries": retries,
        "start_period": seconds(budget),
        "start_interval": "1s",
    }


def labels(values: dict[str, Any]) -> dict[str, Any] | list[Any]:
    """Return labels as a mapping, or as a list where a name holds a variable.

    Compose interpolates values, never keys.
    """
    if any("${" in key for key in values):
        return [
            Raw(f"{key}={value if isinstance(value, Raw) else value.replace('$', '$$')}")
            for key, value in values.items()
        ]
    return dict(values)


def check_words(probe: Probe | None) -> list[str]:
    """Return a probe as the words that ``probe`` and ``gate`` take."""
    if probe is None or probe.kind == "none":
        return ["none"]
    if probe.kind == "http":
        return ["http", str(probe.port), probe.path]
    if probe.kind == "tcp":
        return ["tcp", str(probe.port)]
    return ["run", *probe.words]


def probe_timeout(probe: Probe) -> float:
    """Return how long a whole probe may take: its tries, a second between them, and slack."""
    return probe.retries * (whole(probe.timeout) + 1) + 2
