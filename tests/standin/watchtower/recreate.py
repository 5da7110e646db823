"""What the new container is created with: what a person set stays, defaults are the new image's."""

from __future__ import annotations

import copy
from typing import Any

from .container import PREFIX, Container

_SAME = ("Retries", "Interval", "Timeout", "StartPeriod")


def body(container: Container) -> dict[str, Any]:
    """Give the whole request for the new container."""
    return config(container) | {
        "HostConfig": host_config(container),
        "NetworkingConfig": {"EndpointsConfig": endpoints(container)},
    }


def config(container: Container) -> dict[str, Any]:
    """Give the configuration, less what equals the old image's defaults."""
    made = copy.deepcopy(container.config)
    made["Image"] = container.image_name
    if container.image is None:
        return made
    old = container.image.get("Config") or {}
    for key in ("WorkingDir", "User"):
        if made.get(key) == (old.get(key) or ""):
            made[key] = ""
    mode = str(container.host.get("NetworkMode") or "")
    if mode.startswith("container:") or container.host.get("UTSMode"):
        made["Hostname"] = ""
    if (made.get("Entrypoint") or []) == (old.get("Entrypoint") or []):
        made["Entrypoint"] = None
        if (made.get("Cmd") or []) == (old.get("Cmd") or []):
            made["Cmd"] = None
    _strip_healthcheck(made.get("Healthcheck"), old.get("Healthcheck"))
    inherited = old.get("Env") or []
    made["Env"] = [entry for entry in made.get("Env") or [] if entry not in inherited]
    made["Labels"] = _labels(made.get("Labels") or {}, old.get("Labels") or {})
    volumes = old.get("Volumes") or {}
    made["Volumes"] = {key: {} for key in made.get("Volumes") or {} if key not in volumes}
    exposed = set(made.get("ExposedPorts") or {}) - set(old.get("ExposedPorts") or {})
    exposed |= set(container.host.get("PortBindings") or {})
    made["ExposedPorts"] = {port: {} for port in sorted(exposed)}
    return made


def host_config(container: Container) -> dict[str, Any]:
    """Give the host's part; links are `name:alias` again."""
    made = copy.deepcopy(container.host)
    pairs = [link.split(":", 1) for link in made.get("Links") or [] if ":" in link]
    made["Links"] = [f"{name.lstrip('/')}:{alias.rpartition('/')[2]}" for name, alias in pairs]
    return made


def endpoints(container: Container) -> dict[str, Any]:
    """Give every network with its aliases, less the old container's short id."""
    made = copy.deepcopy(container.facts["NetworkSettings"].get("Networks") or {})
    on_host = container.host.get("NetworkMode") == "host"
    for endpoint in made.values():
        if on_host:
            endpoint.update(Aliases=None, IPAMConfig=None, MacAddress="", IPAddress="")
            continue
        aliases = endpoint.get("Aliases") or []
        endpoint["Aliases"] = [alias for alias in aliases if alias != container.id[:12]]
    return made


def _strip_healthcheck(made: dict[str, Any] | None, old: dict[str, Any] | None) -> None:
    if not made or not old:
        return
    if made.get("Test") == old.get("Test"):
        made["Test"] = None
    for key in _SAME:
        if made.get(key) == old.get(key):
            made.pop(key, None)


def _labels(made: dict[str, str], old: dict[str, str]) -> dict[str, str]:
    """Give the labels that are not the old image's; a watchtower stays one."""
    own = {key: value for key, value in made.items() if old.get(key) != value}
    return own | {key: made[key] for key in (PREFIX,) if key in made}
