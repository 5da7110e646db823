"""What the frontend's own pages and ports take from services, and where they do not meet."""

from __future__ import annotations

import pytest

from composegen.diagnostics import Report
from composegen.pipeline import Input, compile_project
from composegen.source import Source


def codes(env: str, *urls: str) -> list[str]:
    """Return the codes that a project with these urls and settings has."""
    lines = "".join(f"# composegen.url = {url}\n" for url in urls)
    text = f"# composegen.service = web\n{lines}# composegen.port = 8000\nFROM alpine\n"
    report = Report()
    compile_project(Input(sources=[Source("Dockerfile", text)], env=Source(".env", env)), report)
    return [d.code for d in report]


@pytest.mark.parametrize(
    ("dashboard", "url", "taken"),
    [
        ("https://a.test", "https://a.test", True),
        ("https://a.test", "https://A.test/api/x", True),
        ("https://a.test", "https://a.test/dashboards", True),
        ("https://a.test", "https://a.test/shop", False),
        ("https://a.test", "http://a.test/shop", True),
        ("http://a.test", "http://a.test/shop", False),
        ("http://a.test", "https://a.test", True),
        ("https://a.test", "https://b.test", False),
        ("https://a.test", "https://*.test", False),
        ("'https://${HOST}'", "https://${HOST}", True),
        ("'https://${HOST}'", "https://${OTHER}", False),
        ("off", "https://a.test", False),
    ],
)
def test_the_dashboard_on_a_services_host(dashboard: str, url: str, *, taken: bool) -> None:
    """It comes before every route, so what it would take of a service is a claim of two."""
    env = "HOST=h\nOTHER=o\nCOMPOSEGEN_TLS=local\nCOMPOSEGEN_DASHBOARD_AUTH=staff\n"
    assert codes(f"{env}COMPOSEGEN_DASHBOARD_URL={dashboard}\n", url) == (["CG302"] if taken else [])


@pytest.mark.parametrize(
    ("env", "url", "clash"),
    [
        ("COMPOSEGEN_HTTP_PORT=443\n", "https://a.test", True),
        ("COMPOSEGEN_HTTPS_PORT=80\n", "https://a.test", True),
        ("COMPOSEGEN_HTTP_PORT=8443\nCOMPOSEGEN_HTTPS_PORT=8443\n", "https://a.test", True),
        ("COMPOSEGEN_HTTP_PORT=8080\n", "https://a.test", False),
        ("COMPOSEGEN_HTTP_PORT=443\n", "http://a.test", False),
        ("COMPOSEGEN_HTTP_PORT=443\nCOMPOSEGEN_TLS=off\n", "https://a.test", False),
        ("COMPOSEGEN_HTTP_PORT=443\nCOMPOSEGEN_FRONTEND=shared\n", "https://a.test", False),
        ("COMPOSEGEN_HTTP_PORT=443\nCOMPOSEGEN_UPDATE_URL=https://b.test\n", "http://a.test", True),
    ],
)
def test_http_and_https_on_one_port(env: str, url: str, *, clash: bool) -> None:
    """Only a frontend that listens on both, for which some host is served over https."""
    assert ("CG303" in codes(env, url)) == clash


@pytest.mark.parametrize("tls", ["acme", "local", "files", "off"])
def test_https_by_address(tls: str) -> None:
    """Refused wherever there is TLS; in clear, and with COMPOSEGEN_TLS=off, an address is a host like any."""
    env = f"COMPOSEGEN_TLS={tls}\nCOMPOSEGEN_UPDATE_URL=https://10.0.0.1\n"
    wanted = [] if tls == "off" else ["CG402", "CG102"]
    assert codes(env, "https://10.0.0.2", "http://10.0.0.3", "https://${HOST:-a.test}") == wanted
