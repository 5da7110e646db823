"""The rows behind a trusted proxy, and what a client address means there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.rows import Row, rows

if TYPE_CHECKING:
    from tests.conformance.stack import Stack


@pytest.fixture(scope="module")
def trusting(stack: Stack) -> Stack:
    """Give the project in which the suite is a trusted proxy. It stays so: nothing comes after it."""
    stack.trust()
    return stack


@pytest.mark.parametrize("row", [row for row in rows() if row.trusted], ids=lambda row: row.id)
def test_row(trusting: Stack, row: Row) -> None:
    """The frontend answers as the row says."""
    assert trusting.faults(row) == []


def test_ratelimit_counts_the_clients_of_a_trusted_proxy(trusting: Stack) -> None:
    """One client's rate is nothing to another."""
    one, other = ((("X-Forwarded-For", f"198.51.100.{n}"),) for n in (1, 2))
    assert 429 in trusting.burst("https://rated.test/", [one] * 20)
    assert trusting.get("https://rated.test/", headers=other).status == 200


def test_nobody_forges_through_a_trusted_proxy(trusting: Stack) -> None:
    """What stands before the address that the proxy saw does not make another client."""
    claims = [(("X-Forwarded-For", f"203.0.113.{n}, 198.51.100.3"),) for n in range(20)]
    assert 429 in trusting.burst("https://rated.test/", claims)
