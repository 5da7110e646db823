"""Numbered releases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from composegen.deploys.store import records
from composegen.deploys.store.files import State
from composegen.deploys.store.records import Activation, History, Release
from composegen.errors import ComposegenError

if TYPE_CHECKING:
    from pathlib import Path


def _release(number: int, image: str, fingerprint: str = "f") -> Release:
    return Release(
        number=number,
        image=f"sha256:{image}",
        digest=f"r/web@sha256:{image}",
        reference="r/web:latest",
        fingerprint=fingerprint,
        time="2026-01-01T00:00:00Z",
        who="ann",
        how="deploy",
    )


def _history(*images: str) -> History:
    history = History(service="web")
    for number, image in enumerate(images, 1):
        history = history.added(_release(number, image))
        history = history.activated(Activation(number=number, time=f"t{number}", who="ann", how="deploy"))
    return history


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """All fields, the active one and the activations."""
    state = State(tmp_path)
    history = _history("a", "b")
    records.write(state, history)
    assert records.read(state, "web") == history
    assert records.services(state) == ["web"]
    assert records.read(state, "db") == History(service="db")


def test_numbers_go_on() -> None:
    """The same release or activation twice is one; numbers never come back."""
    history = _history("a", "b")
    assert history.next_number == 3
    assert history.added(_release(2, "x")) == history
    assert history.activated(history.activations[-1]) == history


def test_the_previous_release_ran_another_image() -> None:
    """A release that only changed the configuration, or that never ran, is no way back."""
    history = _history("a", "b", "b")
    previous = history.previous()
    assert previous is not None
    assert previous.number == 1
    only_made = _history("a").added(_release(2, "b")).added(_release(3, "c"))
    assert only_made.previous() is None
    back = history.activated(Activation(number=1, time="t4", who="ann", how="rollback"))
    assert back.previous() is None
    assert (back.active, back.next_number) == (1, 4)


def test_the_release_of_an_image() -> None:
    """The active one first, then the newest with this image."""
    history = _history("a", "b", "a")
    assert history.number_of("sha256:a") == 3
    back = history.activated(Activation(number=1, time="t4", who="ann", how="rollback"))
    assert back.number_of("sha256:a") == 1
    assert back.number_of("sha256:b") == 2
    assert back.number_of("sha256:x") is None
    assert history.find("sha256:a", "other") is None


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """Never a traceback, never a silent new beginning."""
    state = State(tmp_path)
    for text in (
        "{",
        "[]",
        '{"releases": 1}',
        '{"releases": [{"x": 1}], "active": 1, "activations": []}',
        '{"releases": [{"number": "1", "image": "x"}], "active": 1, "activations": []}',
        '{"releases": [{"number": 1, "image": null}], "active": 1, "activations": []}',
        '{"releases": [], "active": "1", "activations": []}',
    ):
        state.write("releases/web.json", text)
        with pytest.raises(ComposegenError, match=r"releases/web.json is damaged"):
            records.read(state, "web")


def test_a_later_version_may_know_more(tmp_path: Path) -> None:
    """Fields that are not known are left alone."""
    state = State(tmp_path)
    records.write(state, _history("a"))
    text = state.read("releases/web.json").replace('"who": "ann"', '"who": "ann", "colour": "red"')
    state.write("releases/web.json", text)
    assert records.read(state, "web") == _history("a")
