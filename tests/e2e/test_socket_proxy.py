"""The socket proxy on a real engine: what it lets through, whom it shows, and who can reach it.

The generated configuration, in the official image, before the engine of the tests. Raw requests
are sent from a container beside Traefik's place: what a taken-over Traefik could do.
"""

from __future__ import annotations

import base64
import json
import subprocess
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from composegen.cli import cli
from tests.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.e2e

CLIENT = "python:3.12-slim"
DOCKERFILE = f"""\
FROM {CLIENT}
# composegen.service = web
# composegen.url = http://web.test
# composegen.port = 8000
# composegen.command = ["python3", "-m", "http.server", "8000"]
# composegen.env = SECRET=sesame
# composegen.stop-grace = 1s
"""
SETTINGS = "COMPOSEGEN_TLS=off\nCOMPOSEGEN_UPDATER=none\n"

# Sends each request as it is and returns the first bytes of every answer.
SEND = """\
import base64, json, socket, sys
from concurrent.futures import ThreadPoolExecutor

def send(request):
    answer = b""
    try:
        with socket.create_connection(("socket-proxy", 2375), 5) as connection:
            connection.settimeout(3)
            connection.sendall(base64.b64decode(request))
            while len(answer) < 65536 and (part := connection.recv(65536)):
                answer += part
    except OSError:
        pass
    return base64.b64encode(answer).decode()

with ThreadPoolExecutor(8) as pool:
    json.dump(list(pool.map(send, json.load(sys.stdin))), sys.stdout)
"""

CONNECT = """\
import socket, sys
try:
    socket.create_connection((sys.argv[1], 2375), 3)
except OSError as error:
    print("refused", error)
else:
    print("connected")
"""


@dataclass
class Project:
    """A composegen project with one routed service and its socket proxy, running."""

    engine: Engine
    folder: Path
    name: str

    def compose(self, *words: str) -> str:
        """Run docker compose."""
        done = subprocess.run(
            ["docker", "compose", *words],
            cwd=self.folder,
            env=self.engine.env | {"COMPOSE_PROJECT_NAME": self.name},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def send(self, *requests: bytes) -> list[bytes]:
        """Return the answers to raw requests from a container in Traefik's network."""
        told = self.engine.docker(
            *("run", "--rm", "-i", "--network", f"{self.name}_socket", CLIENT, "python3", "-c", SEND),
            stdin=json.dumps([base64.b64encode(r).decode() for r in requests]),
        )
        return [base64.b64decode(a) for a in json.loads(told)]

    def identity(self, service: str) -> str:
        """Return the full id of the service's container."""
        return self.compose("ps", "-q", service).strip()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Build and start it; nothing of it stays."""
    engine = Engine.shared()
    name = f"cgproxy{uuid.uuid4().hex[:8]}"
    folder = tmp_path_factory.mktemp("proxy")
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / ".env").write_text(SETTINGS)
    built = CliRunner().invoke(cli, ["build", str(folder)])
    assert built.exit_code == 0, built.output
    found = Project(engine, folder, name)
    try:
        found.compose("up", "-d", "--quiet-pull", "--wait", "web", "socket-proxy")
        yield found
    finally:
        found.compose("down", "-v", "--remove-orphans", "-t", "1")


def get(path: str, *headers: str, method: str = "GET", version: str = "HTTP/1.1") -> bytes:
    """Return a request as bytes."""
    lines = [f"{method} {path} {version}", "Host: socket-proxy", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def refused(ident: str) -> list[bytes]:
    """Return the ways out that were thought of. ``ident`` is a container that may be read."""
    there = f"/v1.43/containers/{ident}"
    create = '{"Image":"busybox:musl","HostConfig":{"Privileged":true,"Binds":["/:/host"]}}'
    body = f"Content-Length: {len(create)}"
    post = get("/containers/create", body, "Content-Type: application/json", method="POST")
    return [
        # other calls
        *(
            get(p)
            for p in ("/", "/info", "/images/json", "/networks", "/volumes", "/system/df", "/v1.43/info")
        ),
        *(
            get(p)
            for p in ("/secrets", "/configs", "/swarm", "/nodes", "/plugins", "/tasks", "/build", "/auth")
        ),
        *(
            get(f"{there}/{c}")
            for c in ("logs?stdout=1", "top", "changes", "export", "stats?stream=0", "attach/ws")
        ),
        get(f"{there}/archive?path=/etc/passwd"),
        get("/images/busybox:musl/get"),
        get("/exec/" + "0" * 64 + "/json"),
        # other methods
        *(
            get("/containers/json", method=m)
            for m in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get")
        ),
        get("/_ping", method="POST"),
        get(there, method="DELETE"),
        get(f"{there}/json", method="HEAD"),
        get(f"{there}/stop", method="POST"),
        get(f"{there}/exec", method="POST"),
        get("/session", "Upgrade: h2c", method="POST").replace(b": close", b": Upgrade"),
        get("/containers/json", "Upgrade: tcp").replace(b"Connection: close", b"Connection: Upgrade"),
        get("socket-proxy:2375", method="CONNECT"),
        post + create.encode(),
        # a name, a part of an id, other spellings
        get("/containers/web/json"),
        get(f"/containers/{ident[:12]}/json"),
        get(f"/containers/{ident.upper()}/json"),
        get(f"{there}/json/"),
        get(f"{there}//json"),
        get(f"/containers/{ident}x/json"),
        *(
            get(p)
            for p in ("//containers/json", "/./containers/json", "/v1.43/../containers/json/../../info")
        ),
        *(
            get(p)
            for p in (
                "/containers/json/../../images/json",
                "/containers/%6ason",
                "/containers/json%2f..%2finfo",
            )
        ),
        *(
            get(p)
            for p in (
                "/containers/json;/info",
                "/containers/json%00",
                "/containers/json%0a",
                "/Containers/json",
            )
        ),
        *(get(p) for p in ("/v2.0/containers/json", "/v1./containers/json", "/v1.9999/containers/json")),
        *(
            get(p)
            for p in ("/containers/json#/../info", "/version/../info", "/_ping/../info", "\\containers\\json")
        ),
        *(
            get(f"{s}://socket-proxy{p}")
            for s in ("http", "https", "ftp")
            for p in ("/info", "/containers/json")
        ),
        get("*", method="OPTIONS"),
        get("/info", version="HTTP/1.0"),
        b"GET /info\r\n\r\n",
        # smuggling: a second request inside of the first
        get("/containers/json", "Content-Length: 60") + get("/info"),
        get("/containers/json", "Transfer-Encoding: chunked") + b"0\r\n\r\n" + get("/info"),
        get("/_ping", "Content-Length: 0", "Transfer-Encoding: chunked") + b"0\r\n\r\n" + post,
        get("/_ping", "Transfer-Encoding : chunked") + b"0\r\n\r\n",
        get("/_ping", "Content-Length: 5", "Content-Length: 6") + b"12345",
        b"GET /_ping HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /info HTTP/1.1\nHost: a\n\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00",
        get("/" + "a" * 20_000),
        b"\x16\x03\x01\x00\x05hello",
        get("/info", "X-HTTP-Method-Override: POST", "X-Original-URL: /info", "X-Rewrite-URL: /info"),
    ]


def status(answer: bytes) -> int:
    """Return the status of an answer; 0 for a connection that was closed without one."""
    return int(answer.split()[1]) if answer.startswith(b"HTTP/") else 0


def test_nothing_but_the_list_gets_through(project: Project) -> None:
    """Each way out ends at the proxy: refused, or closed without an answer."""
    requests = refused(project.identity("web"))
    assert len(requests) > 60
    for request, answer in zip(requests, project.send(*requests), strict=True):
        assert status(answer) in {0, 400, 403, 405, 414, 431}, (request[:90], answer[:200])
        # The engine's own answers carry these; HAProxy's do not.
        assert b"docker" not in answer.lower(), (request[:90], answer[:200])
        assert b"api-version" not in answer.lower(), (request[:90], answer[:200])
        assert answer.count(b"HTTP/1") <= 1, (request[:90], answer[:400])


def test_what_traefik_asks_is_answered(project: Project) -> None:
    """The list holds all of it, with and without a version in front."""
    there = f"/containers/{project.identity('web')}/json"
    asked = [
        get("/_ping", method="HEAD"),
        *(get(f"{v}{p}") for v in ("", "/v1.43") for p in ("/_ping", "/version", "/containers/json", there)),
    ]
    assert [status(a) for a in project.send(*asked)] == [200] * len(asked)


def test_a_second_request_is_judged_alone(project: Project) -> None:
    """Pipelined behind one that may pass."""
    first = b"GET /_ping HTTP/1.1\r\nHost: a\r\n\r\n"
    (answer,) = project.send(first + get("/info"))
    assert answer.count(b"HTTP/1.1 200") == 1
    assert answer.count(b"HTTP/1.1 403") == 1


def body(answer: bytes) -> Any:
    """Return the JSON of an answer, chunked or not."""
    _, _, rest = answer.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" in answer.lower():
        joined, left = b"", rest
        while left:
            size, _, left = left.partition(b"\r\n")
            if not size.strip() or int(size, 16) == 0:
                break
            joined, left = joined + left[: int(size, 16)], left[int(size, 16) + 2 :]
        rest = joined
    return json.loads(rest)


@pytest.fixture
def strangers(project: Project) -> Iterator[list[str]]:
    """Start containers that are none of Traefik's business; return their ids."""
    run = ("run", "-d", "--rm", "--label", "traefik.enable=true")
    kinds = [[], ["composegen.frontend=other"], [f"com.docker.compose.project={project.name}"]]
    started = [
        project.engine.docker(
            *run, *(w for label in kind for w in ("--label", label)), CLIENT, "sleep", "300"
        ).strip()
        for kind in kinds
    ]
    started.append(project.compose("run", "-d", "--no-deps", "web", "sleep", "300").strip())
    try:
        yield [project.engine.docker("inspect", "-f", "{{.Id}}", s).strip() for s in started]
    finally:
        project.engine.docker("rm", "-f", *started)


@pytest.mark.parametrize(
    "query",
    ["", "?all=1", '?filters={"label":["traefik.enable"]}', "?all=1&filters=%7B%7D", "?size=1&limit=-1"],
)
def test_the_list_shows_only_what_is_labelled(project: Project, strangers: list[str], query: str) -> None:
    """Whatever is asked: no other project's containers, no one-offs."""
    (answer,) = project.send(get(f"/v1.43/containers/json{query}"))
    shown = {c["Id"] for c in body(answer)}
    assert shown == {project.identity("web"), project.identity("socket-proxy")}
    assert not shown & set(strangers)


def test_events_tell_only_of_what_is_labelled(project: Project) -> None:
    """Two containers start; the stream tells of the project's own."""
    listen = (
        "import socket,sys,time\n"
        "c = socket.create_connection(('socket-proxy', 2375))\n"
        "c.sendall(b'GET /v1.43/events?filters=%7B%7D HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n')\n"
        "print('ready', flush=True)\n"
        "end = time.time() + 12\n"
        "while (left := end - time.time()) > 0:\n"
        "    c.settimeout(left)\n"
        "    try: sys.stdout.write(c.recv(65536).decode())\n"
        "    except TimeoutError: break\n"
    )
    command = [
        "docker",
        "run",
        "--rm",
        "-i",
        "--network",
        f"{project.name}_socket",
        CLIENT,
        "python3",
        "-u",
        "-c",
        listen,
    ]
    with subprocess.Popen(command, env=project.engine.env, stdout=subprocess.PIPE, text=True) as listener:
        assert listener.stdout is not None
        assert listener.stdout.readline() == "ready\n"
        other = project.engine.docker(
            "run", "-d", "--rm", "--label", "traefik.enable=true", CLIENT, "sleep", "60"
        ).strip()
        single = project.compose("run", "-d", "--no-deps", "web", "sleep", "60").strip()
        project.compose("restart", "-t", "1", "web")
        heard = listener.stdout.read()
    single = project.engine.docker("inspect", "-f", "{{.Id}}", single).strip()
    project.engine.docker("rm", "-f", other, single)
    assert project.identity("web") in heard
    assert other not in heard
    assert single not in heard


def test_nobody_else_can_reach_it(project: Project) -> None:
    """Not by name and not by address: the app is not in the proxy's network."""
    inspected = json.loads(project.engine.docker("inspect", project.identity("socket-proxy")))[0]
    networks = inspected["NetworkSettings"]["Networks"]
    assert list(networks) == [f"{project.name}_socket"]
    address = networks[f"{project.name}_socket"]["IPAddress"]
    for target in ("socket-proxy", f"{project.name}-socket-proxy-1", address):
        said = project.compose("exec", "-T", "web", "python3", "-c", CONNECT, target)
        assert said.startswith("refused"), target
    beside = project.engine.docker(
        "run", "--rm", "--network", f"{project.name}_socket", CLIENT, "python3", "-c", CONNECT, address
    )
    assert beside.startswith("connected")  # so that the refusals above mean something
    assert inspected["HostConfig"]["CapDrop"] == ["ALL"]
    assert inspected["HostConfig"]["ReadonlyRootfs"] is True
    assert inspected["HostConfig"]["PortBindings"] in ({}, None)
