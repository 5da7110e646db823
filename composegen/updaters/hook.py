"""The pre-update hook: what watchtower runs in a container before it replaces it.

watchtower replaces one replica after the other whatever becomes of the new ones; the hook
(``composegen.d/toolbox/gate``) makes it stop at the first bad one and drains each before it
goes. All figures are seconds.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from composegen.emit import parts
from composegen.model import MANY
from composegen.text import Raw, literal

if TYPE_CHECKING:
    from composegen.model import Service

_EXPIRY_SLACK = 60


def gates(service: Service) -> bool:
    """Whether an update of the service is gated and drained."""
    return service.update == "auto" and service.rollout == "roll" and service.replicas >= MANY


def hook(service: Service) -> Raw | None:
    """Return the command of the hook in Compose's syntax, or None when the service has none."""
    user = service.keys.pre_update
    if not gates(service) and (user is None or service.update != "auto"):
        return None
    words = [parts.SHELL, f"{parts.TOOLS}/gate", f"--replicas={max(1, service.replicas)}"]
    if gates(service):
        words += [f"--peer={_peer(service)}", f"--drain={draining(service)}", f"--expire={expiry(service)}"]
    else:
        words += ["--drain=0", "--expire=0"]
    ready = service.health.ready if service.health else None
    if ready is not None and ready.kind != "none":
        words.append(f"--timeout={parts.whole(ready.timeout)}")
        words += ["--loopback"] if ready.loopback else []
    alias = f" --alias=${{COMPOSE_PROJECT_NAME}}-{quote(service.name)}" if gates(service) else ""
    rest = [f"--user={quote(user.value)}"] if user is not None else []
    rest += map(quote, parts.check_words(ready))
    return Raw(f"{literal(' '.join(map(quote, words)))}{alias} {literal(' '.join(rest))}")


def quote(word: str) -> str:
    """Quote a word for ``sh -c``."""
    if word and all(c.isascii() and (c.isalnum() or c in "/._-=:,") for c in word):
        return word
    return "'" + word.replace("'", "'\\''") + "'"


def _peer(service: Service) -> str:
    """Return how another replica is asked: with its readiness path, else its port, else not at all."""
    ready = service.health.ready if service.health else None
    if ready is not None and not ready.loopback:
        if ready.kind == "http":
            return f"http:{ready.port}:{ready.path}"
        if ready.kind == "tcp":
            return f"tcp:{ready.port}"
    return f"tcp:{service.port}" if service.port is not None else "count"


def worst(service: Service) -> float:
    """Return how long it takes at most until the frontend knows of a raised flag."""
    ready = service.health.ready if service.health else None
    return (ready.interval + parts.probe_timeout(ready)) if ready else 0.0


def draining(service: Service) -> int:
    """Return how long a replica drains: until the frontend knows, and the longest request."""
    ready = service.health.ready if service.health else None
    notice = ready.interval + ready.timeout if ready else 0.0
    return math.ceil(notice + service.grace) if service.routed else math.ceil(service.grace)


def expiry(service: Service) -> int:
    """Return when the drain flag expires: watchtower may fail behind the hook."""
    return math.ceil(2 * worst(service) + service.grace + draining(service) + _EXPIRY_SLACK)


def timeout_minutes(service: Service) -> int:
    """Return watchtower's limit for the hook, in minutes: its own tries, the others twice, the drain."""
    return max(1, math.ceil((worst(service) * (2 * service.replicas + 1) + draining(service) + 30) / 60))
