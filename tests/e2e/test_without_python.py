"""A server without the composegen command: `make` deploys by composegen's own image."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import load
from tests.e2e.site import HERE, Site, wait
from tests.engine import images
from tests.image import build as image
from tests.standin.scene import apps, registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.engine import Engine

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

_HOST = "app.test"
_OWNER = 1234
_WEB = """\
# composegen.service = web
# composegen.url = http://app.test
# composegen.port = 8080
# composegen.scale = 2
# composegen.healthcheck = /health
# composegen.env = GREETING=${{GREETING:-none}}
# composegen.env = HOST=${{HOSTNAME:-none}}
# composegen.volume = ~/cgtest-{name}:/data:ro
# composegen.volume = data:/kept
# composegen.config = ./app.conf:/app.conf
# composegen.user = ${{UID}}:${{GID}}
# composegen.stop-grace = 2s
FROM testapp:shell
ENV VERSION={version}
"""


@pytest.fixture
def site(new_site: Callable[[str], Site]) -> Iterator[Site]:
    """A project of a user's own, in a folder with an odd name; two routed replicas run."""
    site = new_site("bare")
    odd = site.folder.parent / "an $odd, 'name'"
    site.folder.rename(odd)
    site.folder = odd
    images.ensure(site.engine, ["testapp"])
    folders = site.env["PATH"].split(":")
    site.environ["PATH"] = ":".join(f for f in folders if not (Path(f) / "composegen").exists())
    site.environ["COMPOSEGEN_RUNNER_IMAGE"] = image.ensure(site.engine)
    elsewhere = Path.home() / f"cgtest-{site.name}"
    version(site, "one")
    (site.folder / "app.conf").write_text("one\n")
    site.settings(COMPOSEGEN_TLS="off", GREETING="hello")
    site.composegen("build")
    own(site)
    site.up()
    yield site
    site.end()
    if elsewhere.exists():
        elsewhere.rmdir()


def version(site: Site, text: str) -> None:
    """Change what the image is built from."""
    site.write(web=_WEB.format(name=site.name, version=text))


def own(site: Site) -> None:
    """Give the project to its owner."""
    for path in (site.folder, *site.folder.rglob("*")):
        os.chown(path, _OWNER, _OWNER)


def script(site: Site, name: str, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a script of the runner as make does, to see its own exit code."""
    return subprocess.run(
        ["sh", f"composegen.d/run/{name}.sh", *words],
        cwd=site.folder,
        env={**site.env, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def labels(site: Site, service: str) -> dict[str, str]:
    """Give what Compose notes on a container, without what differs from one to the next."""
    (first, *_) = site.containers(service)
    found: dict[str, str] = json.loads(
        site.engine.docker("inspect", "--format={{json .Config.Labels}}", first)
    )
    beside = ("com.docker.compose.container-number", "com.docker.compose.replace")
    return {k: v for k, v in found.items() if k not in beside}


@contextmanager
def watched(site: Site) -> Iterator[dict[str, object]]:
    """Give what the runner's container was like, once it has been seen."""
    found: dict[str, object] = {}
    ended = threading.Event()

    def look() -> None:
        mine = f"--filter=label=composegen.runner={site.name}"
        while not found and not ended.wait(0.2):
            ids = site.engine.docker("ps", "--quiet", mine).split()
            told = json.loads(site.engine.docker("inspect", *ids, check=False) or "[]") if ids else []
            found.update(told[0] if told else {})

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()


def test_up_rolls_what_changed_and_compose_finds_nothing_to_do_afterwards(site: Site) -> None:
    """No request is lost; hash and labels are those that this machine's own Compose gives."""
    before, old = labels(site, "web"), site.containers("web")
    site.settings(GREETING="good day")
    (site.folder / "app.conf").write_text("two\n")
    wanted = load.Load(f"http://{_HOST}/id", site.http, HERE, rate=50, count=100, limit=20_000)
    with load.start(wanted) as running, watched(site) as seen:
        said = site.up()
        result = running.finish()
    assert "web is deployed by composegen" in said, said
    assert result.lost_count == 0, str(result)
    assert not set(site.containers("web")) & set(old)
    after = labels(site, "web")
    changed = {k for k in before | after if before.get(k) != after.get(k)}
    # --no-deps leaves no dependencies to note; Compose does not compare this label.
    assert changed == {"com.docker.compose.config-hash", "com.docker.compose.depends_on"}
    assert "GREETING=good day" in site.state("{{json .Config.Env}}", "web")[0]
    assert '"HOST=none"' in site.state("{{json .Config.Env}}", "web")[0]
    assert "nothing was restarted" in site.up()
    bounded(seen)


def bounded(container: dict[str, object]) -> None:
    """The image's container holds the folder and the socket, and no other right."""
    config, host = container["Config"], container["HostConfig"]
    assert isinstance(config, dict)
    assert isinstance(host, dict)
    assert config["User"] == f"{_OWNER}:{_OWNER}"
    assert host["NetworkMode"] == "none"
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert host["CapAdd"] is None
    assert "no-new-privileges" in host["SecurityOpt"]
    assert host["LogConfig"]["Type"] == "none"
    writable = {m["Destination"] for m in container["Mounts"] if m["RW"]}  # type: ignore[attr-defined]
    assert len(writable) == 2


def test_deploy_and_rollback(site: Site) -> None:
    """A new image by `make deploy`, the one before by `make rollback`; what is written is the owner's."""
    first = site.state("{{.Image}}", "web")
    version(site, "two")
    site.make("build")
    said = site.make("deploy", "SERVICE=web")
    assert site.state("{{.Image}}", "web") != first, said
    assert site.get(_HOST, "/env?name=VERSION").text == "two\n"
    assert "nothing was restarted" in site.up()
    site.make("rollback", "SERVICE=web")
    assert site.state("{{.Image}}", "web") == first
    assert "COMPOSEGEN_IMAGE_WEB=sha256:" in (site.folder / ".env").read_text()
    assert "nothing was restarted" in site.up()
    kept = [p for p in (site.folder / ".composegen").rglob("*") if p.stat().st_uid != _OWNER]
    assert kept == []
    assert (site.folder / ".env").stat().st_uid == _OWNER
    done = script(site, "deploy", "rollback", SERVICE="web", RELEASE="77")
    assert done.returncode == 2, done.stdout + done.stderr


def test_a_registry_is_asked_through_the_engine(site: Site) -> None:
    """The container has no network, and yet finds, pulls and rolls out what the tag means now."""
    with registry.running(site.engine) as images_of:
        reference = images_of.reference(f"{site.name}/web")
        first = images_of.push(apps.build(site.engine, apps.good()), reference)
        text = _WEB.format(name=site.name, version="one").partition("FROM")[0]
        text += f"# composegen.image = {reference}\n# composegen.update = notify\nFROM scratch\n"
        site.write(web=text)
        site.composegen("build")
        own(site)
        said = site.up()
        assert set(site.state("{{.Image}}", "web")) == {first}, said
        second = images_of.push(apps.build(site.engine, apps.good()), reference)
        said = site.make("deploy", "SERVICE=web")
        assert set(site.state("{{.Image}}", "web")) == {second}, said
        assert "nothing was restarted" in site.up()
        site.end()


def test_a_bad_image_fails_with_its_exit_code(site: Site) -> None:
    """4, through make's script too; the old containers are still there."""
    old = site.containers("web")
    site.write(web=_WEB.format(name=site.name, version="bad") + "ENV CRASH_AT_START=1\n")
    site.make("build")
    done = script(site, "deploy", TIMEOUT="20")
    assert done.returncode == 4, done.stdout + done.stderr
    assert site.containers("web") == old
    assert site.get(_HOST, "/env?name=VERSION").text == "one\n"


def test_without_any_composegen_up_says_what_restarts(site: Site) -> None:
    """And deploy says what is missing."""
    site.environ["COMPOSEGEN_RUNNER_IMAGE"] = "none"
    site.settings(GREETING="good day")
    done = script(site, "deploy")
    assert done.returncode == 1
    assert "the command composegen 0.1.0 is not installed, and COMPOSEGEN_RUNNER_IMAGE is none" in done.stderr
    said = site.up()
    assert "web restarts: its configuration changed. All its containers at once, as there is no" in said
    wait("an answer", lambda: site.get(_HOST, "/env?name=GREETING").text == "good day\n")


def test_a_command_of_another_version_is_not_used(site: Site, tmp_path: Path) -> None:
    """What it does not know of the files, it could not do right: the image is of the right version."""
    folder = tmp_path / "bin"
    folder.mkdir()
    other = folder / "composegen"
    other.write_text("#!/bin/sh\necho composegen, version 99.0\n")
    other.chmod(0o755)
    site.environ["PATH"] = f"{folder}:{site.environ['PATH']}"
    site.environ["COMPOSEGEN_RUNNER_IMAGE"] = "none"
    done = script(site, "deploy")
    assert done.returncode == 1
    assert "composegen 99.0 is installed, and these files were generated by 0.1.0" in done.stderr


def test_the_image_is_small_and_says_what_it_is(running_engine: Engine) -> None:
    """The docker client and composegen; no Compose, which is the server's own."""
    name = image.ensure(running_engine)
    look = ("image", "inspect", "--format={{.Size}}")
    size, base = (int(running_engine.docker(*look, n)) for n in (name, "python:3-slim"))
    assert size - base < 60e6
    assert running_engine.docker("run", "--rm", "--network=none", name, "--version").endswith("0.1.0\n")
    plugins = "{{range .ClientInfo.Plugins}}{{.Name}}{{end}}"
    words = ("run", "--rm", "--network=none", "--entrypoint=docker", name, "info", f"--format={plugins}")
    assert "compose" not in running_engine.docker(*words, check=False)
