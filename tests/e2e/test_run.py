"""`composegen run` on a real engine, behind a real Traefik."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.e2e.site import Site, wait
from tests.engine import images

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine import Engine

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

_HOST = "app.test"
_WEB = """\
# composegen.service = web
# composegen.image = {name}/web:latest
# composegen.update = auto
# composegen.url = http://app.test
# composegen.port = 8080
# composegen.scale = 2
# composegen.healthcheck = /health
# composegen.liveness = /health
# composegen.secret = token
# composegen.volume = data:/data
# composegen.env = GREETING
# composegen.stop-grace = 2s
FROM busybox:musl
CMD ["/testapp"]
"""


@pytest.fixture(scope="module")
def site(running_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A project of two routed replicas, ready; the tests leave it as it is."""
    folder = tmp_path_factory.mktemp("task")
    for parent in (folder, folder.parent):
        parent.chmod(0o755)
    site = Site(running_engine, folder, f"cgtask{uuid.uuid4().hex[:6]}")
    images.ensure(site.engine, ["testapp"])
    image = f"{site.name}/web:latest"
    images.build_variant(site.engine, image, "testapp:shell", env={"VERSION": "first"})
    try:
        site.write(web=_WEB.format(name=site.name))
        site.settings(COMPOSEGEN_TLS="off", GREETING="good day")
        (site.folder / "secrets").mkdir(mode=0o700)
        (site.folder / "secrets" / "token").write_text("secret")
        site.composegen("build")
        site.up()
        yield site
    finally:
        site.end()
        site.engine.docker("rmi", "--force", image, check=False)


def _start(site: Site, *words: str, **how: int) -> subprocess.Popen[str]:
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
    command = [sys.executable, "-m", "composegen", "run", *words]
    return subprocess.Popen(command, cwd=site.folder, env=site.env, text=True, **options)  # type: ignore[call-overload,no-any-return]


def _run(site: Site, *words: str, text: str = "") -> tuple[int, str, str]:
    process = _start(site, *words)
    out, error = process.communicate(text, timeout=60)
    return process.returncode, out, error


def _tasks(site: Site) -> list[str]:
    """List the ids of the one-offs that there are."""
    filters = (f"{p}" for p in (f"project={site.name}", "oneoff=True"))
    words = [f"--filter=label=com.docker.compose.{f}" for f in filters]
    return site.engine.docker("ps", "--all", "--quiet", "--no-trunc", *words).split()


def _task(site: Site) -> dict[str, object]:
    """Wait until there is a one-off that runs, and look at it."""
    look = ("inspect", "--format={{.State.Running}}")
    wait("a one-off", lambda: (i := _tasks(site)) and site.engine.docker(*look, *i) == "true\n")
    (found,) = json.loads(site.engine.docker("inspect", *_tasks(site)))
    return dict(found)


def test_it_has_what_the_service_has_and_passes_everything_on(site: Site) -> None:
    """Environment, secret, volume, network, input, both outputs and the exit code; then it is gone."""
    before = site.starts()
    script = (
        "cat; echo $GREETING; cp /run/secrets/token /data/kept;"
        " nslookup web | grep -c ^Address; echo told >&2; exit 7"
    )
    code, out, error = _run(site, "web", "--", "sh", "-c", script, text="in\n")
    assert (code, error.strip()) == (7, "told")
    assert out.splitlines()[:2] == ["in", "good day"]
    assert int(out.splitlines()[2]) >= 2
    assert _run(site, "web", "--", "cat", "/data/kept")[:2] == (0, "secret")
    assert _tasks(site) == []
    assert site.starts() == before
    assert "nothing was restarted" in site.up()


def test_no_request_reaches_it_and_nobody_restarts_or_updates_it(site: Site) -> None:
    """It runs the very server that is routed, on the same port, with the same liveness check."""
    process = _start(site, "web")
    try:
        found = _task(site)
        config, host = found["Config"], found["HostConfig"]
        assert isinstance(config, dict)
        assert isinstance(host, dict)
        assert config["Labels"]["com.centurylinklabs.watchtower.enable"] == "false"
        assert config["Healthcheck"]["Test"] == ["NONE"]
        assert host["RestartPolicy"]["Name"] == "no"
        assert not host["PortBindings"]
        seen = {site.get(_HOST, "/id").text for _ in range(60)}
        assert len(seen) == 2
        assert not any(config["Hostname"] in answer for answer in seen)
        addresses = {n["IPAddress"] for n in found["NetworkSettings"]["Networks"].values()}  # type: ignore[index]
        for name in (f"{site.name}-web", "web"):
            words = ("exec", site.containers("web")[0], "nslookup", "-type=a", name, "127.0.0.11")
            told = site.engine.docker(*words)
            assert told.count("Address") >= 2
            assert not any(f"{a}\n" in told for a in addresses), told
        assert len(json.loads(site.composegen("ps", "--format", "json"))) > 0
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        process.communicate()
    assert _tasks(site) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_it(site: Site, number: signal.Signals) -> None:
    """A program that knows no signals ends too, and at once: it is not the first process."""
    process = _start(site, "web", "--", "sleep", "1000")
    _task(site)
    process.send_signal(number)
    assert process.wait(60) == 128 + number
    process.communicate()
    assert _tasks(site) == []


def test_ctrl_c_on_a_terminal_stops_it(site: Site) -> None:
    """Here the key goes to the container's own terminal."""
    command = [sys.executable, "-m", "composegen", "run", "web", "--", "sleep", "1000"]
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(site.folder)
        os.execvpe(command[0], command, site.env)  # noqa: S606 - composegen itself
    try:
        _task(site)
        os.write(terminal, b"\x03")
        assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 130
    finally:
        os.close(terminal)
    assert _tasks(site) == []


def test_one_that_takes_too_long_is_stopped(site: Site) -> None:
    """Attached and in the background."""
    assert _run(site, "web", "--timeout", "2s", "--", "sleep", "1000")[0] == 124
    code, out, error = _run(site, "web", "--detach", "--timeout", "5s", "--", "sleep", "1000")
    assert code == 0
    assert out.strip() == str(_task(site)["Name"]).lstrip("/")
    assert f"docker logs --follow {out.strip()}" in error
    wait("the guard", lambda: not _tasks(site))


def test_the_image_is_what_was_accepted(site: Site) -> None:
    """Not what the tag was moved to since; the image of a release where one is named."""
    images.build_variant(site.engine, f"{site.name}/web:latest", "testapp:shell", env={"VERSION": "second"})
    words = ("--", "sh", "-c", "echo $VERSION")
    assert _run(site, "web", *words)[1] == "first\n"
    code, _, error = _run(site, "web", "--release", "9", *words)
    assert code == 2
    assert "web has no release 9" in error
