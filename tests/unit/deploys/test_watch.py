"""When a new container counts as ready, and when it has failed."""

from __future__ import annotations

import pytest

from composegen.deploys.observed import Check, Container
from composegen.deploys.watch import Watch


def _container(*outputs: str, **more: object) -> Container:
    checks = tuple(Check(ended=n, code=1, output=text) for n, text in enumerate(outputs))
    fields = {"id": "a", "name": "web-1", "service": "web", "number": 1, "image": "i", "checks": checks}
    return Container(**{**fields, **more})  # type: ignore[arg-type]


def _look(watch: Watch, container: Container | None, now: float) -> tuple[float | None, bool, str]:
    found = watch.look((container,) if container else (), ("a",), now)[0]
    return found.since, found.failed, found.why


def test_a_held_one_is_ready_when_its_last_check_says_so() -> None:
    """Since the first look at which it did; one that was sick meanwhile begins anew."""
    watch = Watch(held=True)
    assert _look(watch, _container(health="starting"), 1) == (None, False, "is starting")
    assert _look(watch, _container("held, not ready: refused"), 2) == (None, False, "not ready: refused")
    assert _look(watch, _container("held, ready", health="unhealthy"), 3)[0] == 3
    assert _look(watch, _container("held, ready", "held, ready"), 4)[0] == 3
    assert _look(watch, _container("held, ready", "held, not ready: x"), 5)[0] is None
    assert _look(watch, _container("held, ready"), 6)[0] == 6


@pytest.mark.parametrize("output", ["ready", "held, readyish", "OCI runtime exec failed", "draining"])
def test_nothing_else_is_held_and_ready(output: str) -> None:
    """Above all not one that would get requests already."""
    assert _look(Watch(held=True), _container(output), 1)[0] is None


def test_without_a_hold_health_counts() -> None:
    """Healthy, or running where there is no check."""
    watch = Watch(held=False)
    assert _look(watch, _container("not ready: x", health="starting"), 1) == (None, False, "not ready: x")
    assert _look(watch, _container("ready", health="healthy"), 2)[0] == 2
    assert _look(Watch(held=False), _container(), 1)[0] == 1


def test_restarts_are_forgiven_until_it_was_ready() -> None:
    """Twice; afterwards none."""
    watch = Watch(held=True)
    assert _look(watch, _container(restarts=2, state="restarting"), 1) == (None, False, "is restarting")
    assert _look(watch, _container("held, ready", restarts=2), 2) == (2, False, "ready")
    since, failed, why = _look(watch, _container("held, ready", restarts=3, exit_code=0), 3)
    assert (since, failed, why) == (None, True, "died after it had been ready")
    assert _look(Watch(held=True), _container(restarts=3, exit_code=4), 1)[1:] == (
        True,
        "crashes: started again 3 times (last exit code 4)",
    )


@pytest.mark.parametrize(
    ("container", "why"),
    [
        (None, "was removed by somebody else"),
        (_container(state="exited", exit_code=3), "ended with exit code 3"),
        (_container(state="created", error="no such file"), "cannot start: no such file"),
        (_container(state="dead"), "ended with exit code 0"),
    ],
)
def test_what_is_gone_has_failed(container: Container | None, why: str) -> None:
    """With the engine's own word where it has one."""
    assert _look(Watch(held=True), container, 1) == (None, True, why)
