"""A project whose certificates come from pebble, behind either frontend.

An override file puts pebble beside the project, as a user could; the hosts lead to the frontend
inside of its network, so that pebble finds them as an authority finds hosts in the internet.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from tests.conformance import pebble
from tests.conformance.frontends import KNOWN, Frontend
from tests.e2e.site import HERE, Site, wait
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SETTINGS = {
    "COMPOSEGEN_TLS": "acme",
    "COMPOSEGEN_ACME_EMAIL": "ops@example.com",
    "COMPOSEGEN_ACME_DIRECTORY": pebble.DIRECTORY,
    "COMPOSEGEN_ACME_CA_FILE": "./acme-ca.pem",
}
# pebble's second name stands for another ACME server.
OTHER_DIRECTORY = "https://acme:14000/dir"


@dataclass
class Certified:
    """A site, its frontend, and the port of pebble's management API."""

    site: Site
    frontend: Frontend
    trusted: str
    port: int = field(default_factory=free_port)

    @classmethod
    def prepare(cls, site: Site, frontend: str, **settings: str) -> Certified:
        """Build the project; :meth:`beside` has to follow before it is started."""
        trusted = pebble.authority(site.engine)
        (site.folder / "acme-ca.pem").write_text(trusted)
        site.settings(**(SETTINGS | {"COMPOSEGEN_FRONTEND": frontend} | settings))
        site.composegen("build")
        return cls(site, KNOWN[frontend], trusted)

    def beside(self, hosts: Sequence[str], *, every: int = 3600) -> None:
        """Write the override file: pebble, for which ``hosts`` lead to the frontend.

        certbot looks every so many seconds, and its health is known after one.
        """
        compose = yaml.safe_load((self.site.folder / "docker-compose.yml").read_text())
        services: dict[str, Any] = {n: dict(s) for n, s in self.frontend.hasten(compose).items()}
        services.setdefault(self.frontend.service, {})["networks"] = {"frontend": {"aliases": [*hosts]}}
        services.setdefault(self.frontend.client, {})["depends_on"] = ["pebble"]
        if self.frontend.client == "certbot":
            services["certbot"]["environment"] = {"EVERY": str(every)}
            services["certbot"]["healthcheck"] = {"interval": "1s", "start_period": "0s"}
        sides = (self.frontend.service, self.frontend.client)
        used = [n for s in sides for n in compose["services"][s].get("networks", ["default"])]
        open_ones = [n for n in dict.fromkeys(used) if not compose["networks"][n].get("internal")]
        services["pebble"] = pebble.service(
            self.site.engine, self.site.folder, open_ones, f"{HERE}:{self.port}", self.frontend.validity
        )
        services["pebble"]["networks"] = {n: {"aliases": ["acme"]} for n in open_ones}
        pebble.write_override(self.site.folder / "docker-compose.override.yml", services)

    def root(self) -> str:
        """Give the root that pebble signs with, once it runs."""
        return wait("pebble", lambda: pebble.root((HERE, self.port), self.trusted))

    @contextmanager
    def connect(self, host: str, root: str) -> Iterator[ssl.SSLSocket]:
        """Connect to a host over https; only ``root`` is trusted."""
        with socket.create_connection((HERE, self.site.https), timeout=30) as plain:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.site.trusting(root).wrap_socket(plain, server_hostname=host) as secured:
                yield secured

    def certificate(self, host: str, root: str) -> bytes:
        """Give the certificate that a client of ``host`` is shown, once it is one of ``root``'s."""

        def look() -> bytes | None:
            with self.connect(host, root) as connection:
                return connection.getpeercert(binary_form=True)

        return wait(f"a certificate for {host}", look, 120)

    def renewed(self, host: str, root: str, seconds: float = 90) -> bytes:
        """Have the certificate of ``host`` renewed by the frontend itself; give it once it is shown."""
        before = self.certificate(host, root)
        self.frontend.renew(self.site, host)
        return self.another(host, root, before, seconds)

    def another(self, host: str, root: str, before: bytes, seconds: float = 90) -> bytes:
        """Give the next certificate of ``host``, once it is shown."""
        return wait(
            f"another certificate for {host}",
            lambda: found if (found := self.certificate(host, root)) != before else None,
            seconds,
        )

    def orders(self) -> int:
        """Count the certificates that this pebble has issued."""
        return self.site.compose("logs", "pebble").count("Issued certificate serial")


def refused(site: Site, host: str) -> bool:
    """Whether the frontend ends a handshake for ``host``, before it shows any certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with closing(socket.create_connection((HERE, site.https), timeout=10)) as plain:
        try:
            context.wrap_socket(plain, server_hostname=host).close()
        except ssl.SSLError:
            return True
    return False
