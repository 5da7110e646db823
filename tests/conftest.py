"""What all tests share: signals that mean what they usually mean, and who runs what beside whom."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings

from tests import load

if TYPE_CHECKING:
    import pytest

pytest_plugins = ["tests.scheduling", "tests.second_try"]

# How long an example takes is the machine's affair.
settings.register_profile("tests", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Repeat a load that the machine was too busy for."""
    if item.get_closest_marker("load"):
        item.add_marker(load.AGAIN_WHEN_LATE)


def pytest_configure() -> None:
    """Undo what nohup and a shell's `&` hand down: an ignored signal stays ignored in every child."""
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
