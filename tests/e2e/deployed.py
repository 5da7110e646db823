"""A project whose service is deployed: a registry, releases of the test app, load, and what it cost."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests import load
from tests.e2e.site import HERE, Site, wait
from tests.load.executions import counted
from tests.standin.scene import apps
from tests.standin.scene.sink import Sink, listen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.standin.scene.registry import Registry

HOST = "app.test"
_LEAD = 2.0
_SPEAKS = re.compile(r" (?P<name>[\w.-]+)(?:\[\d+\])?: testapp: version (?P<version>\S+) listens")
_ASKED = re.compile(r" (?P<name>[\w.-]+)(?:\[\d+\])?: REQ ")
_DOCKERFILE = """\
# composegen.service = web
# composegen.image = {reference}
# composegen.url = http://{host}
# composegen.port = {port}
# composegen.scale = {scale}
# composegen.stop-grace = {grace}
# composegen.compose.logging = {logging}
{more}FROM scratch
COPY testapp /testapp
ENTRYPOINT ["/testapp"]
"""


@dataclass(frozen=True)
class Kind:
    """One kind of requests in a mixed load."""

    name: str
    path: str = "/post"
    rate: float = 200.0
    methods: tuple[str, ...] = ("GET", "POST")
    keep_alive: bool = False
    body: int = 64
    lasting: float = 0.0
    websocket: bool = False


NEW = Kind("new")
KEPT = Kind("kept", keep_alive=True)
SLOW = Kind("slow", path="/slow?ms=3000", rate=4.0, methods=("GET",))
UPLOAD = Kind("upload", rate=2.0, methods=("POST",), body=1 << 20)
MIXED = (
    Kind("new", rate=140.0),
    Kind("kept", rate=54.0, keep_alive=True),
    SLOW,
    UPLOAD,
)


@dataclass
class Cost:
    """What deploys under load cost; read it when the ``with`` block has ended."""

    results: dict[str, load.Result] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)
    unseen: int = 0

    @property
    def sent(self) -> int:
        """All requests."""
        return sum(r.sent for r in self.results.values())

    @property
    def lost(self) -> int:
        """All that were lost."""
        return sum(r.lost_count for r in self.results.values())

    @property
    def late(self) -> bool:
        """Whether the client was late itself, so that the figures say nothing."""
        return any(r.late for r in self.results.values())

    @property
    def slowest(self) -> float:
        """The slowest answer of those that are not slow by themselves, in seconds."""
        return max((r.slowest for n, r in self.results.items() if n != SLOW.name), default=0.0)

    def __str__(self) -> str:
        lines = [f"{self.lost} of {self.sent} lost, slowest {self.slowest:.2f} s"]
        lines += [f"POSTs executed twice {len(self.twice)}, never {self.unseen}"]
        return "\n".join([*lines, *(f"{name}: {result}" for name, result in self.results.items())])

    def nothing_lost(self, at_least: int) -> None:
        """See that all were answered, and each POST executed once.

        Raises:
            TooBusyError: the client itself was late, so the figures say nothing.
        """
        print(self)  # noqa: T201 - the figures belong to the test's report
        load.measured(*self.results.values())
        assert self.sent >= at_least, str(self)
        assert (self.lost, self.unseen, self.twice) == (0, 0, []), str(self)


@dataclass
class Deployed:
    """The project; ``reference`` is the tag that its service follows."""

    site: Site
    registry: Registry
    sink: Sink
    reference: str
    scale: int

    def command(self, *words: str, code: int = 0, environ: Mapping[str, str] | None = None) -> str:
        """Run composegen, see that it ends with this code, and give all that it said."""
        done = subprocess.run(
            [sys.executable, "-m", "composegen", *words],
            cwd=self.site.folder,
            env={**self.site.env, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        told = f"composegen {' '.join(words)} ended with {done.returncode}:\n{done.stdout}"
        assert done.returncode == code, f"{told}\n{self.story()}"
        return done.stdout

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Start composegen; its lines can be read while it runs."""
        return subprocess.Popen(
            [sys.executable, "-m", "composegen", *words],
            cwd=self.site.folder,
            env=self.site.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def publish(self, app: apps.App, tag: str = "latest") -> str:
        """Push a release under the project's tag; give its image id."""
        repository = self.reference.rpartition(":")[0]
        return self.registry.push(apps.build(self.site.engine, app), f"{repository}:{tag}")

    def images(self) -> list[str]:
        """Give the image of each container."""
        return self.site.state("{{.Image}}", "web")

    def settled(self, image: str, release: int | None = None) -> None:
        """See that the full number runs this image, is ready, and that nothing else is left."""
        found = self.site.state("{{.Image}} {{.State.Status}} {{.State.Health.Status}}", "web")
        assert found == [f"{image} running healthy"] * max(1, self.scale), self.story()
        assert self.flags() == [".gitignore"]
        assert not (self.site.folder / ".composegen" / "intent").exists()
        assert not (self.site.folder / ".composegen" / "lock.holder").exists()
        if release is not None:
            assert self.active() == release, self.story()

    def flags(self) -> list[str]:
        """List what is in the folder of the hold flags."""
        return [p.name for p in (self.site.folder / "composegen.d" / "hold").iterdir()]

    def active(self) -> int:
        """Give the number of the active release."""
        lines = self.command("releases", "web").splitlines()
        return int(next(line.split()[2] for line in lines if line.startswith("*")))

    def story(self) -> str:
        """Tell what explains a failure."""
        form = "{{.Name}} {{.Image}} {{.State.Status}} {{json .State.Health}}"
        return "\n".join([*self.site.state(form, "web"), *self.sink.lines[-5:]])

    def asked_of(self, version: str) -> int:
        """Count the requests that containers of a release have answered, by the release's version."""
        speaks: dict[str, str] = {}
        count = 0
        for line in list(self.sink.lines):
            if begun := _SPEAKS.search(line):
                speaks[begun["name"]] = begun["version"]
            elif asked := _ASKED.search(line):
                count += speaks.get(asked["name"]) == version
        return count

    @contextmanager
    def load(self, kinds: Sequence[Kind], count: int, lead: float = _LEAD) -> Iterator[Cost]:
        """Send requests of all kinds, ``count`` at least, from ``lead`` seconds before until after."""
        cost, before = Cost(), len(self.sink.lines)
        total = sum(k.rate for k in kinds)
        with ExitStack() as stack:
            running = [
                stack.enter_context(load.start(self._load(kind, int(count * kind.rate / total) + 1)))
                for kind in kinds
            ]
            time.sleep(lead)
            yield cost
            time.sleep(lead)
            cost.results.update({r.load.name: r.finish() for r in running})
        executed = counted(self.sink.lines[before:])
        for one in running:
            posts = [f"POST {one.load.identity(n)}" for n in range(cost.results[one.load.name].sent)]
            posts = [name for name in posts if name.endswith("-POST")]
            cost.twice += [name for name in posts if executed[name] > 1]
            cost.unseen += sum(not executed[name] for name in posts)

    def _load(self, kind: Kind, count: int) -> load.Load:
        return load.Load(
            f"http://{HOST}{kind.path}",
            self.site.http,
            rate=kind.rate,
            count=count,
            limit=200_000,
            methods=kind.methods,
            keep_alive=kind.keep_alive,
            body=kind.body,
            lasting=kind.lasting,
            websocket=kind.websocket,
            lag=2.0,
            name=kind.name,
        )


@contextmanager
def deployed(
    make: Callable[[str], Site],
    registry: Registry,
    first: apps.App,
    *,
    scale: int = 2,
    grace: str = "5s",
    lines: Sequence[str] = (f"healthcheck = {apps.HEALTH}",),
    label: str = "deploy",
    prepare: Callable[[Site], None] = lambda _: None,
    **settings: str,
) -> Iterator[Deployed]:
    """Start a project with its first release, and wait until it answers; its site removes it.

    ``prepare`` gets the built project before it is started.
    """
    site = make(label)
    with listen() as sink:
        reference = registry.reference(f"{site.name}/web")
        made = Deployed(site, registry, sink, reference, scale)
        image = made.publish(first)
        more = "".join(f"# composegen.{line}\n" for line in lines)
        text = _DOCKERFILE.format(
            reference=reference,
            host=HOST,
            port=apps.PORT,
            scale=scale,
            grace=grace,
            logging=str(sink.logging).replace("'", '"'),
            more=more,
        )
        (site.folder / "Dockerfile").write_text(text)
        site.settings(**{"COMPOSEGEN_TLS": "off", "COMPOSEGEN_UPDATER": "none", **settings})
        site.composegen("build")
        prepare(site)
        site.up()
        wait("an answer", lambda: site.get(HOST).status == 200)
        made.settled(image)
        yield made


def address(site: Site) -> tuple[str, int]:
    """Give where the frontend listens."""
    return HERE, site.http


def read_until(process: subprocess.Popen[str], what: str) -> str:
    """Read the lines of a command until one holds ``what``; give them."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if what in line:
            return said
    raise AssertionError(f"it never said {what!r}:\n{said}")
