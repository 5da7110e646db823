"""Each example behind nginx: one line of .env and a build later it runs as it did behind Traefik."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from tests import regenerate_examples as examples
from tests.e2e.site import Site, wait
from tests.engine import images

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_HOSTS = {
    "hello": ("hello.localhost", "/", "Hello from composegen"),
    "blog": ("blog.localhost", "/", "Notes from the harbour"),
    "mypaas": ("shop.example.com", "/", "Two replicas, two hosts"),
    "pkgserver": ("pkg.localhost", "/health", "ok"),
    "staging-production": ("shop.localhost", "/", "Shop"),
}


@pytest.fixture
def on_nginx(example: Callable[[str], Site], tmp_path: Path) -> Iterator[Callable[[str], Site]]:
    """Give a function that copies an example, gives it what its README asks for, and turns to nginx."""
    made: list[Site] = []

    def copied(name: str) -> Site:
        site = example(name)
        made.append(site)
        images.ensure(site.engine, ["nginx"])
        site.environ["HOME"] = str(tmp_path / "home")
        (tmp_path / "home").mkdir()
        {"blog": _blog, "mypaas": _mypaas, "pkgserver": _pkgserver, "staging-production": _shop}.get(
            name, Site.settings
        )(site)
        site.settings(COMPOSEGEN_FRONTEND="nginx")
        site.composegen("build")
        return site

    yield copied
    for site in made:
        site.engine.docker("rmi", f"{site.name}.invalid/shop/web:stable", check=False)


@pytest.mark.parametrize("name", _HOSTS)
def test_it_builds_and_runs(on_nginx: Callable[[str], Site], name: str) -> None:
    """Its page is served over https, and http leads there."""
    assert sorted(_HOSTS) == sorted(p.name for p in examples.EXAMPLES.iterdir())
    site = on_nginx(name)
    if name == "staging-production":
        site.make("build")
    site.up()
    host, path, text = _HOSTS[name]
    ca = site.ca()
    answer = wait("the page", lambda: a if (a := site.get(host, path, ca=ca)).status == 200 else None)
    assert text in answer.text
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    led = site.get(host, "/some/page?x=1&y=%20")
    assert (led.status, led.headers["Location"]) == (
        301,
        f"https://{host}:{site.https}/some/page?x=1&y=%20",
    )
    assert site.get(host, "/some/page?x=1", method="POST", body="x").status == 308
    assert site.get("unknown.localhost").status == 404
    if name == "hello":
        _whole_life(site)


def test_switching_a_running_project(example: Callable[[str], Site]) -> None:
    """One line of .env, a build and `make up`; the authority stays, Traefik goes; and back again."""
    site = example("hello")
    images.ensure(site.engine, ["nginx"])
    site.up()
    ca = site.ca()
    site.settings(COMPOSEGEN_FRONTEND="nginx")
    assert "composegen build" in site.up(check=False)
    site.composegen("build")
    site.up()
    assert wait("the page", lambda: site.get("hello.localhost", ca=ca).status == 200)
    assert site.containers("traefik", "socket-proxy") == []
    site.settings(COMPOSEGEN_FRONTEND="traefik")
    site.composegen("build")
    assert "nginx is stopped and removed" in site.up()
    assert wait("the page", lambda: site.get("hello.localhost", ca=ca).status == 200)
    assert site.containers("nginx") == []


def _whole_life(site: Site) -> None:
    """A second up changes nothing, and destroy leaves nothing."""
    before = site.starts()
    site.up()
    assert site.starts() == before
    site.make("destroy", f"YES={site.name}", "ALL=1")
    assert site.left() == []


def _blog(site: Site) -> None:
    (site.folder / "secrets").mkdir(mode=0o700)
    (site.folder / "secrets" / "db_password").write_text(secrets.token_hex(16) + "\n")


def _mypaas(site: Site) -> None:
    site.settings(POSTGRES_PASSWORD=secrets.token_hex(8))


def _pkgserver(site: Site) -> None:
    """Its image comes from elsewhere; here the engine has it already."""
    repository = f"{site.name}-elsewhere"
    site.engine.docker("build", "--quiet", f"--tag={repository}:latest", str(examples.EXAMPLES / "pkgserver"))
    site.settings(PKGSERVER_IMAGE=repository)


def _shop(site: Site) -> None:
    site.settings(
        SHOP_HOST="shop.localhost", COMPOSEGEN_TLS="local", COMPOSEGEN_REGISTRY=f"{site.name}.invalid/shop"
    )
