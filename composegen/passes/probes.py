"""Readiness, liveness and start-up of one service, from its keys and its Dockerfile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from composegen.keys.spec import BadValue
from composegen.keys.values import MAX_COUNT, number, to_seconds
from composegen.model import Health, Probe

if TYPE_CHECKING:
    from composegen.diagnostics import Report
    from composegen.keys.lifecycle import Check
    from composegen.keys.service import ServiceKeys
    from composegen.passes.scan import Healthcheck
    from composegen.source import Span

MAX_INTERVAL = 10.0
START_BUDGET = 60.0
DOCKERS_TIMEOUT = 30.0
"""What Docker gives a HEALTHCHECK without --timeout."""


def health(
    keys: ServiceKeys,
    inherited: Healthcheck | None,
    port: int | None,
    *,
    routed: bool,
    report: Report,
) -> Health | None:
    """Return how the service is watched; None leaves it to the image.

    ``inherited`` is the HEALTHCHECK of the Dockerfile or a parent, ``port`` the service's own.
    """
    ready = _ready(keys, inherited, port, routed=routed, report=report)
    alive = None
    if keys.liveness is not None and keys.liveness.value.kind != "off":
        alive = _probe(keys.liveness.value, keys.liveness.span, port, report, limit=None)
    if ready is None and alive is None and keys.startup is None:
        return None
    startup = keys.startup.value if keys.startup else None
    if startup is not None and keys.healthcheck is None:
        ready = Probe(
            kind="http",
            port=startup.port or port or 80,
            path=startup.path,
            loopback=startup.port is not None and startup.port != port,
        )
    budget = float(startup.budget) if startup and startup.budget else _start(keys, inherited)
    if alive is not None and not routed and (ready is None or ready.kind == "none"):
        ready = Probe(kind="none", interval=alive.interval)  # nothing else waits for the next probe
    return Health(
        ready=ready or Probe(kind="none"),
        alive=alive,
        budget=budget,
        declared_budget=startup is not None,
    )


def _start(keys: ServiceKeys, inherited: Healthcheck | None) -> float:
    """Return how long a start may take: the Dockerfile's --start-period where its check is the one that runs.

    Never less than the default: after the period Docker itself still waits for several failures in a row,
    while the first one of the generated probe counts. Taken at its word, a short period would fail
    containers that Docker lets start.
    """
    if keys.healthcheck is not None or keys.startup is not None or inherited is None:
        return START_BUDGET
    return max(START_BUDGET, _seconds(inherited.start_period, START_BUDGET))


def _ready(
    keys: ServiceKeys,
    inherited: Healthcheck | None,
    port: int | None,
    *,
    routed: bool,
    report: Report,
) -> Probe | None:
    if keys.healthcheck is not None:
        check, span = keys.healthcheck.value, keys.healthcheck.span
        if check.kind == "off":
            return Probe(kind="none")
        return _probe(check, span, port, report, limit=MAX_INTERVAL if routed else None)
    if not routed:
        return None
    if inherited is not None and inherited.test is not None:
        return _inherited(inherited, report)
    return Probe(kind="tcp", port=port)


def _probe(check: Check, span: Span, port: int | None, report: Report, *, limit: float | None) -> Probe:
    interval = float(check.interval) if check.interval is not None else 5.0
    if limit is not None and interval > limit:
        report.add(
            "CG205",
            span,
            f"an interval of {interval:g} s is cut to {limit:g} s",
            "write an interval of 10s or less",
        )
        interval = limit
    kind = {"cmd": "run"}.get(check.kind, check.kind)
    return Probe(
        kind=kind,
        port=check.port or port or 80,
        path=check.path,
        words=("sh", "-c", check.command) if kind == "run" else (),
        loopback=check.port is not None and check.port != port,
        interval=interval,
        timeout=float(check.timeout) if check.timeout is not None else 2.0,
        retries=check.retries or 3,
    )


def _inherited(check: Healthcheck, report: Report) -> Probe:
    """Return the Dockerfile's HEALTHCHECK, run by the generated probe with its own figures."""
    assert check.test is not None  # noqa: S101 - the caller looked
    words = ("sh", "-c", check.test) if isinstance(check.test, str) else check.test
    interval = _seconds(check.interval, 5.0)
    if interval > MAX_INTERVAL:
        report.add(
            "CG205",
            check.span,
            f"an interval of {interval:g} s is cut to {MAX_INTERVAL:g} s",
            "HEALTHCHECK --interval=10s, or a healthcheck annotation",
        )
        interval = MAX_INTERVAL
    retries = number(check.retries or "", MAX_COUNT) or 3
    return Probe(
        kind="run",
        words=words,
        interval=interval,
        timeout=_seconds(check.timeout, DOCKERS_TIMEOUT),
        retries=max(1, min(retries, 10)),
    )


def _seconds(value: str | None, default: float) -> float:
    if not value:
        return default
    try:
        return float(to_seconds(value))
    except BadValue:
        return default
