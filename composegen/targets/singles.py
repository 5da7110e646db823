"""What only one container can have, given through the escape hatch to a service of several."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from composegen.model import MANY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from composegen.diagnostics import Report
    from composegen.model import Service
    from composegen.source import Span

_RANGE = re.compile(r"\d+-\d+\Z")
_HOST = re.compile(r"(?P<host>.*):(?P<target>\d+(?:-\d+)?)(?:/\w+)?\Z")


def singles(service: Service, steps: Sequence[str], value: Any, span: Span, report: Report) -> None:
    """Report a name or a host port that a second replica could not have; ``publish`` is checked elsewhere."""
    scale = service.keys.scale
    if service.replicas < MANY and not (scale is not None and scale.value.roll):
        return
    if list(steps) == ["container_name"]:
        what, instead = "a container's name", "leave the name to Compose"
    elif list(steps) == ["ports"] and any(map(_fixed, value if isinstance(value, list) else [value])):
        what, instead = "a host port", "publish nothing and give the service a url"
    else:
        return
    report.add(
        "CG201",
        span,
        f"{what} and {service.replicas} replicas"
        if service.replicas >= MANY
        else f"{what} and roll: old and new would run side by side",
        f"{instead}, or write scale = 1",
    )


def _fixed(port: Any) -> bool:
    """Whether it is one host port; of a range for one port the engine takes whichever is free."""
    if isinstance(port, dict):
        return bool(port.get("published")) and not _RANGE.match(str(port["published"]))
    match = _HOST.match(str(port))
    if match is None:
        return False
    host = match["host"].rpartition(":")[2]
    return bool(host) and ("-" in match["target"] or not _RANGE.match(host))
