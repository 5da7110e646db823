"""Routes of one project, asked through the real Traefik: what each key of routing means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.site import Site, wait
from tests.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.e2e

WEB = """\
# composegen.service = web
# composegen.url = http://a.test
# composegen.url = https://s.test
# composegen.url = https://s.test/old redirect=https://s.test/new/base
# composegen.url = https://www.s.test redirect=https://s.test
# composegen.url = https://*.star.test/long
# composegen.port = 8080
# composegen.scale = 2
# composegen.healthcheck = /health
# composegen.header = X-Frame-Options: DENY
# composegen.header = X-Odd: a, "b"; $c
# composegen.compress = yes
# composegen.sticky = yes
FROM testapp:static
"""
API = """\
# composegen.service = api
# composegen.url = http://a.test/api strip
# composegen.url = http://named.star.test
# composegen.auth = staff
# composegen.port = 8080
# composegen.timeout = 1s
FROM testapp:static
"""
LIMITED = """\
# composegen.service = limited
# composegen.url = http://limited.test
# composegen.url = http://outside.test/x proxy=http://api:8080/base
# composegen.port = 8080
# composegen.maxbody = 1k
# composegen.ratelimit = 5/h 5
FROM testapp:static
"""
CLOSED = """\
# composegen.service = closed
# composegen.url = http://closed.test
# composegen.port = 8080
# composegen.allow = 192.0.2.0/24
FROM testapp:static
"""
# the password is "secret", of a user named alice
HTPASSWD = "alice:$apr1$composeg$vR86.psXjEJMNPGefYxj91\n"
STAFF = {"Authorization": "Basic YWxpY2U6c2VjcmV0"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give the running project, with the dashboard."""
    engine = Engine.shared(("busybox", "traefik", "haproxy", "testapp"))
    folder = tmp_path_factory.mktemp("routing")
    folder.chmod(0o755)
    made = Site(engine, folder, f"cgrouting{folder.name[-1]}{folder.stat().st_ino}")
    made.write(web=WEB, api=API, limited=LIMITED, closed=CLOSED)
    made.settings(
        COMPOSEGEN_TLS="local",
        COMPOSEGEN_UPDATER="none",
        COMPOSEGEN_DASHBOARD_URL="https://dash.test",
        COMPOSEGEN_DASHBOARD_AUTH="staff",
    )
    secrets = folder / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "staff").write_text(HTPASSWD)
    try:
        made.composegen("build")
        made.up()
        wait("the routes", lambda: made.get("a.test").status == 200)
        yield made
    finally:
        made.end()


@pytest.fixture(scope="module")
def ca(site: Site) -> str:
    """Give the project's own authority."""
    return site.ca()


# host, path, headers, expected status
CLEAR = [
    ("a.test", "/", {}, 200),
    ("A.Test", "/", {}, 200),
    ("a.test:8080", "/", {}, 200),
    ("a.test", "/apix", {}, 200),
    ("a.test", "/api", {}, 401),
    ("a.test", "/api/x", {}, 401),
    ("a.test", "/api/x", STAFF, 200),
    ("a.test", "/api/slow?ms=2500", STAFF, 504),
    ("closed.test", "/", {}, 403),
    ("unknown.test", "/", {}, 404),
]


@pytest.mark.parametrize(("host", "path", "headers", "status"), CLEAR)
def test_clear(site: Site, host: str, path: str, headers: dict[str, str], status: int) -> None:
    """Hosts ignore case and port, the longest path wins on whole segments, auth and allow hold."""
    assert site.get(host, path, headers=headers).status == status


REDIRECTS = [
    ("s.test", "/old/a/b?x=1", "https://s.test/new/base/a/b?x=1"),
    ("s.test", "/old?x=1", "https://s.test/new/base?x=1"),
    ("s.test", "/old", "https://s.test/new/base"),
    ("www.s.test", "/p?q=2", "https://s.test/p?q=2"),
]


@pytest.mark.parametrize(("host", "path", "target"), REDIRECTS)
def test_redirect(site: Site, ca: str, host: str, path: str, target: str) -> None:
    """A redirect keeps the rest of the path and the query."""
    answer = site.get(host, path, ca=ca)
    assert (answer.status, answer.headers["Location"]) == (301, target)


def test_redirect_keeps_to_whole_segments(site: Site, ca: str) -> None:
    """/oldx is not /old."""
    assert site.get("s.test", "/oldx", ca=ca).status == 200


@pytest.mark.parametrize(("method", "status"), [("GET", 301), ("POST", 308), ("PUT", 308)])
def test_http_to_https(site: Site, method: str, status: int) -> None:
    """An https url redirects http, with path, query and the published port."""
    answer = site.get("s.test", "/p?q=%20a", method=method)
    assert (answer.status, answer.headers["Location"]) == (status, f"https://s.test:{site.https}/p?q=%20a")


def test_headers_of_the_answer(site: Site, ca: str) -> None:
    """HSTS and security headers are there; a header of the user's wins over ours."""
    headers = site.get("s.test", ca=ca).headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Odd"] == 'a, "b"; $c'
    assert headers["Set-Cookie"].startswith("replica-web=")


def test_no_hsts_in_clear(site: Site) -> None:
    """A host that is served in clear carries no HSTS."""
    assert "Strict-Transport-Security" not in site.get("a.test").headers


def test_forged_headers_are_dropped(site: Site) -> None:
    """The application sees the frontend's forwarded headers, the original Host, and no alias."""
    forged = {
        "X-Forwarded-For": "6.6.6.6",
        "X_Forwarded_Proto": "evil",
        "X.Forwarded.Host": "evil",
        "Forwarded": "for=6.6.6.6",
        "X-Forwarded-Host": "evil",
        "X-Original-Url": "/evil",
    }
    text = site.get("a.test", "/api/echo", headers=forged | STAFF).text
    assert "6.6.6.6" not in text
    assert "evil" not in text
    assert '"X-Forwarded-Proto", "http"' in text
    assert '["Host", "a.test"]' in text
    assert '"path": "/echo"' in text, "strip removes the prefix"
    assert "Authorization" not in text, "the password stays with the frontend"


def test_maxbody(site: Site) -> None:
    """A body at the limit passes, one above gets 413, one without a length 411."""
    # The rate limit counts requests that reach it; the refusals stand before it.
    assert site.get("limited.test", "/post", method="POST", body="x" * 1025).status == 413
    assert site.get("limited.test", "/post", method="POST", body="x" * 1024).status == 200
    chunked = {"Transfer-Encoding": "chunked"}
    assert site.get("limited.test", "/post", method="POST", body="0\r\n\r\n", headers=chunked).status == 411


def test_a_star_leads_nobody_to_https_who_is_named_in_clear(site: Site) -> None:
    """Its longer path is no claim on a host that has a name of its own."""
    assert site.get("other.star.test", "/long/x").status == 301
    assert site.get("named.star.test", "/long/x").status == 401, "the service that is named, which has auth"


def test_ratelimit(site: Site) -> None:
    """Requests above the burst get 429."""
    found = [site.get("limited.test").status for _ in range(8)]
    assert 429 in found
    assert found.count(200) <= 5


def test_proxy(site: Site) -> None:
    """An external address gets the request with its own host and base path."""
    answer = site.get("outside.test", "/x/echo")
    assert answer.status in {200, 404}
    assert "X-Version" in answer.headers


def test_dashboard_wants_a_password(site: Site, ca: str) -> None:
    """The dashboard is there for those with a password only, and not on other hosts."""
    assert site.get("dash.test", "/dashboard/", ca=ca).status == 401
    assert site.get("dash.test", "/dashboard/", ca=ca, headers=STAFF).status == 200
    assert site.get("dash.test", "/api/rawdata", ca=ca).status == 401
    assert site.get("s.test", "/dashboard/", ca=ca).headers.get("X-Version"), "the application answers"


def test_all_replicas_down_is_503(site: Site, ca: str) -> None:
    """While nothing is ready the answer is 503 with Retry-After, not 404 or 500."""
    site.make("stop", "SERVICE=web")
    answer = wait("503", lambda: (a := site.get("s.test", ca=ca)).status == 503 and a)
    assert answer
    assert answer.headers["Retry-After"] == "5"
    site.make("start", "SERVICE=web")
    wait("the service is back", lambda: site.get("s.test", ca=ca).status == 200, 60)


def test_traefik_logged_nothing(site: Site) -> None:
    """At WARN, Traefik has nothing to say about all of this."""
    assert site.compose("logs", "--no-log-prefix", "traefik").strip() == ""


def test_traefik_is_healthy_once_it_has_its_routes(site: Site, ca: str) -> None:
    """While it listens without routes, and answers 404, `make up` would wait for it."""
    (traefik,), (proxy,) = site.containers("traefik"), site.containers("socket-proxy")
    site.engine.docker("pause", proxy)
    try:
        site.engine.docker("restart", traefik)
        wait("traefik listens", lambda: site.get("a.test").status == 404)
        failed = "{{range .State.Health.Log}}{{.ExitCode}}{{end}}"
        wait("two checks", lambda: len(site.state(failed, "traefik")[0]) > 1)
        assert site.state("{{.State.Health.Status}}", "traefik") == ["starting"]
    finally:
        site.engine.docker("unpause", proxy)
    wait("healthy", lambda: site.state("{{.State.Health.Status}}", "traefik") == ["healthy"])
    assert site.get("a.test").status == 200
    assert site.get("s.test", ca=ca).status == 200
