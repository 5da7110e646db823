"""watchtower (nickfedor's line): follows the tags of this project's images.

One instance per project (``scope``); it replaces one replica at a time and runs the generated
hook before each. Facts: ``depends_on`` of Compose would make it refuse rolling restarts, so
it must not look at it; it revives containers that a bad image left behind, so one-offs and
services that a person stops must not be watched or must be gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from composegen.emit import parts, templates
from composegen.emit.yaml import Commented, Flow
from composegen.text import Raw
from composegen.updaters import hook
from composegen.updaters.base import Updates

if TYPE_CHECKING:
    from composegen.model import Service, Stack

IMAGE = "nickfedor/watchtower:1"
PROJECT = Raw("${COMPOSE_PROJECT_NAME}")
SOCKET = "${COMPOSEGEN_DOCKER_SOCKET:-/var/run/docker.sock}"
LABEL = parts.WATCHTOWER


@dataclass(frozen=True, slots=True)
class Watchtower:
    """The updater ``watchtower``."""

    name: str = "watchtower"
    reserved: frozenset[str] = frozenset({"watchtower", "watchtower-socket-proxy"})

    def contribute(self, stack: Stack) -> Updates:
        """Return watchtower, its labels for every service, and its own allow-list if it is routed."""
        labels = {s.name: _labels(s) for s in stack.services}
        watched = [s for s in stack.services if s.update != "off"]
        hooked = frozenset(s.name for s in watched if hook.hook(s) is not None)
        if not watched and stack.project.update_host is None:
            return Updates(labels=labels)
        routed = stack.project.update_host is not None
        config = templates.text("haproxy/watchtower.cfg") if routed else ""
        services: dict[str, Any] = {"watchtower": _watchtower(stack)}
        networks: dict[str, Any] = {"updater": {}}
        files: dict[str, str] = {}
        if routed:
            services["watchtower-socket-proxy"] = _proxy(config)
            networks["updater-socket"] = {"internal": True}
            files["composegen.d/watchtower-socket-proxy/haproxy.cfg"] = config
        return Updates(
            services=services,
            labels=labels,
            networks=networks,
            files=files,
            hooked=hooked,
            required={"COMPOSEGEN_UPDATE_TOKEN": "filled"} if routed else {},
        )


def _labels(service: Service) -> dict[str, Any]:
    if service.update == "off":
        return dict(parts.UNWATCHED)
    labels: dict[str, Any] = {f"{LABEL}.enable": "true", f"{LABEL}.scope": PROJECT}
    if service.update == "notify":
        labels[f"{LABEL}.monitor-only"] = "true"
        return labels
    command = hook.hook(service)
    if command is not None:
        labels[f"{LABEL}.lifecycle.pre-update"] = command
        labels[f"{LABEL}.lifecycle.pre-update-timeout"] = str(hook.timeout_minutes(service))
    if service.keys.post_update is not None:
        labels[f"{LABEL}.lifecycle.post-update"] = service.keys.post_update.value
    return labels


def _watchtower(stack: Stack) -> Commented:
    project = stack.project
    routed = project.update_host is not None
    environment: dict[str, Any] = {
        "WATCHTOWER_SCOPE": PROJECT,
        "WATCHTOWER_LABEL_ENABLE": "true",
        "WATCHTOWER_ROLLING_RESTART": "true",
        "WATCHTOWER_USE_COMPOSE_DEPENDS_ON": "false",
        "WATCHTOWER_LIFECYCLE_HOOKS": "true",
        "WATCHTOWER_INCLUDE_RESTARTING": "true",
        "WATCHTOWER_INCLUDE_STOPPED": "true",
        "WATCHTOWER_REVIVE_STOPPED": "true",
        "WATCHTOWER_CLEANUP": "false",
        "WATCHTOWER_NO_STARTUP_MESSAGE": "true",
        "WATCHTOWER_SCHEDULE": Raw("${COMPOSEGEN_UPDATE_SCHEDULE:-0 */5 * * * *}"),
        "WATCHTOWER_NOTIFICATION_URL": Raw("${COMPOSEGEN_UPDATE_NOTIFY_URL:-}"),
        "TZ": Raw("${TZ:-UTC}"),
    }
    if routed:
        environment |= {
            "DOCKER_HOST": "tcp://watchtower-socket-proxy:2375",
            "WATCHTOWER_HTTP_API_ENDPOINTS": "update",
            "WATCHTOWER_HTTP_API_TOKEN": Raw("${COMPOSEGEN_UPDATE_TOKEN:?}"),
            "WATCHTOWER_HTTP_API_PERIODIC_POLLS": "true",
        }
    volumes: list[Any] = [] if routed else [Raw(f"{SOCKET}:/var/run/docker.sock")]
    volumes.append(
        {
            "type": "bind",
            "source": Raw("${COMPOSEGEN_REGISTRY_AUTH:-/dev/null}"),
            "target": Raw("/config${COMPOSEGEN_REGISTRY_AUTH:+.json}"),
            "read_only": True,
        }
    )
    body: dict[str, Any] = {
        "image": IMAGE,
        "restart": "unless-stopped",
        "environment": environment,
        "volumes": volumes,
        "networks": Flow(["updater", *(["updater-socket", "frontend"] if routed else [])]),
        # make and deploys pause it. The engine calls a paused one unhealthy, and a pause that falls into the
        # start of a check can never be undone: runc waits for the check's process, which is frozen too.
        "healthcheck": {"disable": True},
        **(
            {"depends_on": {"watchtower-socket-proxy": Flow({"condition": "service_started"})}}
            if routed
            else {}
        ),
        **parts.HARDENED,
        "labels": {**parts.UNWATCHED, f"{LABEL}.scope": PROJECT},
        "logging": parts.LOGGING,
    }
    held = "" if routed else "\nIt holds the engine's socket; nothing can reach it."
    return Commented(
        "Takes new images of the services that are labelled for it from their registry, one\n"
        f"replica at a time, and only while all of them are ready.{held}",
        body,
    )


def _proxy(config: str) -> Commented:
    body = {
        "image": "haproxy:3.2",
        "restart": "unless-stopped",
        "user": "0:0",
        "volumes": [
            Raw(f"{SOCKET}:/var/run/docker.sock:ro"),
            "./composegen.d/watchtower-socket-proxy:/usr/local/etc/haproxy:ro",
        ],
        "networks": Flow(["updater-socket"]),
        "stop_signal": "SIGTERM",
        **parts.HARDENED,
        "labels": {
            "composegen.digest": sha256(config.encode()).hexdigest()[:12],
            **parts.UNWATCHED,
        },
        "logging": parts.LOGGING,
    }
    return Commented(
        "Lets watchtower, which is reachable from outside here, ask the engine for just the\n"
        "calls that an update needs.",
        body,
    )


WATCHTOWER = Watchtower()
