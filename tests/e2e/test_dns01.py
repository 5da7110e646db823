"""DNS-01 against a real DNS server: bind9, changed by certbot's rfc2136 plug-in, asked by pebble.

The credentials go where a user puts them: variables of .env that begin with COMPOSEGEN_ACME_ENV_.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import yaml

from tests.conformance import pebble
from tests.e2e.certified import Certified
from tests.e2e.site import Site, wait
from tests.engine import images
from tests.engine.recipes import named

if TYPE_CHECKING:
    from collections.abc import Callable

_PREFIX = "COMPOSEGEN_ACME_ENV_DNS_"
_WEB = """\
# composegen.service = web
# composegen.url = https://*.example.test
# composegen.port = 8080
# composegen.env = BODY=wildcard
FROM testapp:static
"""
_ONE = """\
# composegen.service = one
# composegen.url = https://one.example.test
# composegen.port = 8080
# composegen.env = BODY=one
FROM testapp:static
"""


def test_a_wildcard_host(new_site: Callable[[str], Site]) -> None:
    """Its certificate is that of the wildcard; a host beside it has its own; the secret is in no file."""
    site = new_site("dns")
    images.ensure(site.engine, ["nginx", "certbot", "bind9", "pebble", "testapp"])
    site.write(web=_WEB, one=_ONE)
    key = _key()
    certified = Certified.prepare(
        site,
        "nginx",
        COMPOSEGEN_UPDATER="none",
        COMPOSEGEN_ACME_CHALLENGE="dns:rfc2136",
        **{
            f"{_PREFIX}RFC2136_SERVER": "192.0.2.1",  # not known yet
            f"{_PREFIX}RFC2136_NAME": key["TSIG_NAME"],
            f"{_PREFIX}RFC2136_SECRET": key["TSIG_SECRET"],
            f"{_PREFIX}RFC2136_ALGORITHM": key["TSIG_ALGORITHM"].upper(),
            f"{_PREFIX}PROPAGATION_SECONDS": "1",
        },
    )
    _beside(certified)
    site.compose("up", "--detach", "bind9")
    site.settings(**{f"{_PREFIX}RFC2136_SERVER": _address(site)})
    site.up()
    root = certified.root()
    for host, body in (("any.example.test", "wildcard"), ("one.example.test", "one")):
        certified.certificate(host, root)
        answer = wait(host, lambda host=host: a if (a := site.get(host, ca=root)).status == 200 else None)  # type: ignore[misc]
        assert answer.text.startswith(f"{body} version")
    assert _names(certified, "any.example.test", root) == {"*.example.test"}
    assert _names(certified, "one.example.test", root) == {"one.example.test"}
    assert "Attempting to validate w/ HTTP" not in site.compose("logs", "pebble")
    assert "updating zone 'example.test/IN'" in site.compose("logs", "bind9")
    _kept_secret(site, key["TSIG_SECRET"])


def _key() -> dict[str, str]:
    """Give the key that the server's image has."""
    words = shlex.split(named("bind9:test").dockerfile.replace("\\\n", " "))
    return dict(word.split("=", 1) for word in words if word.startswith("TSIG_"))


def _beside(certified: Certified) -> None:
    """Put the DNS server and an ACME server that asks it beside the project."""
    certified.beside([])
    path = certified.site.folder / "docker-compose.override.yml"
    services: dict[str, Any] = yaml.safe_load(path.read_text())["services"]
    services["bind9"] = {"image": "bind9:test"}
    services["pebble"]["command"] = ["-config", "/test/config/pebble-config.json", "-dnsserver", "bind9:53"]
    services["pebble"]["depends_on"] = ["bind9"]
    pebble.write_override(path, services)


def _address(site: Site) -> str:
    """Give the address of the DNS server: the plug-in takes no name."""
    form = f'{{{{(index .NetworkSettings.Networks "{site.name}_default").IPAddress}}}}'
    return site.state(form, "bind9")[0]


def _names(certified: Certified, host: str, root: str) -> set[str]:
    """Give the names in the certificate that ``host`` shows."""
    with certified.connect(host, root) as connection:
        found = connection.getpeercert() or {}
    names = found["subjectAltName"]
    assert isinstance(names, tuple)
    return {str(entry[1]) for entry in names}


def _kept_secret(site: Site, secret: str) -> None:
    """The key stands in .env, in no file that git has, and nginx's container does not know it."""
    files = [p for p in site.folder.rglob("*") if p.is_file() and p.name != ".env"]
    assert [str(p) for p in files if secret in p.read_text(errors="replace")] == []
    assert not any(secret in line for line in site.state("{{json .Config}}", "nginx"))
    assert secret not in site.compose("logs", "certbot")
    mode = site.compose("exec", "-T", "certbot", "stat", "-c", "%a", "/tmp/credentials.ini")
    assert mode.strip() == "600"
