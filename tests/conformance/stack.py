"""The running project of the suite, behind one frontend."""

from __future__ import annotations

import re
import shutil
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.conformance import pebble
from tests.conformance.background import Background, Watch
from tests.conformance.client import ADDRESS, Client
from tests.conformance.frontends import KNOWN, Frontend
from tests.conformance.message import Answer, Request
from tests.conformance.uploads import upload
from tests.conformance.websocket import WebSocket
from tests.e2e.site import Site, wait
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.conformance.message import Headers
    from tests.conformance.rows import Row
    from tests.engine import Engine

HERE = Path(__file__).parent
# alice: "open sesame", as bcrypt
HTPASSWD = "# who may\nalice:$2y$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW\n"
SITE_HOST = "from-env.test"
UNKNOWN = "nowhere.test"  # the ACME server finds no such host


@dataclass
class Stack:
    """The project ``site``; ``client`` is the address of the suite as the frontend sees it."""

    frontend: Frontend
    site: Site
    http: Client
    client: str
    slow_upload: Background[str] = field(init=False)
    slow_answer: Background[int] = field(init=False)
    socket: WebSocket = field(init=False)
    watch: Watch = field(init=False)

    @classmethod
    def start(cls, engine: Engine, frontend: Frontend, folder: Path) -> Stack:
        """Build and start the project in ``folder``, and wait until every host has its certificate."""
        site = Site(engine, folder, f"cgconf{frontend.name}{folder.stat().st_ino}")
        shutil.copytree(HERE / "site", folder, dirs_exist_ok=True)
        trusted = pebble.authority(engine)
        (folder / "acme-ca.pem").write_text(trusted)
        (folder / "secrets").mkdir(mode=0o700)
        (folder / "secrets" / "staff").write_text(HTPASSWD)
        site.settings(
            SITE_HOST=SITE_HOST,
            TWIN_HOST=SITE_HOST,
            BESIDE_HOST="Beside.star.test",
            COMPOSEGEN_FRONTEND=frontend.name,
            COMPOSEGEN_UPDATER="none",
            COMPOSEGEN_TLS="acme",
            COMPOSEGEN_ACME_EMAIL="ops@example.com",
            COMPOSEGEN_ACME_DIRECTORY=pebble.DIRECTORY,
            COMPOSEGEN_ACME_CA_FILE="./acme-ca.pem",
        )
        try:
            site.composegen("build")
            management = free_port()
            hosts = _override(engine, site, frontend, management)
            site.up()
            root = wait("pebble", lambda: pebble.root((ADDRESS, management), trusted))
            network = f"{site.name}_frontend"
            gateway = "{{(index .IPAM.Config 0).Gateway}}"
            client = engine.docker("network", "inspect", f"--format={gateway}", network).strip()
            stack = cls(frontend, site, Client(site.http, site.https, root), client)
            for host in hosts:
                stack.ready(host)
            stack.begin()
        except BaseException:
            site.end()
            raise
        return stack

    def begin(self) -> None:
        """Start what takes more than a minute, so that no test has to wait for all of it."""
        slow = Request.to(f"https://{SITE_HOST}/sum", "POST")
        self.slow_upload = Background(lambda: upload(self.http, slow, 150, pause=0.5, piece=1))
        late = Request.to(f"https://{SITE_HOST}/slow?ms=70000")
        self.slow_answer = Background(lambda: replace(self.http, patience=90).ask(late).status)
        self.socket = WebSocket(self.http, f"https://{SITE_HOST}/ws")
        self.watch = Watch(self.http, Request.to(f"https://{SITE_HOST}/"))

    def end(self) -> None:
        """Remove the project."""
        self.watch.stop()
        self.socket.close()
        self.site.end()

    def trust(self) -> None:
        """Say in .env that the suite's own address is that of a trusted proxy."""
        self.site.settings(COMPOSEGEN_TRUSTED_PROXIES=self.client)
        self.site.up()
        self.ready(SITE_HOST)

    def ready(self, host: str) -> None:
        """Wait for the certificate of a host."""
        wait(f"the certificate of {host}", lambda: self.get(f"https://{host}/").status)

    def ask(self, request: Request) -> Answer:
        """Send a request."""
        return self.http.ask(request)

    def get(self, url: str, method: str = "GET", **more: Any) -> Answer:
        """Send a request to a URL."""
        return self.http.ask(Request.to(url, method, **more))

    def burst(self, url: str, headers: Iterable[Headers] = ((),) * 20, **more: Any) -> Counter[int]:
        """Send a request with each of these headers, all at one time; count the statuses.

        One after the other they would take as long as the machine likes, and a rate limit would never be
        reached: one passes each second, and Traefik forgets a client that is silent for two.
        """
        with ThreadPoolExecutor(20) as pool:
            return Counter(pool.map(lambda sent: self.get(url, headers=sent, **more).status, headers))

    def faults(self, row: Row) -> list[str]:
        """Ask what a row asks; list what is otherwise than it says."""
        expected = row.of(self.frontend.name)
        if expected.refused:
            return [] if self.http.refused(row.request) else ["the handshake succeeded"]
        word = uuid.uuid4().hex
        if expected.executed is not None:
            # What the row before has broken is no matter of this one.
            rest = f"https://{row.request.host}/"
            wait("the service", lambda: {self.get(rest).status for _ in range(6)} == {200})
        sent = ((name, self._fill(value)) for name, value in row.request.headers)
        request = replace(row.request, headers=(*sent, ("X-Request-Id", word)))
        try:
            answer = self.ask(request)
        except EOFError as error:
            return [] if expected.cut else [str(error)]
        found = expected.faults(answer, self._fill)
        if expected.executed is not None:
            least, most = expected.executed
            times = len(self.executions(word))
            if not least <= times <= most:
                found.append(f"executed {times} times, expected {least} to {most}")
        return found

    def _fill(self, text: str) -> str:
        for name, value in (
            ("{http}", self.site.http),
            ("{https}", self.site.https),
            ("{client}", self.client),
        ):
            text = text.replace(name, str(value))
        return text

    def executions(self, word: str, *containers: str) -> list[str]:
        """List the lines in which the applications, or these alone, say that they executed ``word``."""
        asked = containers or self.site.containers()
        told = [self.site.engine.docker("logs", "--since=60s", c) for c in asked]
        return [line for log in told for line in log.splitlines() if line.startswith(f"REQ {word} ")]


def _override(engine: Engine, site: Site, frontend: Frontend, port: int) -> list[str]:
    """Put pebble beside the project; give the https hosts that it has."""
    compose = yaml.safe_load((site.folder / "docker-compose.yml").read_text())
    named = [entry["url"] for entry in compose["x-composegen"]["urls"]]
    urls = [re.sub(r"\$\{\w+_HOST:\?\}", SITE_HOST, url) for url in named if "*" not in url]
    hosts = sorted({Request.to(url).host for url in urls} - {UNKNOWN})
    secure = sorted({Request.to(url).host for url in urls if url.startswith("https:")} - {UNKNOWN})
    networks = dict.fromkeys([*_networks(compose, frontend.service), *_networks(compose, frontend.client)])
    services = {name: dict(extra) for name, extra in frontend.hasten(compose).items()}
    front = services.setdefault(frontend.service, {})
    front["networks"] = {"frontend": {"aliases": [*hosts, "late.test"]}}
    services.setdefault(frontend.client, {})["depends_on"] = ["pebble"]
    names = [name for name in networks if not compose["networks"][name].get("internal")]
    services["pebble"] = pebble.service(engine, site.folder, names, f"{ADDRESS}:{port}", frontend.validity)
    pebble.write_override(site.folder / "docker-compose.override.yml", services)
    return secure


def _networks(compose: dict[str, Any], service: str) -> list[str]:
    return list(compose["services"][service].get("networks", ["default"]))


def known(name: str) -> Frontend:
    """Give what the suite knows of a frontend."""
    return KNOWN[name]
