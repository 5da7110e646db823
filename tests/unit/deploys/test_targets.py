"""Which image a service is to run: pins, the registry's word, what was accepted; on the fake engine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from composegen.deploys import targets
from composegen.deploys.known import Known
from composegen.deploys.planned import Request, Target
from composegen.deploys.wanted import Wanted
from tests.fakes.engine import FakeEngine
from tests.unit.deploys.scene import REFERENCE, WEB

if TYPE_CHECKING:
    from pathlib import Path

VARIABLE = WEB.variable
OURS = replace(WEB, ours=True)


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    """Give an engine with one image of `web` here, and a newer one at the registry."""
    found = FakeEngine(Wanted(project="shop", folder=str(tmp_path), services=(OURS,)))
    found.push(REFERENCE, "old")
    found.fetch(REFERENCE)
    found.push(REFERENCE, "new")
    return found


def target(engine: FakeEngine, known: Known | None = None, **request: Any) -> Target:
    """Return the target of `web`."""
    asked = Request(**request)
    wanted = engine.wanted(asked.assignments)
    known = known or Known()
    observed = engine.observe(targets.references(wanted, known))
    return targets.find(engine, wanted, observed, known, asked)["web"]


def changed(engine: FakeEngine, **changes: Any) -> None:
    """Change the service in the files."""
    engine.files = replace(engine.files, services=(replace(OURS, **changes),))


def test_own_images_follow_the_registry(engine: FakeEngine) -> None:
    """A newer one is found without a pull, and pulled only when it is not here."""
    digest = engine.registry.tags[REFERENCE]
    assert target(engine) == Target(name=REFERENCE, digest=digest, pull=True)
    image = engine.pull(digest)
    assert target(engine) == Target(name=REFERENCE, id=image.id, digest=digest)


def test_others_images_only_when_named(engine: FakeEngine) -> None:
    """A database is not replaced because its tag moved, unless it is named or followed by watchtower."""
    here = engine.tags[REFERENCE]
    changed(engine, ours=False, update="notify")
    assert target(engine).id == here
    assert target(engine, services=("web",)).pull
    changed(engine, ours=False, update="auto")
    assert target(engine).pull
    assert target(engine, look=False).id == here


def test_the_accepted_image_stands_above_the_tag(engine: FakeEngine) -> None:
    """A tag that somebody moved on this machine changes nothing."""
    accepted = engine.tags[REFERENCE]
    engine.fetch(REFERENCE)
    known = Known(accepted={REFERENCE: accepted})
    assert engine.tags[REFERENCE] != accepted
    assert target(engine, known, look=False).id == accepted
    gone = Known(accepted={REFERENCE: "sha256:" + "0" * 64})
    assert target(engine, gone, look=False).id == engine.tags[REFERENCE]


def test_a_registry_that_is_down(engine: FakeEngine) -> None:
    """Your own image cannot be deployed then; somebody else's stays, with a note."""
    engine.registry.down = "connection refused"
    assert target(engine).problem.endswith("connection refused")
    changed(engine, ours=False, update="auto")
    found = target(engine)
    assert (found.problem, found.id) == ("", engine.tags[REFERENCE])
    assert "connection refused; what is here stays" in found.note
    assert target(engine, services=("web",)).problem


def test_what_was_never_here_is_asked_for(engine: FakeEngine) -> None:
    """Without an image on this machine the registry is asked in any case."""
    engine.tags.clear()
    changed(engine, ours=False, update="off")
    assert target(engine, look=False).pull
    engine.registry.tags.clear()
    assert "manifest unknown" in target(engine).problem


def test_pins(engine: FakeEngine) -> None:
    """A pin is taken as it is: no registry is asked, and an id that is gone is a problem."""
    engine.registry.down = "connection refused"
    digest = engine.registry.tags[REFERENCE]
    assert target(engine, assignments={VARIABLE: digest}) == Target(name=digest, digest=digest, pull=True)
    identity = engine.tags[REFERENCE]
    assert target(engine, assignments={VARIABLE: identity}) == Target(name=identity, id=identity)
    lost = target(engine, assignments={VARIABLE: "sha256:" + "9" * 64})
    assert "composegen release unpin web" in lost.problem


def test_images_built_here(engine: FakeEngine) -> None:
    """They are what their tag means now; one that was never built says how to build it."""
    changed(engine, local=True, ours=False, image="shop-web:latest", reference="shop-web:latest")
    assert "make build" in target(engine).problem
    identity = engine.build("shop-web:latest", "mine")
    known = Known(accepted={"shop-web:latest": "sha256:" + "0" * 64})
    assert target(engine, known) == Target(name="shop-web:latest", id=identity)


def test_the_registry_is_asked_once_per_image(engine: FakeEngine) -> None:
    """Services that share an image move together, and one question is enough."""
    engine.files = replace(engine.files, services=(OURS, replace(OURS, name="worker", ours=False)))
    asked: list[str] = []
    resolve = engine.registry.resolve
    engine.registry.resolve = lambda r: asked.append(r) or resolve(r)  # type: ignore[assignment,func-returns-value]
    wanted, known = engine.wanted(), Known()
    found = targets.find(engine, wanted, engine.observe(targets.references(wanted, known)), known, Request())
    assert asked == [REFERENCE]
    assert found["web"] == found["worker"]
