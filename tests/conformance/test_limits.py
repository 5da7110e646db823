"""Rates per client, and sessions that stay: what takes several requests to see."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from tests.conformance.message import HTTP_2

if TYPE_CHECKING:
    from tests.conformance.stack import Stack

# of site/rated.Dockerfile; one comes back each second, and one more may be counted
_BURST = 5


def test_ratelimit(stack: Stack) -> None:
    """A burst passes, what is above it gets 429, and after a while one passes again."""
    begun = time.monotonic()
    found = stack.burst("https://rated.test/")
    back = time.monotonic() - begun
    assert set(found) == {200, 429}
    assert _BURST <= found[200] <= _BURST + 1 + back
    assert 429 in stack.burst("https://rated.test/", protocol=HTTP_2), "it counts too"
    time.sleep(2.5)
    assert stack.get("https://rated.test/").status == 200


def test_ratelimit_after_a_pause(stack: Stack) -> None:
    """What came back in the pause passes; with Traefik the whole burst, as CG221 warns."""
    stack.burst("https://rated.test/")
    begun = time.monotonic()
    time.sleep(3.2)
    passed = stack.burst("https://rated.test/")[200]
    if stack.frontend.name == "traefik":
        assert passed >= _BURST
    else:
        assert 1 <= passed <= 1 + time.monotonic() - begun


def test_sticky(stack: Stack) -> None:
    """Clients without a cookie come to all replicas; one with a cookie stays with its own."""
    answers = [stack.get("https://rich.test/p") for _ in range(20)]
    assert len({answer.seen.replica for answer in answers}) == 2
    for answer in answers[:4]:
        cookie = (answer.header("Set-Cookie") or "").partition(";")[0]
        again = {
            stack.get("https://rich.test/p", headers=(("Cookie", f"a=b; {cookie}"),)).seen.replica
            for _ in range(10)
        }
        assert again == {answer.seen.replica}


def test_a_cookie_of_no_replica(stack: Stack) -> None:
    """A cookie of a replica that is gone leads to one that is there."""
    for value in ("00000000", "10.0.0.1:8080", "x" * 64):
        answer = stack.get("https://rich.test/p", headers=(("Cookie", f"replica-rich={value}"),))
        assert (answer.status, answer.seen.service) == (200, "rich")


def test_replicas_share_the_requests(stack: Stack) -> None:
    """Each of three replicas gets some, over new connections and over one."""
    found = Counter(stack.get("https://web.test/").seen.replica for _ in range(60))
    assert len(found) == 3
    assert min(found.values()) > 5
