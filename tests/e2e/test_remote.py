"""An engine on another machine, behind a real sshd: what looks works, what changes is refused."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.site import Site, wait
from tests.engine import images
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.engine import Engine

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

_WEB = """\
# composegen.service = web
# composegen.image = testapp:static
# composegen.update = off
# composegen.port = 8080
# composegen.healthcheck = /health
FROM scratch
"""
_LOOKING = {
    "plan": ("plan", "--format", "json"),
    "ps": ("ps", "--format", "json"),
    "logs": ("logs", "web"),
    "releases": ("releases", "--format", "json"),
}
_CHANGING = {
    "up": ("up",),
    "down": ("down",),
    "deploy": ("deploy", "--yes"),
    "rollback": ("rollback", "--yes", "web"),
    "create": ("release", "create", "web", "testapp:static"),
    "activate": ("release", "activate", "web", "1"),
    "unpin": ("release", "unpin", "web"),
    "run": ("run", "web", "--", "/testapp"),
    "destroy": ("destroy", "--yes"),
}


@dataclass(frozen=True)
class Server:
    """A machine with an engine, as this one sees it through ssh."""

    address: str
    tools: Path

    def environ(self, site: Site) -> dict[str, str]:
        """An environment whose ssh believes the server and whose docker knows no other engine."""
        env = {k: v for k, v in site.env.items() if k not in {"DOCKER_HOST", "DOCKER_CONTEXT"}}
        return env | {"PATH": f"{self.tools}:{env['PATH']}", "DOCKER_CONFIG": str(self.tools / "config")}


@pytest.fixture(scope="module")
def server(running_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A container with sshd and a docker command that leads to the tests' engine."""
    images.ensure(running_engine, ["sshd"])
    folder = tmp_path_factory.mktemp("server")
    key, port, name = folder / "key", free_port(), f"cgtest-sshd-{uuid.uuid4().hex[:8]}"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    options = (
        f"IdentityFile {key}",
        "IdentitiesOnly yes",
        "StrictHostKeyChecking no",
        f"UserKnownHostsFile {folder / 'known'}",
        "LogLevel ERROR",
    )
    (folder / "ssh_config").write_text("".join(f"{o}\n" for o in options))
    program = shutil.which("ssh")
    assert program, "the test needs an ssh client"
    (folder / "ssh").write_text(f'#!/bin/sh\nexec {program} -F {folder / "ssh_config"} "$@"\n')
    (folder / "ssh").chmod(0o755)
    _configuration(running_engine, folder / "config")
    client = shutil.which("docker", path=running_engine.env["PATH"])
    assert client
    running_engine.docker(
        "run",
        "--detach",
        f"--name={name}",
        f"--publish=127.0.0.1:{port}:22",
        f"--volume={running_engine.socket}:/var/run/docker.sock",
        f"--volume={Path(client).resolve()}:/usr/bin/docker:ro",
        "sshd:test",
    )
    try:
        authorize = ("exec", "--interactive", name, "sh", "-c", "umask 077; cat >/root/.ssh/authorized_keys")
        running_engine.docker(*authorize, stdin=(folder / "key.pub").read_text())
        found = Server(f"ssh://root@127.0.0.1:{port}", folder)
        env = running_engine.env | {"PATH": f"{folder}:{running_engine.env['PATH']}"}
        words = ["ssh", "-p", str(port), "root@127.0.0.1", "docker", "version"]
        wait("sshd", lambda: subprocess.run(words, env=env, capture_output=True, check=False).returncode == 0)
        yield found
    finally:
        running_engine.docker("rm", "--force", "--volumes", name)


def _configuration(engine: Engine, folder: Path) -> None:
    """Make a DOCKER_CONFIG without contexts and credentials, with the plugins that there are."""
    form = "{{range .ClientInfo.Plugins}}{{println .Name .Path}}{{end}}"
    (folder / "cli-plugins").mkdir(parents=True)
    (folder / "config.json").write_text("{}\n")
    for line in engine.docker("info", f"--format={form}").splitlines():
        if line.strip():
            _, path = line.split(maxsplit=1)
            (folder / "cli-plugins" / Path(path).name).symlink_to(Path(path).resolve())


@pytest.fixture
def site(new_site: Callable[[str], Site]) -> Site:
    """A project that runs on the server; its files are here as well."""
    site = new_site("remote")
    site.write(web=_WEB)
    site.settings(COMPOSEGEN_FRONTEND="none")
    site.composegen("build")
    site.up()
    return site


@pytest.fixture(params=["DOCKER_HOST", "context"])
def remote(request: pytest.FixtureRequest, server: Server, site: Site) -> dict[str, str]:
    """Both ways to name an engine elsewhere."""
    env = server.environ(site)
    if request.param == "DOCKER_HOST":
        return env | {"DOCKER_HOST": server.address}
    name = f"server{uuid.uuid4().hex[:6]}"
    words = ["docker", "context", "create", name, f"--docker=host={server.address}"]
    subprocess.run(words, env=env, check=True, capture_output=True)
    return env | {"DOCKER_CONTEXT": name}


def _composegen(site: Site, env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "composegen", *words],
        cwd=site.folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_looks_works_and_what_changes_is_refused(site: Site, remote: dict[str, str]) -> None:
    """The answers are those of the server; a refusal says where to run it, and nothing has changed."""
    before = site.starts()
    for name, words in _LOOKING.items():
        done = _composegen(site, remote, *words)
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        if "json" in words:
            json.loads(done.stdout)
    assert f"{site.name}-web-1" in _composegen(site, remote, *_LOOKING["ps"]).stdout
    for name, words in _CHANGING.items():
        done = _composegen(site, remote, *words)
        told = f"{name}: {done.stdout}{done.stderr}"
        assert done.returncode == 2, told
        assert "not on this machine (ssh://root@127.0.0.1:" in done.stderr, told
        assert "run it on the server, in the project's folder" in done.stderr, told
    for target in ("up", "down", "update", "deploy"):
        done = subprocess.run(
            ["sh", f"composegen.d/run/{target}.sh"],
            cwd=site.folder,
            env=remote,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2, f"make {target}: {done.stdout}{done.stderr}"
        assert "run it on the server" in done.stderr
    assert site.starts() == before


def test_a_server_that_does_not_answer(site: Site, server: Server) -> None:
    """Exit code 3, and ssh's own reason."""
    env = server.environ(site) | {"DOCKER_HOST": f"ssh://root@127.0.0.1:{free_port()}"}
    done = _composegen(site, env, "ps")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "no Docker Engine answers" in done.stderr
