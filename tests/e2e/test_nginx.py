"""nginx and certbot as their user has them: what is missing, what is bad, and what changes meanwhile.

One project for all tests; they go from what only its first start shows to what disturbs it.
"""

from __future__ import annotations

import ssl
import time
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.conformance.background import Background
from tests.e2e.certified import OTHER_DIRECTORY, Certified, refused
from tests.e2e.lasting import KeptAlive, WebSocket
from tests.e2e.site import Site, wait
from tests.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WEB = """\
# composegen.service = web
# composegen.url = https://web.test
# composegen.port = 8080
# composegen.scale = 2
# composegen.healthcheck = /health
FROM testapp:static
"""
# Its name leads nowhere, so there is no certificate for it.
_LOST = """\
# composegen.service = lost
# composegen.url = https://lost.test
# composegen.port = 8080
FROM testapp:static
"""
_GONE = """\
# composegen.service = gone
# composegen.url = https://gone.test
# composegen.port = 8080
# composegen.start = manual
FROM testapp:static
"""
_LATE = """\
# composegen.service = late
# composegen.url = http://late.test
# composegen.port = 8080
FROM testapp:static
"""
_HOST_FILE = "composegen.d/nginx/hosts/web.test.conf"
_RUN = "{{.Id}} {{.State.StartedAt}}"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certified]:
    """Give the project, started, with a certificate for web.test."""
    engine = Engine.shared(["busybox", "nginx", "certbot", "pebble", "testapp"])
    folder: Path = tmp_path_factory.mktemp("nginx")
    for parent in (folder, *list(folder.parents)[:2]):
        parent.chmod(0o755)
    site = Site(engine, folder, f"cgnginx{uuid.uuid4().hex[:6]}")
    site.write(web=_WEB, lost=_LOST, gone=_GONE)
    try:
        made = Certified.prepare(site, "nginx", COMPOSEGEN_UPDATER="none")
        made.beside(["web.test", "gone.test", "late.test"], every=20)
        told = site.up()
        assert "there is no certificate for lost.test yet" in told
        made.certificate("web.test", made.root())
        yield made
    finally:
        site.end()


@pytest.fixture(scope="module")
def root(stage: Certified) -> str:
    """Give the authority of the certificates."""
    return stage.root()


def test_a_host_without_certificate_disturbs_no_other(stage: Certified, root: str) -> None:
    """Its handshakes end at once, http leads to https as ever, and web.test is served."""
    assert refused(stage.site, "lost.test")
    assert stage.site.get("lost.test").status == 301
    assert stage.site.get("web.test", ca=root).status == 200


def test_a_challenge_is_answered_before_nginx_knows_the_host(stage: Certified) -> None:
    """Certbot orders when it starts; nginx serves a new host from the reload at the end of `make up`."""
    site = stage.site
    folder = "/tls/challenges/.well-known/acme-challenge"
    site.compose("exec", "-T", "certbot", "sh", "-c", f"mkdir -p {folder} && echo word >{folder}/token")
    answer = site.get("new.test", "/.well-known/acme-challenge/token")
    assert (answer.status, answer.text) == (200, "word\n")
    assert site.get("new.test", "/.well-known/acme-challenge/other").status == 404
    assert site.get("new.test", "/").status == 404


def test_a_failed_order_is_seen(stage: Certified) -> None:
    """In the list of containers, and with its reason in the log."""
    site = stage.site
    form = "{{.State.Health.Status}}"
    wait("certbot's health", lambda: site.state(form, "certbot") == ["unhealthy"], 60)
    line = next(x for x in site.make("ps").splitlines() if "certbot" in x)
    assert "unhealthy" in line
    told = site.compose("logs", "certbot")
    assert "no valid certificate for lost.test; next try in" in told
    assert "Certbot failed to authenticate some domains" in told
    again = "no valid certificate for lost.test"
    wait("the next try", lambda: site.compose("logs", "certbot").count(again) > 1, 60)


def test_a_backend_that_is_not_there(stage: Certified, root: str) -> None:
    """The frontend started without it; its host answers that it is down."""
    stage.certificate("gone.test", root)
    begun = time.monotonic()
    assert stage.site.get("gone.test", ca=root).status in {502, 503}
    assert time.monotonic() - begun < 3


def test_a_change_drops_no_connection(stage: Certified, root: str) -> None:
    """`make up` brings a new url to the running nginx.

    A WebSocket goes on, a request under way is answered, and a connection kept open too: nginx says
    with that answer that it was the last one.
    """
    site = stage.site
    before = site.state(_RUN, "nginx", "web")
    # A second less than a worker that ends waits for a connection that is silent.
    assert site.get("web.test", ca=root).headers["Keep-Alive"] == "timeout=4"
    with (
        stage.connect("web.test", root) as first,
        stage.connect("web.test", root) as second,
        stage.connect("web.test", root) as third,
    ):
        socket = WebSocket(first, "web.test")
        kept, under_way = KeptAlive(second, "web.test"), KeptAlive(third, "web.test")
        assert socket.echo(b"before") == b"before"
        site.write(late=_LATE)
        site.composegen("build")
        under_way.request("GET", "/slow?ms=15000")
        asking = Background(lambda: _ask_until_closed(kept))
        site.up()
        wait("the new host", lambda: site.get("late.test").status == 200)
        assert asking.result(10) > 10
        assert socket.echo(b"after") == b"after"
        assert under_way.getresponse().status == 200
    assert site.state(_RUN, "nginx", "web") == before


def test_a_second_up_reloads_nothing(stage: Certified) -> None:
    """The workers of before go on."""
    before = _workers(stage.site)
    stage.site.up()
    assert _workers(stage.site) == before


def test_a_bad_configuration_is_refused(stage: Certified, root: str) -> None:
    """With nginx's own words; the old one goes on, also after a restart of the container."""
    site = stage.site
    path = site.folder / _HOST_FILE
    good = path.read_text()
    path.write_text(good + "nonsense;\n")
    try:
        # 2 is what make ends with when a recipe fails.
        with pytest.raises(AssertionError, match="ended with 2") as refusal:
            site.up()
        told = str(refusal.value)
        assert 'unknown directive "nonsense"' in told
        assert _HOST_FILE.removeprefix("composegen.d/nginx/") in told
        assert "the new configuration was refused" in told
        assert site.get("web.test", ca=root).status == 200
        site.engine.docker("restart", *site.containers("nginx"))
        wait("nginx", lambda: site.get("web.test", ca=root).status == 200)
        assert "starting with the last good one" in site.compose("logs", "nginx")
    finally:
        path.write_text(good)
    site.up()


def test_a_renewal_restarts_and_reloads_nothing(stage: Certified, root: str) -> None:
    """The next certificate is shown by the nginx of before, and a WebSocket stays open."""
    site = stage.site
    before = site.state(_RUN, "nginx"), _workers(site)
    with stage.connect("web.test", root) as connection:
        socket = WebSocket(connection, "web.test")
        stage.renewed("web.test", root)
        assert socket.echo(b"still here") == b"still here"
    assert (site.state(_RUN, "nginx"), _workers(site)) == before


def test_certificates_of_a_staging_server_are_replaced(stage: Certified, root: str) -> None:
    """Another ACME directory, another account; until its certificate is there the old one is shown."""
    site = stage.site
    nginx = site.state(_RUN, "nginx")
    first = stage.certificate("web.test", root)
    orders = stage.orders()
    site.settings(COMPOSEGEN_ACME_DIRECTORY=OTHER_DIRECTORY)
    site.up()
    wait("an order at the other server", lambda: stage.orders() > orders, 60)
    path = "/etc/letsencrypt/https___acme_14000_dir/live/web.test/cert.pem"
    wait(
        "its certificate",
        lambda: site.compose("exec", "-T", "certbot", "ls", path, check=False) == f"{path}\n",
    )
    theirs = ssl.PEM_cert_to_DER_cert(site.compose("exec", "-T", "certbot", "cat", path))
    assert theirs != first
    wait("what clients see", lambda: stage.certificate("web.test", root) == theirs)
    assert site.state(_RUN, "nginx") == nginx


def _ask_until_closed(kept: KeptAlive) -> int:
    """Send request after request; give how many were answered when nginx says that it closes."""
    answered = 0
    while not kept.closes:
        assert kept.ask()[0] == 200
        answered += 1
        time.sleep(0.02)
    return answered


def _workers(site: Site) -> list[str]:
    """List the processes of nginx, its master and its workers."""
    form = ("-eo", "pid,args")
    told = [site.engine.docker("top", c, *form) for c in site.containers("nginx")]
    return [line for text in told for line in text.splitlines() if "nginx:" in line]
