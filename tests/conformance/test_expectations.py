"""The list itself, without an engine: it covers every rule, and each difference has a reason."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.conformance import FRONTENDS
from tests.conformance.frontends import KNOWN
from tests.conformance.message import Answer
from tests.conformance.page import PAGE, page
from tests.conformance.rows import groups, parsed, rows

# Rules 9 to 11 are about builds, several projects and moving hosts: no single request shows them.
_RULES = {"1", "2", "3", "4", "5", "6", "7", "8", "keys"}


def test_every_rule_has_rows() -> None:
    """A rule without a row is a promise that nobody checks."""
    assert {group.rule for group in groups()} == _RULES
    assert all(group.rows for group in groups())


def test_rows_have_names_of_their_own() -> None:
    """A name is how a failure and a difference are found."""
    assert [name for name, times in Counter(row.id for row in rows()).items() if times > 1] == []


def test_differences_are_real_and_have_a_reason() -> None:
    """A row that differs says why, and does say something else than the row itself."""
    for row in rows():
        for frontend, (reason, other) in row.differs.items():
            assert frontend in KNOWN
            assert reason.strip().endswith(".")
            assert other != row.expected, row.name


def test_frontends_are_known() -> None:
    """Each frontend of the list is one that the suite can start."""
    assert set(FRONTENDS) <= set(KNOWN)


def test_the_page_is_fresh() -> None:
    """docs/reference/frontends.md says what the list says."""
    assert PAGE.read_text("utf-8") == page(), "run `make docs` and commit the result"


@pytest.mark.parametrize("field", ["sttatus", "anwser", "header"])
def test_an_unknown_field_is_a_mistake(field: str) -> None:
    """A word with a slip would otherwise expect nothing."""
    raw = {"name": "x", "request": "GET http://a.test/", "status": 200, field: {}}
    with pytest.raises(AssertionError, match=field):
        parsed(raw, "1", {})


def test_an_expectation_fails_when_it_is_not_met() -> None:
    """Each part of an expectation is looked at."""
    body = b'{"method": "GET", "path": "/p", "host": "r", "version": "web", "body_length": 0, "headers": []}'
    answer = Answer(200, (("X-A", "1"),), body, "http/1.1", ("a.test",))
    good = {
        "status": 200,
        "answer": {"X-A": "1", "X-B": None},
        "text": "~ web",
        "certificate": ["a.test"],
        "seen": {"service": "web", "target": "/p", "headers": {"X-C": None}},
    }
    bad = {
        "status": 201,
        "answer": {"X-A": None},
        "text": "web",
        "certificate": ["b.test"],
        "seen": {"headers": {"X-C": "1"}},
    }
    request = {"name": "x", "request": "GET http://a.test/"}
    assert parsed({**request, **good}, "1", {}).expected.faults(answer, str) == []
    for field, value in bad.items():
        assert parsed({**request, **good, field: value}, "1", {}).expected.faults(answer, str), field
