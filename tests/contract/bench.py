"""What the contract is tested on: one project with the routed service ``web``, an engine, a registry."""

# ruff: noqa: D102 - the docstrings stand in the protocol

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from composegen.deploys.docker_machine import DockerMachine
from composegen.deploys.wanted import Wanted, WantedService
from tests.e2e.site import Site, run
from tests.fakes.engine import Behaviour, FakeEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from composegen.deploys.machine import Machine
    from composegen.deploys.observed import Container
    from tests.standin.scene.registry import Registry

SERVICE, VARIABLE = "web", "COMPOSEGEN_IMAGE_WEB"
# What the images of the contract do.
COMMANDS = {
    "good": ["httpd", "-f", "-p", "80"],
    "better": ["httpd", "-f", "-p", "80", "-v"],
    "never": ["sleep", "1000"],
    "crash": ["sh", "-c", "echo boom; sleep 1; exit 3"],
    "broken": ["/no/such/program"],
}
_BEHAVIOURS = {
    "good": Behaviour(stop_takes=99),
    "better": Behaviour(stop_takes=99),
    "never": Behaviour(ready_after=float("inf"), stop_takes=99),
    "crash": Behaviour(crash_after=1, exit_code=3, ready_after=float("inf"), log=("boom",)),
    "broken": Behaviour(cannot_start='exec: "/no/such/program": no such file or directory'),
}


class Bench(Protocol):
    """An engine and its project, for one test."""

    machine: Machine
    folder: Path
    reference: str

    def push(self, label: str) -> tuple[str, str]:
        """Let the tag mean this image at the registry; return its digest name and its id."""

    def fetch(self) -> None:
        """Pull the tag, so that it means the same on this machine."""

    def fill(self) -> None:
        """Run what every container of the service needs beforehand."""


def flag(bench: Bench, container: Container) -> Path:
    """Return where a container's hold flag is."""
    return bench.folder / "composegen.d" / "hold" / container.hostname


def until(
    bench: Bench, container: str, true: Callable[[Container], bool], seconds: float = 40.0
) -> Container:
    """Let time pass until something is true of a container, and return it."""
    deadline = bench.machine.now() + seconds
    while True:
        (found,) = bench.machine.look([container])
        if true(found):
            return found
        assert bench.machine.now() < deadline, f"waited {seconds:g} s in vain: {found}"
        bench.machine.sleep(0.2)


@dataclass
class FakeBench:
    """On the fake engine."""

    machine: FakeEngine
    folder: Path
    reference: str = "registry.test/app:latest"

    def push(self, label: str) -> tuple[str, str]:
        return self.machine.push(self.reference, label, _BEHAVIOURS[label])

    def fetch(self) -> None:
        self.machine.fetch(self.reference)

    def fill(self) -> None:
        """Nothing is needed."""


def fake(folder: Path) -> FakeBench:
    """Return a bench on the fake engine."""
    (folder / "composegen.d" / "hold").mkdir(parents=True)
    web = WantedService(
        name=SERVICE,
        image="registry.test/app:latest",
        reference="registry.test/app:latest",
        variable=VARIABLE,
        rollout="roll",
        replicas=2,
        routed=True,
        checked=True,
        budget=60,
        grace=10,
        networks=("cg_default", "cg_frontend"),
        fingerprint="one",
    )
    files = Wanted(project="cg", folder=str(folder), services=(web,))
    return FakeBench(FakeEngine(files, executed=_executed, ran=_ran), folder)


def _executed(_service: str, words: Sequence[str]) -> tuple[int, str]:
    code, _, lines = _ran(Behaviour(), words)
    return code, "".join(f"{line}\n" for line in lines)


def _ran(_behaviour: Behaviour, words: Sequence[str]) -> tuple[int, float, Sequence[str]]:
    """Do what a shell does with the few commands of the contract."""
    text = words[-1]
    code = re.search(r"exit (\d+)", text)
    takes = re.search(r"sleep (\d+)", text)
    return int(code[1]) if code else 0, float(takes[1]) if takes else 0.1, re.findall(r"echo (\w+)", text)


@dataclass
class RealBench:
    """On the real engine."""

    machine: DockerMachine
    folder: Path
    reference: str
    site: Site
    registry: Registry

    def push(self, label: str) -> tuple[str, str]:
        # The label in its configuration makes each image another one.
        lines = f"FROM busybox:musl\nLABEL is={label}-{self.site.name}\nCMD {json.dumps(COMMANDS[label])}\n"
        place = self.folder.parent / f"image-{label}"
        place.mkdir(exist_ok=True)
        (place / "Dockerfile").write_text(lines)
        source = f"{self.site.name}-{label}:made"
        self.site.engine.docker("build", "--quiet", "--provenance=false", "--tag", source, str(place))
        known = self.machine.image(self.reference)
        identity = self.registry.push(source, self.reference)
        if known is None:
            self.site.engine.docker("rmi", self.reference)
        return self.machine.resolve(self.reference), identity

    def fetch(self) -> None:
        self.site.engine.docker("pull", "--quiet", self.reference)

    def fill(self) -> None:
        self.site.compose("up", "--quiet-pull", "toolbox")
        self.site.compose("rm", "--force", "toolbox")


def real(site: Site, registry: Registry) -> RealBench:
    """Return a bench on the real engine: a project that composegen built, of which nothing runs."""
    reference = registry.reference(f"{site.name}/app")
    (site.folder / "Dockerfile").write_text(
        "FROM busybox:musl\n"
        f"# composegen.service = {SERVICE}\n"
        f"# composegen.image = {reference}\n"
        "# composegen.url = http://web.localhost\n"
        "# composegen.scale = 2 roll\n"
        "# composegen.env = GREETING=one\n"
    )
    site.settings(COMPOSEGEN_TLS="off", COMPOSEGEN_UPDATER="none")
    run([sys.executable, "-m", "composegen", "build"], site.folder, site.env)
    machine = DockerMachine.of(site.folder, site.env)
    return RealBench(machine, site.folder.resolve(), reference, site, registry)
