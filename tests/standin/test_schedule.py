"""When rounds are due, and which settings are refused."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.standin.watchtower.schedule import parse
from tests.standin.watchtower.settings import RefusedError, read, seconds

_NOW = dt.datetime(2026, 11, 21, 10, 30, 7, 500, tzinfo=dt.timezone.utc)  # a Saturday


@pytest.mark.parametrize(
    ("spec", "due"),
    [
        ("@every 10s", "11-21 10:30:17"),
        ("@every 1m30s", "11-21 10:31:37"),
        ("*/5 * * * * *", "11-21 10:30:10"),
        ("0 */5 * * * *", "11-21 10:35:00"),
        ("0 0 4 * * *", "11-22 04:00:00"),
        ("30 4 * * *", "11-22 04:30:00"),
        ("0 0 0 * * 1-5", "11-23 00:00:00"),
        ("0 0 0 1 * 0", "11-22 00:00:00"),
        ("0 15,45 10 * * 7", "11-22 10:15:00"),
        ("@hourly", "11-21 11:00:00"),
    ],
)
def test_the_next_round(spec: str, due: str) -> None:
    """Seconds come first; five fields mean second 0; Sunday is 0 and 7."""
    assert parse(spec).after(_NOW).strftime("%m-%d %H:%M:%S") == due


@pytest.mark.parametrize("spec", ["", "* *", "61 * * * * *", "a * * * * *", "@every soon"])
def test_what_is_no_schedule(spec: str) -> None:
    """It is refused."""
    with pytest.raises(RefusedError):
        parse(spec)


def test_the_environment_is_read() -> None:
    """An empty value is no value."""
    env = {"WATCHTOWER_SCHEDULE": "@every 9s", "WATCHTOWER_SCOPE": "x", "WATCHTOWER_CLEANUP": ""}
    found = read(env)
    assert (found.schedule, found.scope, found.cleanup) == ("@every 9s", "x", False)
    assert read({}).schedule == "@every 86400s"
    assert read({}).compose_depends_on


@pytest.mark.parametrize(
    "env",
    [
        {"WATCHTOWER_POLL_INTERVAL": "5", "WATCHTOWER_SCHEDULE": "@every 5s"},
        {"WATCHTOWER_MONITOR_ONLY": "true", "WATCHTOWER_ROLLING_RESTART": "true"},
        {"WATCHTOWER_HTTP_API_ENDPOINTS": "update"},
        {"WATCHTOWER_TIMEOUT": "soon"},
    ],
)
def test_contradictions_are_refused(env: dict[str, str]) -> None:
    """Two schedules, monitor-only with rolling restarts, a trigger without token, nonsense."""
    with pytest.raises(RefusedError):
        read(env)


def test_durations() -> None:
    """As Go writes them."""
    assert [seconds(text) for text in ("10s", "1m30s", "500ms", "2h", "7")] == [
        10.0,
        90.0,
        0.5,
        7200.0,
        7.0,
    ]
