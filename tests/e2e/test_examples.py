"""Each example as its README tells: built, started, used, stopped and removed."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import stat
from typing import TYPE_CHECKING

import pytest

from tests import regenerate_examples as examples
from tests.e2e.site import Site, wait
from tests.engine import Engine
from tests.standin.scene import registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_NO_ENGINE = Engine("none", None)  # a build needs none
NAMES = sorted(p.name for p in examples.EXAMPLES.iterdir() if list(p.glob(".env*.example")))


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_files_are_what_a_build_writes(name: str, tmp_path: Path) -> None:
    """With .env and, as in CI, without it; a build changes nothing of the user's."""
    folder = examples.copy(examples.EXAMPLES / name, tmp_path / name)
    before = _content(folder)
    site = Site(_NO_ENGINE, folder, name)
    assert "stale" not in site.composegen("build", "--check")
    site.composegen("build")
    assert _content(folder) == before
    (folder / ".env").unlink()
    assert "stale" not in site.composegen("build", "--check")


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_annotation_is_noticed(name: str, tmp_path: Path) -> None:
    """Otherwise the test above could not fail."""
    folder = examples.copy(examples.EXAMPLES / name, tmp_path / name)
    dockerfile = min(folder.rglob("Dockerfile"))
    dockerfile.write_text(dockerfile.read_text() + "# composegen.label = changed=yes\n")
    assert "stale: docker-compose.yml" in Site(_NO_ENGINE, folder, name).composegen(
        "build", "--check", check=False
    )


def test_the_root_of_the_repository_deploys_hello(new_site: Callable[[str], Site]) -> None:
    """Copy .env.example, build, up: nothing that git has changes, the page is there."""
    site = new_site("root")
    site.folder.rmdir()
    examples.copy_root(site.folder)
    site.settings()
    before = _content(site.folder)
    told = site.composegen("build")
    assert "wrote docker-compose.yml" in told
    after = _content(site.folder)
    assert {k: after[k] for k in before} == before
    ignored = (examples.ROOT / ".gitignore").read_text().splitlines()
    made = {f"/{p.split('/')[0]}{'/' if '/' in p else ''}" for p in after.keys() - before.keys()}
    assert made - {"/Makefile"} <= set(ignored)
    site.up()
    _served(site, "hello.localhost", "Hello from composegen")


def test_hello(example: Callable[[str], Site]) -> None:
    """Two replicas, and everything that every project does."""
    site = example("hello")
    site.up()
    _served(site, "hello.localhost", "Hello from composegen")
    assert len(site.containers("web")) == 2
    _whole_life(site)


def test_blog(example: Callable[[str], Site]) -> None:
    """A post goes through the app, Postgres and the worker; nobody else reads the password."""
    site = example("blog")
    password = secrets.token_hex(16)
    (site.folder / "secrets").mkdir(mode=0o700)
    (site.folder / "secrets" / "db_password").write_text(password + "\n")
    site.up()
    ca = _served(site, "blog.localhost", "Notes from the harbour")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = site.get(
        "blog.localhost", "/posts", ca=ca, method="POST", body="title=Low+tide&body=Mud", headers=form
    )
    assert (answer.status, answer.headers["Location"]) == (303, "/posts/1")
    assert all("Mud" in site.get("blog.localhost", "/posts/1", ca=ca).text for _ in range(4))
    wait(
        "the worker's archive",
        lambda: "Low tide" in site.get("blog.localhost", "/public/archive.html", ca=ca).text,
    )
    assert _rights(site.folder / "data") == (999, 999, 0o700)
    assert _rights(site.folder / "public") == (10001, 10001, 0o755)
    assert _rights(site.folder / "secrets")[2] == 0o700
    assert site.compose("exec", "-T", "app", "id", "-u").strip() == "10001"
    assert site.compose("exec", "-T", "app", "cat", "/run/secrets/db_password").strip() == password
    assert password not in site.compose("config")
    assert not any(password in line for line in site.state("{{json .Config}}"))
    _whole_life(site, left="data")


def test_mypaas(example: Callable[[str], Site], tmp_path: Path) -> None:
    """What a MyPaas user had: hosts, paths, names, variables and folders below the home."""
    site = example("mypaas")
    home = tmp_path / "home"
    home.mkdir()
    # `~` is the home of the folder's owner; one that the machine does not know has none but $HOME.
    os.chown(site.folder, 54321, 54321)
    site.environ["HOME"] = str(home)
    site.settings(POSTGRES_PASSWORD=secrets.token_hex(8))
    site.up()
    ca = _served(site, "shop.example.com", "Two replicas, two hosts")
    assert site.get("www.shop.example.com", ca=ca).status == 200
    assert site.get("old.shop.example.com").status == 404
    assert site.get("shop.example.com", "/apix", ca=ca).status == 404
    assert site.get("shop.example.com", "/api", ca=ca, method="POST", body="a lamp").status == 200

    def told() -> dict[str, object]:
        answer = site.get("shop.example.com", "/api?x=1", ca=ca)
        found: dict[str, object] = json.loads(answer.text) if answer.status == 200 else {}
        return found if found.get("database") else {}

    assert wait("the API's way to the database", told) == {
        "path": "/api?x=1",
        "service": "shop.api",
        "port": "8080",
        "currency": "EUR",
        "password": True,
        "database": True,
        "orders": ["a lamp"],
    }
    assert (home / "_shop" / "orders" / "000000").read_text() == "a lamp"
    assert (home / "_shop" / "db" / "PG_VERSION").exists()
    assert len(site.containers("shop.site")) == 2
    assert not site.state("{{json .NetworkSettings.Networks}}", "shop.db")[0].count("_frontend")
    _whole_life(site)


def test_pkgserver(example: Callable[[str], Site]) -> None:
    """Runs as the folder's owner, caches, is updated from a registry; TLS is a line of .env."""
    site = example("pkgserver")
    owner = (4321, 8765)
    os.chown(site.folder, *owner)
    with registry.running(site.engine) as images:
        repository = f"{images.address}/{site.name}/pkgserver"
        site.settings(PKGSERVER_IMAGE=repository, PKGSERVER_UPSTREAM="http://upstream:8000")
        _publish(site, images, repository, "one")
        site.up()
        ca = _served(site, "pkg.localhost", "ok", path="/health")
        _caches(site, ca, owner)
        before = site.state("{{.Image}}", "pkgserver")
        _publish(site, images, repository, "two")
        site.make("update")
        wait("the new image", lambda: site.state("{{.Image}}", "pkgserver") != before)
        wait("the new page", lambda: site.get("pkg.localhost", "/health", ca=ca).text == "two\n")
        assert site.state("{{.Config.User}}", "pkgserver") == [f"{owner[0]}:{owner[1]}"]
        after = site.starts()
        site.up()
        assert site.starts() == after, "make up restarts nothing that only watchtower has updated"
        site.make("down")
        site.settings(COMPOSEGEN_TLS="off")
        assert "composegen build" in site.make("up", check=False)
        site.composegen("build")
        address = f"  http://pkg.localhost:{site.http}/ (in clear: COMPOSEGEN_TLS=off)"
        assert address in site.up().splitlines()
        assert site.get("pkg.localhost", "/registries").headers["X-Cache"] == "hit"


def test_staging_and_production_share_one_file(running_engine: Engine, tmp_path: Path) -> None:
    """The committed file shows the hosts, tags and limits of the .env that it is given."""
    folder = examples.copy(examples.EXAMPLES / "staging-production", tmp_path / "shop")
    committed = (folder / "docker-compose.yml").read_bytes()
    site = Site(running_engine, folder, "shop")
    found = {}
    for name in ("staging", "production"):
        shutil.copy(folder / f".env.{name}.example", folder / ".env")
        assert "stale" not in site.composegen("build", "--check")
        document = json.loads(site.compose("config", "--format", "json"))
        web = document["services"]["web"]
        found[name] = (
            document["name"],
            web["image"],
            sorted(u["url"] for u in document["x-composegen"]["urls"]),
            web["deploy"]["resources"]["limits"]["memory"],
            next(c for c in document["services"]["traefik"]["command"] if "caserver" in c).split("=")[1],
            [v for k, v in web["labels"].items() if k.endswith(".rule")],
        )
    assert (folder / "docker-compose.yml").read_bytes() == committed
    assert found == {
        "staging": (
            "shop-staging",
            "registry.example.com/shop/web:main",
            ["https://staging.shop.example.com/", "https://www.staging.shop.example.com/"],
            str(256 << 20),
            "https://acme-staging-v02.api.letsencrypt.org/directory",
            ["Host(`staging.shop.example.com`)"],
        ),
        "production": (
            "shop",
            "registry.example.com/shop/web:stable",
            ["https://shop.example.com/", "https://www.shop.example.com/"],
            str(1 << 30),
            "https://acme-v02.api.letsencrypt.org/directory",
            ["Host(`shop.example.com`)"],
        ),
    }


def _served(site: Site, host: str, text: str, path: str = "/") -> str:
    """Check page and redirect, and give the authority that signed the certificate."""
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
    return ca


def _whole_life(site: Site, left: str = "") -> None:
    """A second up changes nothing, down keeps the volumes, destroy leaves nothing."""
    before = site.starts()
    site.up()
    assert site.starts() == before
    site.make("down")
    assert {line.split()[0] for line in site.left()} == {"volume"}
    assert not left or any((site.folder / left).iterdir())
    assert "destroy" in site.make("destroy", "YES=another", check=False)
    assert site.left()
    site.make("destroy", f"YES={site.name}", "ALL=1")
    assert site.left() == []
    assert not left or not (site.folder / left).exists()


def _caches(site: Site, ca: str, owner: tuple[int, int]) -> None:
    """Fetch once from an upstream, then without it; look at the stored files."""
    upstream = f"{site.name}-upstream"
    network = f"--network={site.name}_default"
    shell = "mkdir /tmp/up && echo General >/tmp/up/registries && exec python3 -m http.server -d /tmp/up"
    site.engine.docker(
        *("run", "--detach", "--rm", f"--name={upstream}", network, "--network-alias=upstream"),
        *("python:3.12-slim", "sh", "-c", shell),
    )
    try:
        get = lambda: site.get("pkg.localhost", "/registries", ca=ca)  # noqa: E731 - the one request that this test repeats
        first = wait("the upstream", lambda: a if (a := get()).status == 200 else None)
        assert (first.text, first.headers["X-Cache"]) == ("General\n", "miss")
    finally:
        site.engine.docker("rm", "--force", upstream)
    assert (get().text, get().headers["X-Cache"]) == ("General\n", "hit")
    assert site.get("pkg.localhost", "/.hidden", ca=ca).status == 404
    for name in ("storage", "storage/registries", "logs", "logs/access.log"):
        assert _rights(site.folder / name)[:2] == owner, name


def _publish(site: Site, images: registry.Registry, repository: str, word: str) -> None:
    """Push an image whose /health says ``word``; the engine's own tag stays."""
    source = f"{site.name}-source:{word}"
    context = site.folder.parent / f"source-{word}"
    shutil.copytree(examples.EXAMPLES / "pkgserver", context)
    server = context / "server.py"
    server.write_text(server.read_text().replace('b"ok\\n"', f'b"{"ok" if word == "one" else word}\\n"'))
    site.engine.docker("build", "--quiet", f"--tag={source}", str(context))
    images.push(source, f"{repository}:latest")


def _rights(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)


def _content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
