"""Which tests go to the same worker: those that share a project on the engine."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.conformance import FRONTENDS

if TYPE_CHECKING:
    from xdist.remote import Producer

_PAGES = "tests/docs/test_command_blocks.py"
_CONFORMANCE = "tests/conformance/"


def shared(nodeid: str) -> str:
    """Return the name of what a test shares with others.

    The blocks of one page are followed by one reader, the conformance suite has one project per
    frontend, whose name is its tests' first parameter; other tests share their file's fixtures, if it
    has any. (xdist's own mark for groups is without effect since pytest 9.2, which keeps the ids of
    tests elsewhere.)
    """
    file, _, test = nodeid.partition("::")
    parameters = test.partition("[")[2].removesuffix("]")
    if file == _PAGES:
        return parameters.partition(":")[0]
    if file.startswith(_CONFORMANCE) and (frontend := parameters.partition("-")[0]) in FRONTENDS:
        return frontend
    return file if _has_fixtures(file) else nodeid


@cache
def _has_fixtures(file: str) -> bool:
    return 'scope="module"' in Path(file).read_text("utf-8")


class Sharing(LoadScopeScheduling):
    """Sends tests that share something to one worker, one group after the other."""

    def _split_scope(self, nodeid: str) -> str:
        return shared(nodeid)


@pytest.hookimpl(optionalhook=True)  # with `-p no:xdist` nobody asks
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Sharing | None:
    """Take the place of ``--dist loadscope``."""
    return Sharing(config, log) if config.getoption("dist") == "loadscope" else None
