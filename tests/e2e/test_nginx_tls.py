"""The other sources of certificates, through nginx: files, an authority of the project's own, none."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.e2e.certified import refused
from tests.e2e.site import wait
from tests.engine import images

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.site import Site

_WEB = """\
# composegen.service = web
# composegen.url = https://web.test
# composegen.url = https://*.sub.test
# composegen.port = 8080
FROM testapp:static
"""
_HOSTS = ("web.test", "any.sub.test")


@pytest.fixture
def site(new_site: Callable[[str], Site]) -> Site:
    """Give the project, not built yet."""
    made = new_site("tls")
    images.ensure(made.engine, ["nginx", "testapp"])
    made.write(web=_WEB)
    return made


def _start(site: Site, tls: str) -> None:
    site.settings(COMPOSEGEN_FRONTEND="nginx", COMPOSEGEN_UPDATER="none", COMPOSEGEN_TLS=tls)
    site.composegen("build")
    site.up()


def test_files(site: Site) -> None:
    """Each host has its own; one that is replaced is shown soon, with no reload."""
    folder = site.folder / "secrets" / "certificates"
    folder.mkdir(parents=True)
    (site.folder / "secrets").chmod(0o700)
    first = [issue(folder, "web.test", "web.test"), issue(folder, "_.sub.test", "*.sub.test")]
    # As most tools write them; `make up` lets nginx, which is not root, read them.
    for key in folder.glob("*.key"):
        key.chmod(0o600)
    _start(site, "files")
    before = site.starts()
    for host, ca in zip(_HOSTS, first, strict=True):
        _served(site, host, ca)
    assert refused(site, "other.test")
    again = issue(folder, "web.test", "web.test")
    wait("the new file", lambda: site.get("web.test", ca=again).status == 200)
    assert site.starts() == before


def test_an_authority_of_its_own(site: Site) -> None:
    """It signs for every host, and `make up` keeps it."""
    _start(site, "local")
    ca = site.ca()
    for host in _HOSTS:
        _served(site, host, ca)
    before = site.starts()
    site.up()
    assert site.starts() == before
    assert site.ca() == ca


def test_none(site: Site) -> None:
    """What is declared as https is served in clear, and nobody listens for https."""
    _start(site, "off")
    for host in _HOSTS:
        assert wait(host, lambda host=host: site.get(host).status == 200)  # type: ignore[misc]
    with pytest.raises(ConnectionRefusedError):
        refused(site, "web.test")
    assert "Strict-Transport-Security" not in site.get("web.test").headers


def _served(site: Site, host: str, ca: str) -> None:
    answer = wait(host, lambda: a if (a := site.get(host, ca=ca)).status == 200 else None)
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    led = site.get(host, "/a?b=c")
    assert (led.status, led.headers["Location"]) == (301, f"https://{host}:{site.https}/a?b=c")


def issue(folder: Path, stem: str, name: str) -> str:
    """Write a certificate that signs itself, as a user's tool would: by rename. Give it."""
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run(
        [
            *(*words, "-subj", "/CN=test", "-addext", f"subjectAltName=DNS:{name}", "-days", "2"),
            *("-keyout", f"{folder / stem}.key.new", "-out", f"{folder / stem}.crt.new"),
        ],
        check=True,
        capture_output=True,
    )
    for end in ("key", "crt"):
        path = folder / f"{stem}.{end}"
        (folder / f"{path.name}.new").chmod(0o644)
        (folder / f"{path.name}.new").replace(path)
    return (folder / f"{stem}.crt").read_text()
