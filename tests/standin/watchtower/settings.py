"""WATCHTOWER_… variables: read once, refused when they contradict each other."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_DAY = 86400
_TRUE = ("1", "t", "true", "yes", "on")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class RefusedError(Exception):
    """These settings make watchtower exit at once, with status 1."""


@dataclass(frozen=True)
class Settings:
    """What the environment asks for."""

    scope: str = ""
    label_enable: bool = False
    rolling: bool = False
    schedule: str = ""
    update_on_start: bool = False
    run_once: bool = False
    hooks: bool = False
    include_restarting: bool = False
    include_stopped: bool = False
    revive_stopped: bool = False
    compose_depends_on: bool = True
    cleanup: bool = False
    monitor_only: bool = False
    no_pull: bool = False
    no_restart: bool = False
    remove_volumes: bool = False
    label_precedence: bool = False
    timeout: float = 30.0
    tls_skip: bool = False
    log_level: str = "info"
    startup_message: bool = True
    notification_urls: tuple[str, ...] = ()
    notification_report: bool = False
    api: bool = False
    api_token: str = ""
    api_port: int = 8080
    api_polls: bool = False


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; RefusedError says why watchtower would not start."""

    def text(name: str, default: str = "") -> str:
        return environment.get(f"WATCHTOWER_{name}", "") or default

    def flag(name: str, *, default: bool = False) -> bool:
        return text(name, str(default)).lower() in _TRUE

    interval, cron = text("POLL_INTERVAL"), text("SCHEDULE")
    if interval and cron:
        raise RefusedError("Cannot define both interval and schedule")
    if flag("ROLLING_RESTART") and flag("MONITOR_ONLY"):
        raise RefusedError("Incompatible flags: rolling restarts and monitor-only")
    endpoints = set(re.split(r"[,\s]+", text("HTTP_API_ENDPOINTS").lower())) - {""}
    if flag("HTTP_API_UPDATE"):
        endpoints.add("update")
    if endpoints - {"update"}:
        raise RefusedError(f"the stand-in serves `update` only, not {', '.join(sorted(endpoints))}")
    token = _or_file(text("HTTP_API_TOKEN"))
    if endpoints and not token:
        raise RefusedError("API setup failed: missing API token")
    return Settings(
        scope=text("SCOPE"),
        label_enable=flag("LABEL_ENABLE"),
        rolling=flag("ROLLING_RESTART"),
        schedule=cron.strip("\"'") or f"@every {interval or _DAY}s",
        update_on_start=flag("UPDATE_ON_START"),
        run_once=flag("RUN_ONCE"),
        hooks=flag("LIFECYCLE_HOOKS"),
        include_restarting=flag("INCLUDE_RESTARTING"),
        include_stopped=flag("INCLUDE_STOPPED"),
        revive_stopped=flag("REVIVE_STOPPED"),
        compose_depends_on=flag("USE_COMPOSE_DEPENDS_ON", default=True),
        cleanup=flag("CLEANUP"),
        monitor_only=flag("MONITOR_ONLY"),
        no_pull=flag("NO_PULL"),
        no_restart=flag("NO_RESTART"),
        remove_volumes=flag("REMOVE_VOLUMES"),
        label_precedence=flag("LABEL_TAKE_PRECEDENCE"),
        timeout=seconds(text("TIMEOUT", "30s")),
        tls_skip=flag("REGISTRY_TLS_SKIP"),
        log_level=text("LOG_LEVEL", "info").lower(),
        startup_message=not flag("NO_STARTUP_MESSAGE"),
        notification_urls=tuple(_or_file(text("NOTIFICATION_URL")).split()),
        notification_report=flag("NOTIFICATION_REPORT"),
        api="update" in endpoints,
        api_token=token,
        api_port=int(text("HTTP_API_PORT", "8080")),
        api_polls=flag("HTTP_API_PERIODIC_POLLS"),
    )


def seconds(text: str) -> float:
    """Read a duration as Go writes it (`1m30s`); a bare number is seconds."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise RefusedError(f"not a duration: {text!r}")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def truth(text: str) -> bool | None:
    """Read a label's boolean; None when it is not one."""
    if text.lower() in ("1", "t", "true"):
        return True
    return False if text.lower() in ("0", "f", "false") else None


def _or_file(value: str) -> str:
    """Give a value, or what the file of that name holds."""
    if value.startswith("/") and Path(value).is_file():
        return Path(value).read_text().strip()
    return value
