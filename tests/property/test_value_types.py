"""The value types by themselves: what they raise, where they point, and how long they take.

COMPOSEGEN_SOAK=1 tries many more.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from composegen import text
from composegen.keys import forms, lifecycle, mounts, project, routes, service, values
from composegen.keys.project import SETTINGS
from composegen.keys.service import KEYS
from composegen.keys.spec import BadValue, Key
from tests.property import words

SOAK = os.environ.get("COMPOSEGEN_SOAK") == "1"
DECLARED: dict[str, Key] = {**KEYS, **SETTINGS}
common = settings(
    max_examples=5_000 if SOAK else 1500,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
LONG = 100_000
SECONDS = 0.25
"""For LONG characters; a quadratic pattern takes minutes."""


def mutated(value: str, at: int, piece: str) -> str:
    """Return ``value`` with ``piece`` put in."""
    at %= len(value) + 1
    return value[:at] + piece + value[at:]


@common
@given(
    name=st.sampled_from(sorted(DECLARED)),
    value=st.one_of(words.anything, st.text(max_size=40)),
    at=st.integers(0, 50),
    data=st.data(),
)
@example(name="user", value="${U\u00e9}", at=0, data=None)
@example(name="command", value='["\\ud800"]', at=0, data=None)
def test_only_bad_value_is_raised(name: str, value: str, at: int, data: st.DataObject | None) -> None:
    """Whatever the text; and the offsets lie inside of it."""
    if data is not None:
        likely = words.LIKELY.get(name, st.just(DECLARED[name].example))
        value = data.draw(st.one_of(likely, st.just(value), likely.map(lambda v: mutated(v, at, value[:9]))))
    try:
        parsed = DECLARED[name].type.parse(value)
    except BadValue as bad:
        refusal = bad
    else:
        refusal = None
        hash(parsed)
        assert all(map(_encodes, _texts(parsed)))
        for found in _texts(parsed) if name in KEYS and name != "compose" else ():
            text.raw(found)  # what was accepted can be written
    if refusal is not None:
        end = len(value) if refusal.end is None else refusal.end
        assert 0 <= refusal.start <= end <= len(value), (refusal, refusal.start, refusal.end)
        assert str(refusal)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [t for v in value for t in _texts(v)]
    if is_dataclass(value):
        return [t for f in fields(value) for t in _texts(getattr(value, f.name))]
    return []


def _encodes(value: str) -> bool:
    return bool(value.encode()) or not value


AGAIN = ["port", "pids", "maxcpu", "maxmem", "image", "allow", "tmpfs", "network", "user", "workdir", "auth"]


@common
@given(name=st.sampled_from(AGAIN), data=st.data())
def test_a_parsed_text_parses_to_itself(name: str, data: st.DataObject) -> None:
    """Where the typed value is written as text, it means the same when read again."""
    value = data.draw(words.LIKELY.get(name, words.anything))
    try:
        once = DECLARED[name].type.parse(value)
    except BadValue:
        return
    assert DECLARED[name].type.parse(str(once)) == once


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_the_example_is_accepted(name: str) -> None:
    """Help texts show it."""
    DECLARED[name].type.parse(
        DECLARED[name].example.partition(" = ")[2] if name == "compose" else DECLARED[name].example
    )


def test_durations_add_up() -> None:
    """The parts of a duration, in any unit."""
    assert values.to_seconds("1h1m1s1ms") == Decimal("3661.001")


ADVERSARIAL = [
    *(
        "a",
        " ",
        "\t",
        "0",
        "9",
        "/",
        ".",
        "-",
        "a.",
        "a-",
        "a_",
        "__",
        "--",
        "${A}",
        "${A:-",
        "$",
        "=",
        ":",
        "::",
        ",",
    ),
    *(
        "ro,",
        "1s",
        "1.",
        "1ms",
        "/a ",
        " port=",
        "port=1 ",
        " owner=",
        " mode=1",
        " target=x",
        "[",
        '["a",',
        "'",
        "\\",
        "`",
    ),
    *("${A:-${B", "x:", "/../", "\u00e9", "0-0:", "[::", "a b", "!", "$(", "a=", "https://"),
]
FRAMES = [
    ("", ""),
    ("https://", "`"),
    ("./a:/", "\x00"),
    ("/a", " x"),
    ('["', "'"),
    ("cmd: ", "}"),
    ("a:", "$"),
    ("x ", " y"),
]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({k.type.name: n for n, k in DECLARED.items()}.values()))
def test_long_values_take_no_time(name: str) -> None:
    """Each type against long repetitions: doubling the length may double the time, not square it."""
    for piece in ADVERSARIAL:
        for head, tail in FRAMES:
            _quick(name, head, piece, tail)


def _quick(name: str, head: str, piece: str, tail: str) -> None:
    size = LONG // 16
    while size <= LONG:
        value = head + piece * (size // len(piece)) + tail
        began = time.process_time()
        with suppress(BadValue):
            DECLARED[name].type.parse(value)
        took = time.process_time() - began
        assert took < SECONDS, (name, head, piece, tail, size, took)
        size *= 4


def test_every_pattern_is_reached() -> None:
    """A pattern that is added to these modules is one that the types above use."""
    for module in (forms, lifecycle, mounts, project, routes, service, values):
        for name, found in vars(module).items():
            if isinstance(found, re.Pattern):
                assert found.pattern.endswith("\\Z") or name.endswith(
                    ("OPTION", "PORT", "PART", "CONTROL")
                ), name
