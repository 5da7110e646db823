"""The table of ps: SetOps's words, the release of each container, what a deploy is doing with it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from composegen.deploys.known import Known, Past
from composegen.deploys.observed import Check, Container, Observed
from composegen.deploys.tasks import apps
from composegen.render.tasks import as_json, text

ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64
KNOWN = Known(
    releases={"web": (Past(number=1, image="", id=ONE, active=True), Past(number=2, image="", id=TWO))}
)


def container(number: int = 1, service: str = "web", **changes: Any) -> Container:
    """Return a running container."""
    given = {
        "id": f"{number}" * 64,
        "name": f"shop-{service}-{number}",
        "service": service,
        "number": number,
        "image": ONE,
        "health": "healthy",
        "started": 1_760_000_000.0,
        "finished": 0.0,
    }
    return Container(**{**given, **changes})


def shown(*containers: Container, desired: int | None = 2, leaving: tuple[str, ...] = ()) -> str:
    """Return the table of one service."""
    return text(apps({"web": desired}, Observed(containers=containers), KNOWN, leaving))


def test_the_table() -> None:
    """Header and columns are SetOps's; times are UTC; what never was is a dash."""
    stopped = container(2, image=TWO, state="exited", health="", finished=1_760_000_060.0)
    assert shown(container(1), stopped) == (
        "web\n"
        "ACTIVE 1 / 2 running tasks (0 pending)\n"
        "ID            RELEASE  STATUS   HEALTH   STARTED               STOPPED\n"
        "111111111111  1        RUNNING  HEALTHY  2025-10-09T08:53:20Z  -\n"
        "222222222222  2        STOPPED  UNKNOWN  2025-10-09T08:53:20Z  2025-10-09T08:54:20Z\n"
    )


@pytest.mark.parametrize(
    ("changes", "status", "health"),
    [
        ({"state": "created", "health": "", "started": 0.0}, "PENDING", "UNKNOWN"),
        ({"state": "restarting", "health": ""}, "PENDING", "UNKNOWN"),
        ({"health": "starting"}, "RUNNING", "UNKNOWN"),
        ({"health": "unhealthy"}, "RUNNING", "UNHEALTHY"),
        ({"health": "unhealthy", "checks": "held, ready"}, "ACTIVATING", "UNHEALTHY"),
        ({"health": "starting", "checks": "held, not ready: no answer"}, "ACTIVATING", "UNKNOWN"),
        ({"health": "unhealthy", "checks": "draining"}, "DEACTIVATING", "UNHEALTHY"),
        ({"state": "paused"}, "PAUSED", "HEALTHY"),
        ({"state": "dead", "health": ""}, "STOPPED", "UNKNOWN"),
        ({"state": "removing", "health": ""}, "DEPROVISIONING", "UNKNOWN"),
    ],
)
def test_status(changes: dict[str, Any], status: str, health: str) -> None:
    """Each state of the engine has its word."""
    said = changes.pop("checks", None)
    if said:
        changes["checks"] = (Check(ended=0, code=1, output=said),)
    assert shown(container(1, **changes)).splitlines()[3].split()[2:4] == [status, health]


def test_counts() -> None:
    """What is being let in is pending, what leaves is neither; one-offs do not count."""
    leaving = container(3, health="unhealthy")
    once = container(4, oneoff=True)
    found = shown(container(1), container(2, state="created"), leaving, once, leaving=(leaving.id,))
    assert found.splitlines()[1] == "ACTIVE 1 / 2 running tasks (1 pending)"
    assert "\none-off tasks\nID " in found
    assert "DEACTIVATING" in found


def test_unknown_numbers_and_services() -> None:
    """Without the files' answer the wanted number is unknown; what else runs is shown behind."""
    containers = (container(1, "web"), container(1, "old", image=TWO))
    found = apps({"web": None}, Observed(containers=containers), Known(), ())
    assert [a.service for a in found] == ["web", "old"]
    assert "ACTIVE 1 / ? running tasks (0 pending)" in text(found)
    assert text(found).count("\n\n") == 1
    assert "111111111111  -  " in text(found)


def test_json() -> None:
    """The JSON has the same, with exit codes and names."""
    stopped = container(2, state="exited", health="", exit_code=3, finished=1_760_000_060.0)
    (one,) = json.loads(as_json(apps({"web": 2}, Observed(containers=(stopped,)), KNOWN, ())))
    assert (one["service"], one["desired"], one["running"], one["pending"]) == ("web", 2, 0, 0)
    (task,) = one["tasks"]
    assert (task["exit_code"], task["release"], task["one_off"]) == (3, 1, False)
    assert task["stopped"] == "2025-10-09T08:54:20Z"
