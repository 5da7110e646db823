"""Settings that are read at ``up``: what a build refuses, since nothing could start with it."""

from __future__ import annotations

import pytest

from composegen.keys import forms
from composegen.keys.spec import BadValue


@pytest.mark.parametrize(
    "value",
    [
        *(
            "0 */5 * * * *",
            "59 59 23 31 12 6",
            "0 0 4 * * MON-fri",
            "0 0 4 1,15 Jan-dec/2 ?",
            "0 0-30/5 4 * * *",
        ),
        *("@daily", "@every 1h30m", "TZ=Europe/Berlin 0 0 4 * * *", "CRON_TZ=UTC @weekly", "0 5/20 * * * *"),
    ],
)
def test_schedules_that_watchtower_takes(value: str) -> None:
    """Numbers, names in any case, lists, ranges and steps."""
    assert forms.SCHEDULE.parse(value) == value


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("60 * * * * *", "a second from 0 to 59, found '60'"),
        ("0 99 4 * * *", "a minute from 0 to 59, found '99'"),
        ("0 0 24 * * *", "an hour from 0 to 23, found '24'"),
        ("0 0 4 0 * *", "a day from 1 to 31, found '0'"),
        ("0 0 4 * 13 *", "a month from 1 to 12, found '13'"),
        ("0 0 4 * * 7", "a weekday from 0 to 6, found '7'"),
        ("0 0 4 * * jan", "a weekday from 0 to 6, found 'jan'"),
        ("0 30-10 4 * * *", "found '30-10'"),
        ("0 1-2-3 4 * * *", "found '1-2-3'"),
        ("0 */0 4 * * *", "found '*/0'"),
        ("0 1,,2 4 * * *", "found '1,,2'"),
        ("TZ=UTC 0 0 4 * * x", "found 'x'"),
        ("0 0 1000000000005 * * *", "an hour from 0 to 23"),
    ],
)
def test_schedules_that_watchtower_refuses(value: str, said: str) -> None:
    """A field out of its range is named, with what it takes."""
    with pytest.raises(BadValue) as bad:
        forms.SCHEDULE.parse(value)
    assert said in str(bad.value)


def test_an_ipv6_address_stands_in_brackets() -> None:
    """A port follows it in the compose file, and Compose refuses `::1:80:80`."""
    assert forms.BIND.parse("[::1]") == "[::1]"
    assert forms.BIND.parse("127.0.0.1") == "127.0.0.1"
    with pytest.raises(BadValue) as bad:
        forms.BIND.parse("::1")
    assert bad.value.hint == "write [::1]"


@pytest.mark.parametrize(
    "value", ["ghcr.io/acme", "GHCR.io/acme", "Host:5000/a", "localhost:5000", "acme/shop"]
)
def test_prefixes(value: str) -> None:
    """A host may be in upper case, as long as a dot or a port shows that it is one."""
    assert forms.PREFIX.parse(value) == value


@pytest.mark.parametrize(
    ("value", "instead"),
    [("ghcr.io/Acme", "ghcr.io/acme"), ("Acme", "acme"), ("Acme/Shop", "acme/shop"), ("R.io/A", "R.io/a")],
)
def test_upper_case_in_a_prefix(value: str, instead: str) -> None:
    """It is named as the mistake, as the form alone would not tell it."""
    with pytest.raises(BadValue, match="case") as bad:
        forms.PREFIX.parse(value)
    assert bad.value.hint == f"write {instead}"
