"""Accepted images, mounted files and the intent: formats that make shares, and round trips."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from composegen.deploys.store import accepted, intent, mounts
from composegen.deploys.store.files import State
from composegen.deploys.store.intent import Commit, Intent, Part
from composegen.deploys.store.pins import Pin
from composegen.deploys.store.records import Activation, Release
from composegen.errors import ComposegenError

if TYPE_CHECKING:
    from pathlib import Path


def test_accepted_images_are_lines_sorted_by_bytes(tmp_path: Path) -> None:
    """As the runner writes them; an older line without a time is kept."""
    state = State(tmp_path)
    state.write("images", "r/web:latest\tsha256:a\n")
    accepted.accept(state, "R/z:1", "sha256:b", "2026-01-01T00:00:00Z")
    accepted.accept(state, "r/web:latest", "sha256:a", "2026-01-02T00:00:00Z")
    assert state.read("images") == "R/z:1\tsha256:b\t2026-01-01T00:00:00Z\nr/web:latest\tsha256:a\t\n"


def test_mounts_of_other_services_stay(tmp_path: Path) -> None:
    """Only what was applied is written anew."""
    state = State(tmp_path)
    state.write("mounts", "db\t./x\t1\nweb\t./old\t1\n")
    mounts.update(state, {"web": {"./b": "2", "./a": "3"}})
    assert state.read("mounts") == "db\t./x\t1\nweb\t./a\t3\nweb\t./b\t2\n"


def test_digests_of_secrets_are_for_the_owner(tmp_path: Path) -> None:
    """A weak secret could be guessed by its digest; who runs deploys may be known to all."""
    state = State(tmp_path)
    mounts.update(state, {"web": {"secrets/password": "1"}})
    intent.write(state, Intent(command="deploy", who="ann", since=""))
    state.write("images", "")
    modes = {p.name: p.stat().st_mode & 0o777 for p in state.path.iterdir()}
    assert modes == {"mounts": 0o600, "intent": 0o600, "images": 0o644}


INTENT = Intent(
    command="composegen deploy",
    who="ann",
    since="2026-01-01T00:00:00Z",
    tags={"r/web:latest": "sha256:a"},
    parts=(Part(service="web", how="roll", image="sha256:b", old=("1", "2"), new=("3",)),),
)
COMMIT = Commit(
    tags={"r/web:latest": "sha256:b"},
    pins={"COMPOSEGEN_IMAGE_WEB": Pin("r/web@sha256:b", "r/web:latest"), "COMPOSEGEN_IMAGE_DB": None},
    releases=(("web", Release(number=2, image="sha256:b")),),
    activations=(("web", Activation(number=2, time="t", who="ann", how="deploy")),),
    mounts={"web": {"./a": "1"}},
    time="t",
)


@pytest.mark.parametrize("commit", [None, COMMIT])
def test_an_intent_is_read_as_it_was_written(tmp_path: Path, commit: Commit | None) -> None:
    """With all that a settling command needs."""
    state = State(tmp_path)
    wanted = Intent(
        command=INTENT.command,
        who=INTENT.who,
        since=INTENT.since,
        tags=INTENT.tags,
        parts=INTENT.parts,
        commit=commit,
    )
    intent.write(state, wanted)
    assert intent.read(state) == wanted
    intent.remove(state)
    assert intent.read(state) is None


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 1}'])
def test_an_intent_that_cannot_be_read_is_a_message(tmp_path: Path, text: str) -> None:
    """It says what to do."""
    state = State(tmp_path)
    state.write("intent", text)
    with pytest.raises(ComposegenError, match=r"\.composegen/intent is damaged") as caught:
        intent.read(state)
    assert caught.value.hint


def test_an_intent_of_a_later_version_is_left_to_that(tmp_path: Path) -> None:
    """Also when all that this one knows is in it: nobody is told to remove it."""
    state = State(tmp_path)
    intent.write(state, INTENT)
    state.write("intent", state.read("intent").replace('"version": 1', '"version": 2'))
    with pytest.raises(ComposegenError, match="another version") as caught:
        intent.read(state)
    assert "remove" not in caught.value.hint
