"""From a running project on the fake engine to its plan: what was recorded, and what would be now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from composegen.deploys.machine import NOTHING
from composegen.deploys.planned import Request, ServicePlan
from composegen.deploys.store import accepted, records
from composegen.deploys.store.files import State
from composegen.deploys.store.records import Activation, History, Release, utc
from composegen.deploys.survey import Survey, survey
from composegen.deploys.wanted import Wanted
from tests.fakes.engine import FakeEngine
from tests.unit.deploys.scene import REFERENCE, WEB

OURS = replace(WEB, ours=True)


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    """Give a project that runs, and of which nothing was recorded."""
    found = FakeEngine(Wanted(project="shop", folder=str(tmp_path), services=(OURS,)))
    found.push(REFERENCE, "one")
    found.up()
    return found


def look(engine: FakeEngine, request: Request | None = None) -> Survey:
    """Survey the project."""
    return survey(engine, Path(engine.files.folder), request or Request())


def web(engine: FakeEngine) -> ServicePlan:
    """Return the plan of the service."""
    found = look(engine).plan.get("web")
    assert found is not None
    return found


def test_looking_writes_nothing(engine: FakeEngine) -> None:
    """What make has started is release 1 in the plan, and still nothing is written or asked to change."""
    calls = len(engine.calls)
    found = look(engine)
    assert not found.plan.changed
    assert found.known.active("web") is not None
    assert (web(engine).release, web(engine).before) == (1, 1)
    assert list(Path(engine.files.folder).iterdir()) == []
    assert len(engine.calls) == calls


def test_a_first_deploy_can_be_rolled_back(engine: FakeEngine) -> None:
    """What runs before anything was recorded is release 1, also when the files ask for more replicas now."""
    engine.files = replace(engine.files, services=(replace(OURS, replicas=3, fingerprint="g"),))
    engine.push(REFERENCE, "two")
    one = web(engine)
    assert (one.before, one.release, one.create) == (1, 2, 3)


@pytest.mark.parametrize(
    ("how", "fingerprint", "known", "active"),
    [
        ("up", "g", "", 2),
        ("deploy", "g", "g", 3),
        ("deploy", WEB.fingerprint, "g", 1),
        ("rollback", "g", "g", 1),
        ("rollback", "h", "g", 3),
    ],
)
def test_a_configuration_that_make_applied_is_news(
    engine: FakeEngine, how: str, fingerprint: str, known: str, active: int
) -> None:
    """It is a release, as if it had been deployed; not what an old release that was activated borrows."""
    folder, image = Path(engine.files.folder), engine.tags[REFERENCE]
    history = History(service="web").added(Release(number=1, image=image, fingerprint=WEB.fingerprint))
    if known:
        history = history.added(Release(number=2, image="sha256:other", fingerprint=known))
    when = utc(engine.now() + 5)
    records.write(State(folder), history.activated(Activation(number=1, time=when, who="", how=how)))
    engine.files = replace(engine.files, services=(replace(OURS, fingerprint=fingerprint),))
    assert web(engine).before == 1, "these containers are older than the activation"
    engine.sleep(10)
    for container in list(engine.observe().of("web")):
        engine.remove(container.id)
    engine.up()
    engine.sleep(10)
    found = web(engine)
    assert (found.action, found.before, found.release) == ("none", active, active)


def test_an_update_by_watchtower_is_news(engine: FakeEngine) -> None:
    """Before the next command records it, the plan counts it, and does not turn it back."""
    folder = Path(engine.files.folder)
    image = engine.tags[REFERENCE]
    release = Release(number=1, image=image, fingerprint=OURS.fingerprint)
    history = History(service="web").added(release).activated(Activation(number=1, time="", who="", how="up"))
    records.write(State(folder), history)
    accepted.accept(State(folder), REFERENCE, image, "2020-01-01T00:00:00Z")
    engine.push(REFERENCE, "two")
    engine.replace_by_watchtower("web")
    engine.sleep(10)
    for request in (Request(), Request(look=False)):
        found = look(engine, request).plan.get("web")
        assert found is not None
        assert (found.action, found.before, found.release) == ("none", 2, 2)
    assert records.read(State(folder), "web").active == 1


def test_a_moved_tag_is_no_reason(engine: FakeEngine) -> None:
    """Somebody pulled: the plan without the registry stays with what was accepted."""
    folder = Path(engine.files.folder)
    accepted.accept(State(folder), REFERENCE, engine.tags[REFERENCE], "2020-01-01T00:00:00Z")
    engine.push(REFERENCE, "two")
    engine.fetch(REFERENCE)
    found = look(engine, Request(look=False)).plan.get("web")
    assert found is not None
    assert found.action == "none"
    assert web(engine).action == "image"


def test_changed_addresses_rename_the_routes(engine: FakeEngine) -> None:
    """A host that changed by value is planned with the routes' new names, as deploy will write them."""
    folder = Path(engine.files.folder)
    routed = replace(OURS, routes="COMPOSEGEN_ROUTES_WEB", addresses=("https://new.test/",))
    engine.files = replace(engine.files, services=(routed,))
    asked: list[dict[str, str]] = []
    wanted = engine.wanted
    engine.wanted = lambda given=NOTHING: asked.append(dict(given)) or wanted(given)  # type: ignore[method-assign,func-returns-value]
    look(engine)
    assert asked == [{}]
    State(folder).make()
    State(folder).write("routes", "web\t00000000\n")
    look(engine)
    assert list(asked[-1]) == ["COMPOSEGEN_ROUTES_WEB"]
