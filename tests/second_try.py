"""A second try for what waits for a real engine: these machines are shared, and stand still at times.

Unit tests have none, nor has what counts lost requests: that is repeated only when its own client was
late (`tests.load.AGAIN_WHEN_LATE`). What failed at first is shown in full at the end of the run: it is a
test, or a product, that takes time for granted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

ONCE_MORE = pytest.mark.flaky(reruns=1)


@pytest.hookimpl(trylast=True)  # the conformance suite marks its items in this hook, too
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a second try to tests on the engine."""
    for item in items:
        if item.get_closest_marker("e2e") and not item.get_closest_marker("flaky"):
            item.add_marker(ONCE_MORE)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Show why a first try failed; the plug-in itself counts it only."""
    for report in terminalreporter.stats.get("rerun", ()):
        terminalreporter.section(f"tried again: {report.nodeid}")
        terminalreporter.line(report.longreprtext)
