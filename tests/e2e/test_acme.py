"""Certificates from a real ACME server (pebble), which finds the host as the internet would.

pebble stands in an override file beside the project, as Compose lets any user add one; the
host's name leads to Traefik inside of the frontend's network.
"""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import pytest

from tests.e2e import h2
from tests.e2e.site import HERE, Site, wait
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "hello.test"
OVER_HTTP = "Attempting to validate w/ HTTP"
OVERRIDE = """\
services:
  traefik:
    networks: {{frontend: {{aliases: [{host}]}}}}
    depends_on: [pebble]
  pebble:
    image: pebble:test
    networks: {{frontend: {{aliases: [acme]}}}}
    ports: ["{here}:{port}:15000"]
"""


class Acme:
    """The example hello with certificates from pebble."""

    def __init__(self, site: Site, challenge: str) -> None:
        self.site = site
        self.port = free_port()
        override = OVERRIDE.format(host=HOST, here=HERE, port=self.port)
        (site.folder / "docker-compose.override.yml").write_text(override)
        authority = ["run", "--rm", "--entrypoint=cat", "pebble:test", "/test/certs/pebble.minica.pem"]
        self.authority = site.engine.docker(*authority)
        (site.folder / "acme-ca.pem").write_text(self.authority)
        site.settings(
            SITE_HOST=HOST,
            COMPOSEGEN_TLS="acme",
            COMPOSEGEN_ACME_CHALLENGE=challenge,
            COMPOSEGEN_ACME_EMAIL="ops@example.com",
            COMPOSEGEN_ACME_DIRECTORY="https://pebble:14000/dir",
            COMPOSEGEN_ACME_CA_FILE="./acme-ca.pem",
        )
        site.composegen("build")

    def root(self) -> str:
        """Give the root that pebble signs with; made anew whenever pebble starts."""
        trusted = ssl.create_default_context(cadata=self.authority)
        with (
            socket.create_connection((HERE, self.port), timeout=5) as plain,
            trusted.wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            connection.sendall(b"GET /roots/0 HTTP/1.0\r\n\r\n")
            return connection.makefile("rb").read().decode().partition("\r\n\r\n")[2]

    def certificate(self, root: str) -> bytes:
        """Give the certificate that Traefik shows, once it is one of ``root``'s."""

        def look() -> bytes | None:
            trusted = self.site.trusting(root)
            with (
                socket.create_connection((HERE, self.site.https), timeout=5) as plain,
                trusted.wrap_socket(plain, server_hostname=HOST) as connection,
            ):
                return connection.getpeercert(binary_form=True)

        return wait("a certificate", look, 60)

    def orders(self) -> int:
        """Count the orders that this pebble has had."""
        return self.site.compose("logs", "pebble").count("Issued certificate serial")


@pytest.fixture
def acme(example: Callable[[str], Site]) -> Callable[[str], Acme]:
    """Give a function that makes the project for one challenge, not started."""
    return lambda challenge: Acme(example("hello"), challenge)


def test_http_01(acme: Callable[[str], Acme]) -> None:
    """One order, HTTP/2, and the certificate outlives `down`; another server has its own."""
    one = acme("http")
    site = one.site
    site.up()
    root = wait("pebble", one.root)
    first = one.certificate(root)
    assert b"Hello from composegen" in h2.get((HERE, site.https), HOST, site.trusting(root))
    led = site.get(HOST, "/a/b?c=d%20e")
    assert (led.status, led.headers["Location"]) == (301, f"https://{HOST}:{site.https}/a/b?c=d%20e")
    assert one.orders() == 1
    assert OVER_HTTP in site.compose("logs", "pebble")
    _unknown_hosts_get_no_certificate(site)

    before = site.starts()
    site.up()
    assert site.starts() == before, "the second up recreates nothing"

    site.make("down")
    site.up()
    assert one.certificate(root) == first, "the certificate survives down and up"
    assert one.orders() == 0, "the new pebble was asked for nothing"

    _production_after_staging(one, first)


def test_tls_alpn_01(acme: Callable[[str], Acme]) -> None:
    """The other challenge, over port 443 alone."""
    one = acme("tls")
    one.site.up()
    one.certificate(wait("pebble", one.root))
    assert OVER_HTTP not in one.site.compose("logs", "pebble")
    assert one.orders() == 1


def _production_after_staging(one: Acme, first: bytes) -> None:
    """Another ACME directory keeps its certificates apart; going back finds the old ones."""
    one.site.settings(COMPOSEGEN_ACME_DIRECTORY="https://acme:14000/dir")
    one.site.up()
    assert one.certificate(wait("pebble", one.root)) != first
    assert one.orders() == 1
    volume = f"{one.site.name}_acme:/acme:ro"
    listed = one.site.engine.docker(
        "run", "--rm", f"--volume={volume}", "busybox:musl", "find", "/acme", "-name", "acme.json"
    )
    assert len(listed.split()) == 2


def _unknown_hosts_get_no_certificate(site: Site) -> None:
    """Over https a host that is not ours sees neither a page nor another host's name."""
    strange = ssl.create_default_context()
    strange.check_hostname = False
    strange.verify_mode = ssl.CERT_NONE
    with socket.create_connection((HERE, site.https), timeout=5) as plain, pytest.raises(ssl.SSLError):
        strange.wrap_socket(plain, server_hostname="other.test")
