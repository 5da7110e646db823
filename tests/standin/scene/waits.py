"""Waiting with a deadline, and a failure that shows what the containers said."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_LOOK = 0.5
_Found = TypeVar("_Found")


class TooLateError(AssertionError):
    """What was waited for did not come in time."""


def until(what: str, seconds: float, look: Callable[[], _Found], story: Callable[[], str] = str) -> _Found:
    """Wait for a true answer and give it; `story` is told when it does not come."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TooLateError(f"waited {seconds:.0f} s in vain: {what}\n{story()}")
        time.sleep(_LOOK)
    return found
