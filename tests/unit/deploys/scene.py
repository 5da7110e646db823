"""A project on the fake engine, with one service or two, and a plan that is made by hand."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from composegen.deploys import executing
from composegen.deploys.planned import Plan, ServicePlan, Target
from composegen.deploys.settle import settle
from composegen.deploys.stage import Options, Stage
from composegen.deploys.store import records
from composegen.deploys.wanted import Wanted, WantedService
from tests.fakes.engine import FakeEngine
from tests.fakes.registry import Behaviour

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from composegen.deploys.store.records import History

REFERENCE = "r.test/web:latest"
WEB = WantedService(
    name="web",
    image=REFERENCE,
    reference=REFERENCE,
    variable="COMPOSEGEN_IMAGE_WEB",
    update="auto",
    rollout="roll",
    replicas=2,
    routed=True,
    checked=True,
    budget=60.0,
    grace=4.0,
    fingerprint="f",
    networks=("test_frontend",),
    port=8000,
)
DB = replace(
    WEB,
    name="db",
    image="r.test/db:1",
    reference="r.test/db:1",
    variable="COMPOSEGEN_IMAGE_DB",
    rollout="stop",
    replicas=1,
    routed=False,
    update="notify",
)
UPDATER = WantedService(name="watchtower", image="r.test/watchtower:1")
GOOD = Behaviour()
DEAF = Behaviour(stop_takes=1e9)
CRASHES = Behaviour(crash_after=0.1, exit_code=3, log=("hello", "I crash"))
NEVER_READY = Behaviour(ready_after=1e9, log=("starting",))
DIES_LATER = Behaviour(crash_after=3.5, exit_code=9)
CANNOT_START = Behaviour(cannot_start='exec: "/no/such": no such file or directory')


@dataclass
class Told:
    """Keeps all that a deploy tells."""

    lines: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Keep a line."""
        self.lines.append(text)

    def warn(self, text: str) -> None:
        """Keep a line."""
        self.lines.append(text)

    def container(self, service: str, name: str, status: str) -> None:
        """Keep what is new."""
        line = f"{service} {name}: {status}"
        if line not in self.lines:
            self.lines.append(line)

    @property
    def text(self) -> str:
        """Everything."""
        return "\n".join(self.lines)


@dataclass
class Scene:
    """The project in a folder; ``engine`` runs it."""

    folder: Path
    engine: FakeEngine
    told: Told = field(default_factory=Told)
    options: Options = field(default_factory=lambda: Options(who="ann", commit="c0ffee"))

    @property
    def stage(self) -> Stage:
        """What deploys work with."""
        return Stage(machine=self.engine, project=self.folder, progress=self.told, options=self.options)

    def deploy(self, how: Mapping[str, str] | None = None, **assignments: str) -> Plan:
        """Settle, plan by hand, and execute."""
        settle(self.stage)
        return self.execute(how, **assignments)

    def execute(self, how: Mapping[str, str] | None = None, **assignments: str) -> Plan:
        """Plan by hand, and execute."""
        plan = self.plan(how or {}, assignments)
        executing.execute(self.stage, self.engine.wanted(assignments), plan)
        return plan

    def plan(self, how: Mapping[str, str], assignments: Mapping[str, str]) -> Plan:
        """Replace what does not run what the registry has now."""
        wanted = self.engine.wanted(assignments)
        services = tuple(self._one(s, how.get(s.name, s.rollout)) for s in wanted.services if s.own)
        return Plan(project=wanted.project, services=services, assignments=assignments)

    def _one(self, service: WantedService, how: str) -> ServicePlan:
        digest = self.engine.registry.resolve(service.image)
        here = self.engine.image(digest)
        there = self.engine.observe().of(service.name)
        good = [
            c
            for c in there
            if here and c.image == here.id and c.ready and c.config_hash == service.config_hash
        ]
        keep, extra = good[: service.replicas], good[service.replicas :]
        old = [c for c in there if c not in good]
        history = self.history(service.name)
        known = history.find(self.engine.registry.ids[digest], service.fingerprint)
        create = service.replicas - len(keep)
        return ServicePlan(
            name=service.name,
            action="image" if create or old or extra else "none",
            how=how if old else "start",
            wanted=service,
            target=Target(name=service.image, id=here.id if here else "", digest=digest, pull=here is None),
            keep=tuple(c.id for c in keep),
            replace=tuple(c.id for c in old if c.running),
            remove=tuple(c.id for c in [*extra, *old] if c in extra or not c.running),
            create=create,
            release=known.number if known else history.next_number,
            before=history.active,
        )

    def history(self, service: str = "web") -> History:
        """Read what was recorded."""
        return records.read(self.stage.state, service)

    def images(self, service: str = "web") -> list[str]:
        """Give the image of each container, by number."""
        return [c.image for c in self.engine.observe().of(service)]

    def flags(self) -> list[str]:
        """List the hold flags that are up."""
        folder = self.folder / "composegen.d" / "hold"
        return sorted(p.name for p in folder.iterdir()) if folder.exists() else []

    def settled(self, image: str, service: str = "web", number: int | None = None) -> None:
        """See that exactly the full number runs ``image``, is ready, and nothing else is left."""
        wanted = self.engine.wanted().get(service)
        assert wanted is not None
        found = self.engine.observe().of(service)
        story = f"{self.told.text}\n{found}"
        assert [c.image for c in found] == [image] * wanted.replicas, story
        assert all(c.ready for c in found), story
        assert self.flags() == []
        assert not (self.folder / ".composegen" / "intent").exists()
        assert not self.engine.observe().paused
        if number is not None:
            assert self.history(service).active == number, story


def scene(folder: Path, *services: WantedService, first: Behaviour = GOOD) -> Scene:
    """Give a project that runs its first release, recorded as number 1."""
    files = Wanted(project="test", folder=str(folder), services=(*(services or (WEB,)), UPDATER))
    engine = FakeEngine(files)
    for service in files.services:
        engine.push(service.image, f"{service.name} 1", first if service.own else GOOD)
    made = Scene(folder, engine)
    engine.fetch(UPDATER.image)
    made.deploy()
    engine.up()
    made.told.lines.clear()
    engine.calls.clear()
    engine.count = 0
    return made
