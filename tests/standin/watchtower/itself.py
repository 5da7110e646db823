"""This watchtower's own container, and others that claim the same scope."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from . import log
from .container import Container, everyone, load
from .engine import Engine, EngineError

if TYPE_CHECKING:
    from .settings import Settings

_ID = re.compile(r"/(?:containers|docker)/([0-9a-f]{64})\b")


def container_id() -> str:
    """Give the id of the container this runs in; empty outside of one."""
    for name in ("mountinfo", "cgroup"):
        match = _ID.search(Path("/proc/self", name).read_text())
        if match:
            return match[1]
    return ""


def never_again(engine: Engine) -> None:
    """See that the engine does not start this container again, so that no loop begins."""
    own = container_id()
    try:
        if own:
            engine.no_restart(own)
    except EngineError as error:
        log.warn("Failed to set restart policy to 'no'", error=error)


def remove_others(engine: Engine, settings: Settings) -> None:
    """Stop and remove other watchtowers of the same scope."""
    own = container_id()
    scope = load(engine, own).scope if own else (settings.scope or "none")
    for other in everyone(engine, settings):
        if other.is_watchtower and other.id != own and other.scope == scope:
            _remove(engine, other)


def _remove(engine: Engine, other: Container) -> None:
    log.info("Removing excess watchtower", container=other.name)
    try:
        engine.stop(other.id, other.signal, 30)
        engine.remove(other.id, volumes=False)
    except EngineError as error:
        log.warn("Failed to clean up old Watchtower containers", error=error)
