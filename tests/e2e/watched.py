"""A project with a service that follows its tag, one that is pinned, and watchtower looking every 5 s."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.e2e.deployed import deployed
from tests.engine.places import EngineError
from tests.standin import image as standin
from tests.standin.scene import apps
from tests.standin.scene.waits import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.deployed import Deployed
    from tests.e2e.site import Site
    from tests.standin.scene.registry import Registry

EVERY = 5
_PATIENCE = 120.0
_PINNED = """\
# composegen.service = api
# composegen.image = {reference}
# composegen.url = http://api.test
# composegen.port = {port}
# composegen.scale = 1
# composegen.stop-grace = {grace}
# composegen.healthcheck = {health} 1s
# composegen.update = auto
FROM scratch
COPY testapp /testapp
ENTRYPOINT ["/testapp"]
"""


def history(made: Deployed, service: str = "web") -> dict[str, Any]:
    """Give what ``releases --format json`` says of a service."""
    found: list[dict[str, Any]] = json.loads(made.command("releases", service, "--format", "json"))
    (one,) = found
    assert one["service"] == service
    numbers = [r["number"] for r in one["releases"]]
    assert numbers == sorted(set(numbers)), one
    assert one["active"] in numbers, one
    assert one["activations"][-1]["number"] == one["active"], one
    return one


def clean(made: Deployed) -> None:
    """See that a deploy has left nothing: no container but the services', no flag, no intent, no lock."""
    assert made.flags() == [".gitignore"]
    state = made.site.folder / ".composegen"
    assert not [name for name in ("intent", "lock.holder") if (state / name).exists()]
    label = f"--filter=label=com.docker.compose.project={made.site.name}"
    form = '{{.Label "com.docker.compose.oneoff"}} {{.Label "com.docker.compose.service"}} {{.State}}'
    found = made.site.engine.docker("ps", "--all", label, f"--format={form}").splitlines()
    assert not [line for line in found if not line.startswith("False ")], found
    assert not [line for line in found if line.endswith((" paused", " created", " dead"))], found
    assert found.count("False web running") == max(1, made.scale), found


@dataclass(frozen=True)
class Watched:
    """The project: ``made.reference`` is followed by web, ``reference`` by api until somebody pins it."""

    made: Deployed
    reference: str
    first: str
    """The image of api."""

    @property
    def site(self) -> Site:
        """The project's folder and its name in the engine."""
        return self.made.site

    def publish(self, app: apps.App) -> str:
        """Push a release under api's tag; give its image id."""
        return self.made.registry.push(apps.build(self.site.engine, app), self.reference)

    def watchtower(self) -> str:
        """Give the id of watchtower's container."""
        (found,) = self.site.containers("watchtower")
        return found

    def pause(self) -> None:
        """Hold watchtower between two rounds, so that what comes next is not a race."""
        for _ in range(20):
            self.site.engine.docker("pause", self.watchtower())
            if self.complete():
                return
            self.site.engine.docker("unpause", self.watchtower())
            self.until("watchtower has ended its round", self.complete)
        raise AssertionError(self.made.story())

    def hold_up(self) -> None:
        """Make the stand-in go no further once it has taken a replica away."""
        self.site.engine.docker("exec", self.watchtower(), "touch", "/dev/shm/held-up")

    def complete(self, image: str = "") -> bool:
        """Whether all replicas of web are there, ready, and run one image, or this one."""
        try:
            found = self.site.state("{{.Image}} {{.State.Status}} {{.State.Health.Status}}", "web")
        except EngineError:  # one is gone between the list and the look
            return False
        alike = {f"{image or found[0].split()[0]} running healthy"} if found else set()
        return len(found) == self.made.scale and set(found) == alike

    def runs(self, image: str) -> None:
        """Wait until all replicas of web run this image and are ready."""
        self.until(f"web runs {image}", lambda: self.complete(image))

    def at_work(self, image: str) -> None:
        """Wait until watchtower has begun to replace web's replicas by this image."""
        self.until("watchtower has taken a replica away", lambda: self._begun(image))

    def _begun(self, image: str) -> bool:
        try:
            found = self.made.images()
        except EngineError:  # one is gone between the list and the look
            return True
        return len(found) < self.made.scale or image in found

    def rounds(self, count: int) -> None:
        """Wait until watchtower has ended so many more rounds."""
        seen = self._rounds()
        self.until(f"{count} more rounds", lambda: self._rounds() >= seen + count)

    def _rounds(self) -> int:
        return self.told().count("Update session completed")

    def told(self) -> str:
        """Give what watchtower has said."""
        return self.site.compose("logs", "watchtower")

    def until(self, what: str, look: Callable[[], bool]) -> None:
        """Wait for it."""
        until(what, _PATIENCE, look, self.made.story)


@contextmanager
def watched(
    make: Callable[[str], Site],
    registry: Registry,
    watchtower: str,
    *,
    ends: str = "abrupt",
    scale: int = 2,
    alone: str = "",
    label: str = "watched",
) -> Iterator[Watched]:
    """Start the project; ``watchtower`` is the image of the stand-in or of the real one.

    ``ends`` says what web does on SIGTERM, ``alone`` what api does, which then has 6 s to end.
    """
    app = apps.good(ends)
    references: list[str] = []
    images: list[str] = []

    def prepare(site: Site) -> None:
        references.append(registry.reference(f"{site.name}/api"))
        images.append(registry.push(apps.build(site.engine, apps.good(alone or ends)), references[0]))
        grace = "6s" if alone else "1s"
        text = _PINNED.format(reference=references[0], port=apps.PORT, health=apps.HEALTH, grace=grace)
        site.write(api=text)
        site.composegen("build")
        compose = site.folder / "docker-compose.yml"
        text = compose.read_text()
        assert f"image: {standin.NAME}\n" in text
        compose.write_text(text.replace(f"image: {standin.NAME}\n", f"image: {watchtower}\n"))

    with deployed(
        make,
        registry,
        app,
        scale=scale,
        grace="2s",
        lines=(f"healthcheck = {apps.HEALTH} 1s", "update = auto"),
        label=label,
        prepare=prepare,
        COMPOSEGEN_UPDATER="watchtower",
        COMPOSEGEN_UPDATE_SCHEDULE=f"'*/{EVERY} * * * * *'",
        COMPOSEGEN_DOCKER_SOCKET=str(registry.engine.socket),
    ) as made:
        yield Watched(made, references[0], images[0])
