"""Lifecycle hooks: `sh -c COMMAND` inside the container, and what its exit code means."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from . import log
from .engine import Engine, EngineError

if TYPE_CHECKING:
    from .container import Container

SKIP = 75
_LOOK = 1.0


class HookError(Exception):
    """The command could not be started, was too slow, or ended with another code than 0."""


class SkippedError(Exception):
    """The command ended with 75: not now."""


def pre_update(engine: Engine, container: Container) -> None:
    """Run the hook before a container is stopped; nothing happens in one that does not run."""
    command = container.hook("pre-update")
    if not command or not container.running or container.restarting:
        return
    code = _run(engine, container, command, container.hook_minutes("pre-update"))
    if code == SKIP:
        raise SkippedError("skipping container due to pre-update command exit code 75 (EX_TEMPFAIL)")
    if code > 0:
        raise HookError(f"pre-update command failed: command failed with exit code {code}: ")


def post_update(engine: Engine, container: Container) -> None:
    """Run the hook in the new container; what becomes of it changes nothing."""
    command = container.hook("post-update")
    if not command:
        return
    try:
        _run(engine, container, command, container.hook_minutes("post-update"))
    except HookError as error:
        log.debug("Post-update command failed", container=container.name, error=error)


def _run(engine: Engine, container: Container, command: str, minutes: int) -> int:
    metadata = {
        "name": container.name,
        "id": container.id,
        "image_name": container.image_name,
        "stop_signal": container.signal,
        "labels": container.watch_labels(),
    }
    deadline = time.monotonic() + minutes * 60 if minutes > 0 else float("inf")
    try:
        made = engine.run(container.id, ["sh", "-c", command], [f"WT_CONTAINER={json.dumps(metadata)}"])
        while True:
            code = engine.ran(made)
            if code is not None:
                log.debug("Executed command", container=container.name, exit_code=code)
                return code
            if time.monotonic() + _LOOK > deadline:
                raise HookError("exec canceled: context deadline exceeded")
            time.sleep(_LOOK)
    except EngineError as error:
        raise HookError(f"failed to run command: {error}") from error
