"""The golden suite: what a build writes and says, for every folder of ``tests/golden`` and ``tests/errors``.

A new case is a new folder; ``make golden`` fills in what is expected, and the git diff is the
review. ``tests.cases`` says what a case's folder holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import cases

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cases import Case, Tree

GOLDEN = cases.cases(cases.GOLDEN)
ERRORS = cases.cases(cases.ERRORS)


@pytest.mark.parametrize("case", GOLDEN, ids=lambda c: c.name)
def test_a_build_writes_what_is_expected(case: Case, tmp_path: Path) -> None:
    """The whole tree, to the byte: no file is missing, none is extra; nothing else is said."""
    built = cases.build(case, tmp_path / "project")
    assert (built.code, built.said) == (0, case.diagnostics)
    _same_trees(built.wrote, cases.expected(case))


@pytest.mark.parametrize("case", GOLDEN, ids=lambda c: c.name)
def test_a_second_build_writes_nothing(case: Case, tmp_path: Path) -> None:
    """Files that have not changed are not touched, and ``build --check`` finds nothing stale."""
    cases.build(case, tmp_path / "project")
    settings, options = case.command
    assert cases.run(tmp_path / "project", options, settings).wrote == {}
    looked = cases.run(tmp_path / "project", [*options, "--check"], settings)
    assert (looked.code, looked.said) == (0, case.diagnostics)


@pytest.mark.parametrize("case", ERRORS, ids=lambda c: c.name)
def test_a_mistake_is_reported_and_nothing_is_written(case: Case, tmp_path: Path) -> None:
    """The diagnostics are those expected, to the byte, and the tree is as it was."""
    built = cases.build(case, tmp_path / "project")
    assert built.said == case.diagnostics
    assert built.code == 1
    assert cases.tree(tmp_path / "project") == cases.tree(case.input)


def _same_trees(found: Tree, wanted: Tree) -> None:
    """Compare the names first, then file by file as text, so that a failure shows a short diff."""
    assert sorted(found) == sorted(wanted)
    for path, content in wanted.items():
        assert found[path].decode() == content.decode(), path
