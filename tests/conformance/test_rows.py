"""Every row of ``expectations.yml``, through each frontend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.rows import Row, rows

if TYPE_CHECKING:
    from tests.conformance.stack import Stack

ROWS = [row for row in rows() if not row.trusted]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_row(stack: Stack, row: Row) -> None:
    """The frontend answers as the row says."""
    assert stack.faults(row) == []
