"""``Container`` and ``Image`` from what ``docker inspect`` prints."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from composegen.deploys import traits
from composegen.deploys.observed import Check, Container, Image, Order

if TYPE_CHECKING:
    from collections.abc import Mapping

_LABEL = "com.docker.compose"
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)")
_GRACE = 10.0
"""Seconds that the engine gives a container to end by itself."""
_EVERY, _RETRIES, _SECOND = 30, 3, 1e9
"""The engine's defaults for a health check: seconds between two, and for one; tries. Nanoseconds."""
_HIDDEN = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)))


def container(found: Mapping[str, Any]) -> Container:
    """Return a container as it was inspected."""
    state, config = found.get("State") or {}, found.get("Config") or {}
    labels = config.get("Labels") or {}
    health = state.get("Health") or {}
    number = str(labels.get(f"{_LABEL}.container-number", ""))
    return Container(
        id=str(found.get("Id", "")),
        name=str(found.get("Name", "")).lstrip("/"),
        service=str(labels.get(f"{_LABEL}.service", "")),
        number=int(number) if number.isdigit() else 0,
        image=str(found.get("Image", "")),
        reference=str(config.get("Image", "")),
        compose_image=str(labels.get(f"{_LABEL}.image", "")),
        config_hash=str(labels.get(f"{_LABEL}.config-hash", "")),
        state=str(state.get("Status", "")),
        health=_health(health),
        checks=tuple(_check(c) for c in health.get("Log") or ()),
        exit_code=int(state.get("ExitCode") or 0),
        error=plain(str(state.get("Error") or "")),
        restarts=int(found.get("RestartCount") or 0),
        created=moment(found.get("Created")),
        started=moment(state.get("StartedAt")),
        finished=moment(state.get("FinishedAt")),
        hostname=str(config.get("Hostname", "")),
        oneoff=labels.get(f"{_LABEL}.oneoff") == "True",
        addresses=_addresses(found),
        port=_number(config, "PORT"),
        scale=_number(config, "COMPOSEGEN_SCALE"),
        grace=_GRACE if config.get("StopTimeout") is None else float(config["StopTimeout"]),
        budget=_budget(config.get("Healthcheck") or {}),
        traits=traits.of_container(found),
    )


def order(event: Mapping[str, Any]) -> Order:
    """Return what an event tells, of which ``docker events`` prints one a line."""
    actor = event.get("Actor") or {}
    return Order(
        service=str((actor.get("Attributes") or {}).get(f"{_LABEL}.service", "")),
        container=str(actor.get("ID", "")),
        when=int(event.get("timeNano") or 0) / 1e9,
        removed=event.get("Action") == "destroy",
    )


def image(found: Mapping[str, Any]) -> Image:
    """Return an image as it was inspected."""
    return Image(
        id=str(found.get("Id", "")),
        digests=tuple(found.get("RepoDigests") or ()),
        tags=tuple(found.get("RepoTags") or ()),
        created=moment(found.get("Created")),
        traits=traits.of_image(found),
    )


def moment(text: Any) -> float:
    """Return a time of the engine's in epoch seconds; 0 for its "never"."""
    match = _MOMENT.match(str(text or ""))
    if match is None or match[1].startswith("0001"):
        return 0.0
    zone = "+00:00" if match[3] == "Z" else match[3]
    whole = dt.datetime.fromisoformat(f"{match[1]}{zone}").timestamp()
    return whole + float(f"0{match[2]}" if match[2] else 0)


def plain(text: str) -> str:
    """Return a line without what would steer a terminal."""
    return text.translate(_HIDDEN).strip()


def _health(health: Mapping[str, Any]) -> str:
    status = str(health.get("Status", ""))
    return "" if status == "none" else status


def _check(found: Mapping[str, Any]) -> Check:
    return Check(
        ended=moment(found.get("End")),
        code=int(found.get("ExitCode") or 0),
        output=plain(str(found.get("Output", ""))),
    )


def _budget(check: Mapping[str, Any]) -> float:
    """Return within how many seconds of a start a check makes the container healthy or unhealthy.

    Without numbers of its own it has the engine's: moby, daemon/health.go.
    """
    if (check.get("Test") or ["NONE"])[0] == "NONE":
        return 0.0
    once = sum((check.get(name) or _EVERY * _SECOND) / _SECOND for name in ("Interval", "Timeout"))
    return (check.get("StartPeriod") or 0) / _SECOND + (check.get("Retries") or _RETRIES) * once


def _number(config: Mapping[str, Any], variable: str) -> int | None:
    """Return a number that stands in a container's environment; None when it is none."""
    start = f"{variable}="
    values = [str(v).partition("=")[2] for v in config.get("Env") or () if str(v).startswith(start)]
    return int(values[-1]) if values and values[-1].isascii() and values[-1].isdigit() else None


def _addresses(found: Mapping[str, Any]) -> dict[str, str]:
    networks = (found.get("NetworkSettings") or {}).get("Networks") or {}
    return {name: str(n["IPAddress"]) for name, n in networks.items() if n and n.get("IPAddress")}
