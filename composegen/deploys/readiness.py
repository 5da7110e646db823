"""Waiting until new containers are ready, and saying why they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from composegen.deploys.stage import LOOK
from composegen.deploys.watch import Watch, ended
from composegen.errors import EngineRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from composegen.deploys.observed import Container
    from composegen.deploys.stage import Stage
    from composegen.deploys.wanted import WantedService

SLACK = 10.0
"""Seconds above what a health check allows for a start: the engine itself takes some."""
_LINES = 20


class NotGood(Exception):
    """A new container will not do. ``container`` is its id, '' when it is about none."""

    def __init__(self, service: str, why: str, container: str = "") -> None:
        super().__init__(f"{service}: {why}")
        self.service = service
        self.why = why
        self.container = container


def holdable(service: WantedService) -> bool:
    """Tell whether a replica can be held: it has the probe, and a hostname of its own for the flag."""
    return service.routed and not service.hostname


def allowed(stage: Stage, service: WantedService, containers: Sequence[Container]) -> float:
    """Return how many seconds a start of this service may take; its image may have brought the check."""
    if stage.options.timeout is not None:
        return stage.options.timeout
    own = 0.0 if service.checked else max((c.budget for c in containers), default=0.0)
    return max(service.budget, own) + SLACK


def until_ready(
    stage: Stage,
    service: WantedService,
    ids: Sequence[str],
    *,
    held: bool = False,
    stay: float = 0.0,
    limit: float | None = None,
) -> None:
    """Wait until all of ``ids`` are ready and have stayed so for ``stay`` seconds.

    ``held``: their flags are up. ``limit``: seconds until then [what the health check allows].

    Raises:
        NotGood: one of them failed, or was not ready in time.
    """
    machine = stage.machine
    given, begun = limit, machine.now()
    watch = Watch(held=held)
    while True:
        now = machine.now()
        containers = machine.look(ids)
        limit = allowed(stage, service, containers) if given is None else given
        verdicts = watch.look(containers, tuple(ids), now)
        names = {c.id: c.name for c in containers}
        for verdict in verdicts:
            if verdict.failed:
                raise NotGood(
                    service.name, f"{_name(names, verdict.container)} {verdict.why}", verdict.container
                )
            status = ("held, ready" if held else "ready") if verdict.since is not None else verdict.why
            stage.progress.container(service.name, _name(names, verdict.container), status)
        waiting = [v for v in verdicts if v.since is None]
        if not waiting and all(v.since is not None and now - v.since >= stay for v in verdicts):
            return
        if now - begun >= limit + stay:
            late = waiting[0] if waiting else verdicts[0]
            why = f"{_name(names, late.container)} was not ready within {limit:g} s: {late.why}"
            raise NotGood(service.name, why, late.container)
        machine.sleep(LOOK)


def until_done(stage: Stage, service: WantedService, ids: Sequence[str]) -> None:
    """Wait until all of ``ids``, one-shots, have ended with 0; without a ``--timeout`` however long it takes.

    Raises:
        NotGood: one ended with another code, is gone, or did not end in time.
    """
    machine = stage.machine
    begun = machine.now()
    while True:
        containers = machine.look(ids)
        if len(containers) < len(ids):
            raise NotGood(service.name, "its container was removed by somebody else")
        for container in containers:
            if container.state in {"exited", "dead"} and (container.exit_code or container.error):
                raise NotGood(service.name, f"{container.name} {ended(container)}", container.id)
            stage.progress.container(service.name, container.name, container.state)
        busy = [c for c in containers if c.state not in {"exited", "dead"}]
        if not busy:
            return
        limit = stage.options.timeout
        if limit is not None and machine.now() - begun >= limit:
            raise NotGood(service.name, f"{busy[0].name} has not ended within {limit:g} s", busy[0].id)
        machine.sleep(LOOK)


def evidence(stage: Stage, failed: NotGood) -> None:
    """Show what is known of a container that failed, as long as it is there."""
    found = stage.machine.look([failed.container]) if failed.container else ()
    for container in found:
        warn = stage.progress.warn
        if container.error:
            warn(f"  the engine says: {container.error}")
        if container.checks and container.checks[-1].output.strip():
            warn(f"  its health check says: {container.checks[-1].output.strip()}")
        try:
            lines = stage.machine.logs(container.id, _LINES)
        except EngineRefused as error:  # a driver that keeps none, such as `none`
            warn(f"  its log cannot be read: {error.reason}")
            continue
        warn("  its last log lines:" if lines else "  its log is empty.")
        for line in lines:
            warn(f"    {line}")


def ready_ones(containers: Sequence[Container]) -> tuple[Container, ...]:
    """Return those that can serve."""
    return tuple(c for c in containers if c.ready)


def _name(names: dict[str, str], identity: str) -> str:
    return names.get(identity, identity[:12])
