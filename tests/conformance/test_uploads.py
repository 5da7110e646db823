"""Uploads stream: the frontend keeps nothing of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.message import HTTP_2, HTTP_11, Request
from tests.conformance.uploads import upload, watched

if TYPE_CHECKING:
    from tests.conformance.stack import Stack

_MIB = 1 << 20
_MOST = 64 * _MIB


@pytest.mark.parametrize(
    ("size", "protocol", "length"),
    [(1024, HTTP_11, True), (256, HTTP_11, False), (1024, HTTP_2, True)],
    ids=["1-gib", "length-unknown", "1-gib-http-2"],
)
def test_an_upload_streams(stack: Stack, size: int, protocol: str, length: bool) -> None:  # noqa: FBT001 - pytest passes by name
    """It arrives as it was sent; the frontend grows by less than 64 MiB, files included."""
    (container,) = stack.site.containers(stack.frontend.service)
    request = Request.to("https://web.test/sum", "POST", protocol=protocol, length=length)
    with watched(stack.site.engine, container) as memory:
        assert upload(stack.http, request, size * _MIB) == ""
    assert memory.growth < _MOST
    assert len(memory.samples) > 3
