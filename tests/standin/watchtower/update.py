"""One round: find what is stale, replace it, one container after the other."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from . import hook, log, recreate
from .container import Container, everyone, load
from .engine import Engine, EngineError, GoneError
from .stale import newest

if TYPE_CHECKING:
    from collections.abc import Callable

    from .settings import Settings

_HEALTH_PATIENCE = 300.0
_HEALTH_LOOK = 1.0
# A test makes it; it ends with the container's process, so the next start is like any other.
_HELD_UP = Path("/dev/shm/held-up")  # memory of the container's own
_KEEPS_IMAGE = ("running", "restarting", "paused", "created")


@dataclass
class Report:
    """What a round did, by container name."""

    scanned: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    restarted: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    fresh_images: dict[str, str] = field(default_factory=dict)


def refuse_links(engine: Engine, settings: Settings) -> str:
    """Say why rolling restarts cannot be; empty when they can."""
    for container in everyone(engine, settings):
        links = container.links(settings) if container.wanted(settings) else []
        if links:
            return (
                "rolling restarts are not compatible with linked containers: "
                f'"{container.name}" depends on {links}'
            )
    return ""


def update(engine: Engine, settings: Settings) -> Report:
    """Do one round; EngineError only when the engine cannot even list its containers."""
    report = Report()
    seen = [c for c in everyone(engine, settings) if c.wanted(settings) and not c.is_watchtower]
    stale = [c for c in seen if _stale(engine, c, settings, report)]
    todo = sorted(_with_dependents(seen, stale, settings), key=lambda c: c.name, reverse=True)
    done: list[Container] = []
    if settings.rolling:
        done = [c for c in todo if _tried(_replace, engine, c, settings, report)]
    else:
        stopped = [c for c in todo[::-1] if _tried(_take_down, engine, c, settings, report)]
        done = [c for c in stopped[::-1] if _tried(_bring_up, engine, c, settings, report)]
    ids = {c.id for c in stale}
    report.updated = [c.name for c in done if c.id in ids]
    report.restarted = [c.name for c in done if c.id not in ids]
    if settings.cleanup:
        _clean(engine, {str(c.facts["Image"]) for c in done if c.id in ids})
    log.info(
        "Update session completed",
        scanned=len(report.scanned),
        updated=len(report.updated),
        failed=len(report.failed),
    )
    return report


def _stale(engine: Engine, container: Container, settings: Settings, report: Report) -> bool:
    if container.pinned:
        report.scanned.append(container.name)
        return False
    try:
        image = newest(engine, container, settings)
    except EngineError as error:
        log.debug("Failed to pull image", container=container.name, error=error)
        report.skipped[container.name] = str(error)
        return False
    if image == container.facts["Image"]:
        report.scanned.append(container.name)
        return False
    log.info("Found new image", container=container.name, new_id=image[7:19])
    if container.monitor_only(settings):
        report.scanned.append(container.name)
        report.fresh_images[container.name] = container.image_name
        return False
    if container.image is None:
        report.skipped[container.name] = "no available image info"
        return False
    report.scanned.append(container.name)
    report.fresh_images[container.name] = container.image_name
    return True


def _with_dependents(seen: list[Container], stale: list[Container], settings: Settings) -> list[Container]:
    """Add what depends on a container that is replaced."""
    todo = list(stale)
    grown = True
    while grown:
        names = {c.name for c in todo} | {c.name.rpartition("-")[0] for c in todo}
        more = [
            c
            for c in seen
            if c not in todo and not c.monitor_only(settings) and names.intersection(c.links(settings))
        ]
        todo += more
        grown = bool(more)
    return todo


def _tried(
    step: Callable[[Engine, Container, Settings], object],
    engine: Engine,
    container: Container,
    settings: Settings,
    report: Report,
) -> bool:
    """Do a step; when it fails, this container has failed and the next one's turn comes."""
    try:
        step(engine, container, settings)
    except (hook.SkippedError, hook.HookError, EngineError) as error:
        log.warn("Updated container state to failed", name=container.name, error=error)
        report.failed[container.name] = str(error)
        return False
    return True


def _replace(engine: Engine, container: Container, settings: Settings) -> None:
    """Take down one container and bring up its successor: there is no overlap."""
    _take_down(engine, container, settings)
    _held_up()
    _wait(engine, _bring_up(engine, container, settings), container)


def _take_down(engine: Engine, container: Container, settings: Settings) -> None:
    """Ask the hook, stop, remove."""
    if settings.hooks:
        hook.pre_update(engine, container)
    if container.running:
        grace = settings.timeout if container.grace is None else container.grace
        log.info("Stopping container", container=container.name, id=container.id[:12])
        with contextlib.suppress(GoneError):
            engine.stop(container.id, container.signal, int(grace))
    if not container.host.get("AutoRemove"):
        with contextlib.suppress(GoneError):
            engine.remove(container.id, volumes=settings.remove_volumes)


def _held_up() -> None:
    """Wait to be killed between two steps when a test asks for it; the real one can only be hit by luck."""
    while _HELD_UP.exists():
        time.sleep(0.1)


def _bring_up(engine: Engine, container: Container, settings: Settings) -> str:
    """Create under an invented name, give it the old one, start; what fails stays `Created`."""
    made = engine.create(recreate.body(container))
    engine.rename(made, container.name)
    if not settings.no_restart and (container.running or settings.revive_stopped):
        engine.start(made)
        log.info("Started new container", container=container.name, new_id=made[:12])
        if settings.hooks:
            hook.post_update(engine, load(engine, made))
    return made


def _wait(engine: Engine, made: str, container: Container) -> None:
    """Wait until it is healthy; when it is not in time, say so and go on."""
    deadline = time.monotonic() + _HEALTH_PATIENCE
    while time.monotonic() < deadline:
        time.sleep(_HEALTH_LOOK)
        health = engine.inspect(made)["State"].get("Health")
        if not health or health["Status"] in ("healthy", "none"):
            return
        if health["Status"] == "unhealthy":
            break
    log.warn("Failed to wait for container to become healthy", container=container.name)


def _clean(engine: Engine, images: set[str]) -> None:
    for image in images:
        users = (c for c in engine.everything() if c["ImageID"] == image)
        if any(c["State"] in _KEEPS_IMAGE for c in users):
            continue
        log.info("Removing image", image_id=image[7:19])
        try:
            engine.remove_image(image)
        except EngineError as error:
            log.warn("Failed to clean up some images after update", error=error)
