"""``composegen ps`` for people, and for programs."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from composegen.render.tables import table
from composegen.source import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from composegen.deploys.tasks import App, Task

_HEADER = ("ID", "RELEASE", "STATUS", "HEALTH", "STARTED", "STOPPED")


def text(apps: Sequence[App]) -> str:
    """Return a block per service: its name, SetOps's header, and its table."""
    return "\n".join("".join(f"{visible(line)}\n" for line in _block(app)) for app in apps)


def _block(app: App) -> Iterator[str]:
    desired = "?" if app.desired is None else app.desired
    yield app.service
    yield f"ACTIVE {app.running} / {desired} running tasks ({app.pending} pending)"
    own = [t for t in app.tasks if not t.oneoff]
    if own:
        yield from table([_HEADER, *map(_row, own)])
    once = [t for t in app.tasks if t.oneoff]
    if once:
        yield "one-off tasks"
        yield from table([_HEADER, *map(_row, once)])


def _row(task: Task) -> tuple[str, ...]:
    release = "-" if task.release is None else str(task.release)
    return (task.id, release, task.status, task.health, moment(task.started), moment(task.stopped))


def moment(seconds: float) -> str:
    """Return a time as listings show it (UTC); ``-`` for never."""
    if not seconds:
        return "-"
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_json(apps: Sequence[App]) -> str:
    """Return the same as JSON text."""
    return json.dumps([_document(app) for app in apps], indent=2, ensure_ascii=False) + "\n"


def _document(app: App) -> dict[str, Any]:
    return {
        "service": app.service,
        "desired": app.desired,
        "running": app.running,
        "pending": app.pending,
        "tasks": [_task(t) for t in app.tasks],
    }


def _task(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "name": task.name,
        "release": task.release,
        "status": task.status,
        "health": task.health,
        "started": moment(task.started) if task.started else None,
        "stopped": moment(task.stopped) if task.stopped else None,
        "exit_code": task.exit_code,
        "image": task.image,
        "one_off": task.oneoff,
    }
