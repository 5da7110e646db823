"""The project's running containers: volumes that would be lost, hooks without a shell, watchtower."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from composegen.emit.parts import WATCHTOWER
from composegen.runtime.checks.base import Finding, Place, fail, labels_of, ok, service_of, state_of, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

_ANONYMOUS = re.compile(r"[0-9a-f]{64}")
_HOOKS = tuple(f"{WATCHTOWER}.lifecycle.{when}-update" for when in ("pre", "post"))
_NO_PROGRAM = frozenset({126, 127})


def volumes(place: Place) -> Iterator[Finding]:
    """Report anonymous volumes: what is in them is lost when watchtower replaces the container."""
    found = {
        (service_of(c), str(m.get("Destination")))
        for c in place.containers
        for m in c.get("Mounts") or ()
        if m.get("Type") == "volume" and _ANONYMOUS.fullmatch(str(m.get("Name")))
    }
    for service, path in sorted(found):
        yield warn(
            "volumes",
            f"{service} keeps {path} in a volume without a name; an update by watchtower loses it",
            f"name it: # composegen.volume = {service}-data:{path}",
        )
    if place.containers and not found:
        yield ok("volumes", "no container has a volume without a name")


def shells(place: Place) -> Iterator[Finding]:
    """Check that an image can run watchtower's hook, by running a shell in one container of each."""
    asked: set[str] = set()
    for container in place.containers:
        service = service_of(container)
        hooked = any(labels_of(container).get(h) for h in _HOOKS)
        if not hooked or service in asked or state_of(container) != "running":
            continue
        asked.add(service)
        yield _shell(place, service, str(container.get("Id")))


def _shell(place: Place, service: str, container: str) -> Finding:
    answer = place.engine.run("exec", container, "sh", "-c", "true")
    if answer.ok:
        return ok("hooks", f"{service} can run watchtower's hook")
    if answer.code in _NO_PROGRAM or "executable file not found" in answer.error:
        return fail(
            "hooks",
            f"{service} has no shell, so watchtower's hook cannot run and an update is not gated",
            "run `composegen build` and `make up` with a Dockerfile whose base says so, "
            "or set # composegen.update = notify",
        )
    return warn("hooks", f"{service}: whether it has a shell could not be found out", "run doctor again")


def watchtower(place: Place) -> Iterator[Finding]:
    """Check that watchtower runs: a deploy pauses it, and one that was interrupted leaves it paused."""
    found = [c for c in place.containers if service_of(c) == "watchtower"]
    if any(state_of(c) == "paused" for c in found):
        yield fail(
            "watchtower", "watchtower is paused, so nothing is updated", "run `make up`: it goes on then"
        )
    elif any(state_of(c) != "running" for c in found):
        yield warn(
            "watchtower", "watchtower does not run", "run `make up`, or see `make logs SERVICE=watchtower`"
        )
    elif found:
        yield ok("watchtower", "watchtower runs")


def unhealthy(place: Place) -> Iterator[Finding]:
    """Report containers that are not ready or restart again and again."""
    for container in place.containers:
        state: Any = container.get("State") or {}
        health = (state.get("Health") or {}).get("Status")
        if state.get("Restarting") or health == "unhealthy":
            what = "restarts again and again" if state.get("Restarting") else "is not ready"
            service = service_of(container)
            yield warn("containers", f"a container of {service} {what}", f"see `make logs SERVICE={service}`")
