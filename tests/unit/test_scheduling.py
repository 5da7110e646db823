"""Which tests of this project go to one worker."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scheduling import shared


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        ("tests/conformance/test_rows.py::test_row[nginx-1-a-host-[x]]", "nginx"),
        ("tests/conformance/test_long.py::test_renewal[traefik]", "traefik"),
        ("tests/docs/test_command_blocks.py::test_it[docs/how-to/deploy.md:9]", "docs/how-to/deploy.md"),
        ("tests/e2e/test_routing.py::test_clear[a]", "tests/e2e/test_routing.py"),
    ],
)
def test_what_shares_a_project_stays_together(nodeid: str, group: str) -> None:
    """A frontend's project, a page's reader, a file's fixtures: else each worker would start its own."""
    assert shared(nodeid) == group


@pytest.mark.parametrize(
    "nodeid",
    [
        "tests/e2e/test_runner.py::test_pull_takes_what_can_be_had",
        "tests/conformance/test_expectations.py::test_an_unknown_field_is_a_mistake[header]",
    ],
)
def test_what_shares_nothing_goes_alone(nodeid: str) -> None:
    """So that no worker waits for another at the end."""
    assert shared(nodeid) == nodeid
