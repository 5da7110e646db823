"""A composegen project in a folder of its own, used as its user would: build, make, requests."""

from __future__ import annotations

import http.client
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.engine import Engine

ROOT = Path(__file__).parents[2]
HERE = "127.0.0.1"
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str


def wait(what: str, look: Callable[[], _Found], seconds: float = 90) -> _Found:
    """Wait for a true answer and give it; connections that fail meanwhile are no answer."""
    deadline = time.monotonic() + seconds
    problem: Exception | None = None
    while (begun := time.monotonic()) < deadline:
        try:
            if found := look():
                return found
        except (OSError, http.client.HTTPException) as error:
            problem = error
        # A look may cost the processor as much as what is waited for.
        time.sleep(min(1.0, max(0.1, 2 * (time.monotonic() - begun))))
    raise AssertionError(f"waited {seconds:g} s in vain: {what} ({problem})")


def run(words: list[str], folder: Path, env: Mapping[str, str], *, check: bool = True) -> str:
    """Run a command and give all that it said."""
    done = subprocess.run(
        words,
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    told = f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}"
    assert not check or done.returncode == 0, told
    return done.stdout


@dataclass
class Site:
    """The project: its folder, its name in the engine, and the ports of its frontend."""

    engine: Engine
    folder: Path
    name: str
    http: int = field(default_factory=free_port)
    https: int = field(default_factory=free_port)
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        """The environment of commands: the engine, and no setting but its socket."""
        mine = {k: v for k, v in self.engine.env.items() if not k.startswith(("COMPOSE", "MAKE"))}
        return mine | self.engine.exports | self.environ

    def settings(self, **values: str) -> None:
        """Put lines into .env that win over what stands there."""
        own = {
            "COMPOSE_PROJECT_NAME": self.name,
            "COMPOSEGEN_HTTP_PORT": str(self.http),
            "COMPOSEGEN_HTTPS_PORT": str(self.https),
            "COMPOSEGEN_BIND": HERE,
        }
        path = self.folder / ".env"
        before = path.read_text() if path.exists() else ""
        lines = [f"{name}={value}\n" for name, value in (own | values).items()]
        path.write_text(before + ("" if before.endswith("\n") or not before else "\n") + "".join(lines))

    def write(self, **files: str) -> None:
        """Write Dockerfiles, each into a folder named after it."""
        for name, text in files.items():
            (self.folder / name).mkdir(exist_ok=True)
            (self.folder / name / "Dockerfile").write_text(text)

    def composegen(self, *words: str, check: bool = True) -> str:
        """Run composegen."""
        return run([sys.executable, "-m", "composegen", *words], self.folder, self.env, check=check)

    def make(self, *words: str, check: bool = True) -> str:
        """Run make."""
        return run(["make", *words], self.folder, self.env, check=check)

    def up(self, *, check: bool = True) -> str:
        """Run make up."""
        return self.make("up", check=check)

    def compose(self, *words: str, check: bool = True) -> str:
        """Run docker compose."""
        return run(["docker", "compose", *words], self.folder, self.env, check=check)

    def containers(self, *services: str) -> list[str]:
        """List the ids of containers, one-shots and stopped ones included."""
        label = "label=com.docker.compose"
        filters = [f"{label}.project={self.name}", f"{label}.oneoff=False"]
        found: set[str] = set()
        for wanted in [[f"{label}.service={s}"] for s in services] or [[]]:
            words = [f"--filter={f}" for f in (*filters, *wanted)]
            found |= set(self.engine.docker("ps", "--all", "--quiet", "--no-trunc", *words).split())
        return sorted(found)

    def state(self, form: str, *services: str) -> list[str]:
        """List one thing of ``docker inspect`` for each container."""
        return self.engine.docker("inspect", f"--format={form}", *self.containers(*services)).splitlines()

    def starts(self) -> list[str]:
        """List what differs as soon as a container was made anew or started again.

        One-shots may run again: that is how they keep what they made fresh.
        """
        form = "{{.Id}} {{if .State.Running}}{{.State.StartedAt}}{{end}}"
        return sorted(self.state(form))

    def ca(self) -> str:
        """Give the certificate of the project's own authority (COMPOSEGEN_TLS=local)."""
        target = self.folder / "ca.pem"
        frontends = {"traefik": "/etc/traefik/dynamic/ca.pem", "nginx": "/tls/certificates/ca.pem"}
        service = next(name for name in frontends if self.containers(name))
        self.compose("cp", f"{service}:{frontends[service]}", str(target))
        return target.read_text()

    def get(
        self,
        host: str,
        path: str = "/",
        *,
        ca: str | None = None,
        method: str = "GET",
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request to the frontend; over https, with ``ca`` as the only trusted authority."""
        connection = http.client.HTTPConnection(HERE, self.https if ca else self.http, timeout=10)
        try:
            connection.connect()
            if ca:
                connection.sock = self.trusting(ca).wrap_socket(connection.sock, server_hostname=host)
            connection.request(method, path, body, {"Host": host, **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.headers), answer.read().decode(errors="replace"))
        finally:
            connection.close()

    @staticmethod
    def trusting(ca: str) -> ssl.SSLContext:
        """Give a context that trusts one authority."""
        return ssl.create_default_context(cadata=ca)

    def left(self) -> list[str]:
        """List everything that the engine has of this project."""
        mine = f"--filter=label=com.docker.compose.project={self.name}"
        found = []
        for kind in ("container", "network", "volume"):
            all_ = ["--all"] if kind == "container" else []
            found += [f"{kind} {i}" for i in self.engine.docker(kind, "ls", "--quiet", *all_, mine).split()]
        return found

    def end(self) -> None:
        """Remove everything, whatever state the project is in."""
        for kind, words in (
            ("container", ["rm", "--force", "--volumes"]),
            ("network", ["rm"]),
            ("volume", ["rm", "--force"]),
        ):
            ids = [line.split()[1] for line in self.left() if line.startswith(f"{kind} ")]
            if ids:
                self.engine.docker(kind, *words, *ids, check=False)
        tags = self.engine.docker("images", "--format={{.Repository}}:{{.Tag}}", f"{self.name}-*").split()
        if tags:
            self.engine.docker("rmi", *tags, check=False)
