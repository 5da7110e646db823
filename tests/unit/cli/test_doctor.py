"""`composegen doctor`: each check both ways, against a docker command that says what the test wants."""

from __future__ import annotations

import json
import shutil
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from composegen.runtime.checks import machine
from composegen.runtime.checks.base import Place
from composegen.runtime.engine import Engine
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REAL = ("sh", "make", "flock", "cat")
HOOK = "com.centurylinklabs.watchtower.lifecycle.pre-update"
FAKE = """\
case "$*" in
version*) cat $F/version; [ -s $F/version ] || { echo "not there: tcp://u:hunter2@host:2375" >&2; exit 1; } ;;
"compose version"*) cat $F/compose; [ -s $F/compose ] || { echo "'compose' is no command" >&2; exit 1; } ;;
*--no-interpolate*) cat $F/plain ;;
*"config --format json") [ -s $F/config ] || { echo "hunter2 is missing" >&2; exit 1; }; cat $F/config ;;
"ps --all"*) echo one ;;
inspect*) cat $F/inspect ;;
*publish=*) cat $F/holder ;;
exec*) read -r code <$F/exec; exit $code ;;
info*) cat $F/root ;;
*) echo "unexpected: $*" >&2; exit 9 ;;
esac"""


@dataclass
class Fake:
    """The folder of answers that the docker command gives."""

    folder: Path
    path: str
    composegen: Any
    environ: dict[str, str] = field(default_factory=dict)

    def says(self, **answers: Any) -> None:
        """Set answers; what is no text becomes JSON."""
        for name, answer in answers.items():
            text = answer if isinstance(answer, str) else json.dumps(answer)
            (self.folder / name).write_text(text)

    def run(self, *arguments: str, path: str = "") -> Any:
        """Run doctor."""
        return self.composegen("doctor", *arguments, path=path or self.path, **self.environ)

    def find(self, check: str) -> list[tuple[str, str]]:
        """Return status and message of the findings of one check."""
        found = json.loads(self.run("--format", "json").out)
        assert all(f["mend"] for f in found if f["status"] != "ok")
        return [(f["status"], f["message"]) for f in found if f["check"] == check]


def container(service: str, state: str = "running", **more: Any) -> dict[str, Any]:
    """Return what `docker inspect` says of a container."""
    labels = {"com.docker.compose.service": service, **more.pop("labels", {})}
    status = {"Status": state, "Running": state == "running", **more.pop("status", {})}
    return {
        "Id": "one",
        "Config": {"Labels": labels},
        "State": status,
        "Mounts": [],
        "HostConfig": {},
        **more,
    }


@pytest.fixture
def fake(
    project: Path, composegen: Any, programs: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fake]:
    """Make a healthy project on a healthy engine."""
    folder = tmp_path_factory.mktemp("fake")
    sock = folder / "docker.sock"
    with socket.socket(socket.AF_UNIX) as listener, (project / ".env").open("a") as env:
        listener.bind(str(sock))
        env.write(f"COMPOSEGEN_HTTP_PORT={free_port()}\nCOMPOSEGEN_HTTPS_PORT={free_port()}\n")
        env.write(f"COMPOSEGEN_DOCKER_SOCKET={sock}\n")
        env.flush()
        assert composegen("build").code == 0
        made = Fake(folder, programs(REAL, docker=FAKE.replace("$F", str(folder))), composegen)
        urls = [{"service": "web", "url": "https://localhost/"}]
        made.says(
            version="28.5.2\n", compose="2.40.3-3\n", plain={"name": "shop"}, root=str(project), holder=""
        )
        made.says(
            config={"name": "shop", "x-composegen": {"urls": urls}}, inspect=[container("web")], exec="0\n"
        )
        yield made


def test_all_is_well(fake: Fake, project: Path, snapshot: Any) -> None:
    """A healthy project has no warning, ends with 0, and doctor changes nothing."""
    before = snapshot(project)
    done = fake.run()
    assert done.code == 0, done.out
    assert "\nwarn" not in done.out
    assert done.out.rstrip().endswith("ok, 0 warn, 0 fail")
    assert snapshot(project) == before
    checks = {line.split()[1].rstrip(":") for line in done.out.splitlines() if line.startswith("ok ")}
    assert checks == {
        "docker", "engine", "compose", "tools", "files", "env", "socket", "disk", "dns", "ports", "volumes",
    }  # fmt: skip


def test_no_docker(fake: Fake, programs: Any) -> None:
    """Without a docker command the exit code is 3, and the other checks are made all the same."""
    done = fake.run(path=programs(REAL))
    assert done.code == 3
    assert "fail  docker: there is no docker command" in done.out
    assert "ok    files:" in done.out


def test_engine_unreachable(fake: Fake) -> None:
    """An engine that does not answer is 3; the address is shown without its password."""
    fake.says(version="")
    done = fake.run()
    assert done.code == 3
    assert "tcp://host:2375" in done.out
    assert "hunter2" not in done.out + done.err


def test_engine_that_hangs(fake: Fake, programs: Any) -> None:
    """An engine that never answers ends doctor in bounded time."""
    start = time.monotonic()
    done = fake.run(path=programs((*REAL, "sleep"), docker="exec sleep 100"))
    assert done.code == 3
    assert "did not answer within" in done.out
    assert time.monotonic() - start < 30


@pytest.mark.parametrize(
    ("answers", "check", "status", "message"),
    [
        ({"version": "24.0.9"}, "engine", "fail", "Docker Engine 24.0.9 is too old"),
        ({"version": "dev"}, "engine", "warn", "Docker Engine has the unknown version 'dev'"),
        ({"compose": "2.23.3"}, "compose", "fail", "Docker Compose 2.23.3 is too old"),
        ({"compose": "v5.0.0"}, "compose", "ok", "Docker Compose v5.0.0"),
        ({"compose": ""}, "compose", "fail", "the Compose plugin is not installed"),
        ({"config": ""}, "dns", "warn", "the hosts are not known"),
    ],
)
def test_versions(fake: Fake, answers: dict[str, str], check: str, status: str, message: str) -> None:
    """Versions are compared as numbers; what cannot be read is a warning."""
    fake.says(**answers)
    assert fake.find(check) == [(status, message)]


def test_missing_tools(fake: Fake, programs: Any) -> None:
    """Programs that are not there are named with the package that has them."""
    done = fake.run(path=programs(("sh", "cat"), docker="exit 1"))
    assert "make is not installed\n      help: install it, for example: apt install make" in done.out
    assert "flock is not installed\n      help: install it, for example: apt install util-linux" in done.out


def test_stale_files(fake: Fake, project: Path) -> None:
    """Files that are behind the annotations fail, as with build --check."""
    path = project / "Dockerfile"
    path.write_text(path.read_text() + "# composegen.maxmem = 64m\n")
    assert fake.find("files") == [("fail", "not up to date with the annotations: docker-compose.yml")]
    assert fake.run().code == 1
    path.write_text(path.read_text() + "# composegen.port = x\n")
    ((status, message),) = fake.find("files")
    assert status == "fail"
    assert "CG" in message


def test_env(fake: Fake, project: Path) -> None:
    """Rights, absence and missing variables of .env; no value is shown."""
    env = project / ".env"
    env.chmod(0o644)
    assert ("warn", ".env can be read by other users of this machine") in fake.find("env")
    env.write_text(env.read_text().replace("SITE_HOST=localhost", "SITE_HOST="))
    assert ("fail", "SITE_HOST has no value") in fake.find("env")
    env.unlink()
    assert fake.find("env") == [("fail", "there is no .env"), ("fail", "SITE_HOST has no value")]
    env.mkdir()
    assert fake.find("env")[0] == ("fail", ".env is no file")


def test_no_secret_is_shown(fake: Fake, project: Path) -> None:
    """Neither a value of .env, nor a line of it that cannot be read, nor Compose's words about it appear."""
    fake.says(config="")
    with (project / ".env").open("a") as env:
        env.write("PASSWORD=hunter2\nhunter2 is no assignment\n")
    done = fake.run()
    assert done.code == 1
    assert "hunter2" not in done.out + done.err
    assert "CG401" in done.out


def test_secrets(fake: Fake, project: Path) -> None:
    """A missing secret, one that a container cannot read, and a folder that others can enter."""
    path = project / "Dockerfile"
    path.write_text("# composegen.secret = db\n# composegen.secret = api\n" + path.read_text())
    fake.composegen("build")
    folder = project / "secrets"
    assert [m for _, m in fake.find("secrets")] == ["secrets/api is missing", "secrets/db is missing"]
    folder.mkdir(mode=0o755)
    for name, mode in (("api", 0o444), ("db", 0o400)):
        (folder / name).write_text("hunter2")
        (folder / name).chmod(mode)
    assert fake.find("secrets") == [
        ("fail", "other users can enter the folder secrets"),
        ("warn", "secrets/db cannot be read by every container's user"),
    ]
    folder.chmod(0o700)
    (folder / "db").chmod(0o444)
    assert fake.find("secrets") == [("ok", "2 secrets are there")]


def test_ports(fake: Fake, project: Path) -> None:
    """A port may be free, ours, another container's, or another program's."""
    text = (project / ".env").read_text()
    port = int(text.partition("COMPOSEGEN_HTTP_PORT=")[2].split()[0])
    with socket.socket() as other:
        other.bind(("", port))
        other.listen()
        assert fake.find("ports")[0] == ("fail", f"port {port} is held by another program")
        fake.says(holder="blog-traefik-1\n")
        assert fake.find("ports")[0] == ("fail", f"port {port} is held by the container blog-traefik-1")
        bound = {"80/tcp": [{"HostPort": str(port)}], "443/tcp": None}
        fake.says(inspect=[container("traefik", HostConfig={"PortBindings": bound})])
        assert fake.find("ports")[0] == ("ok", f"port {port} is held by this project's frontend")
    (project / ".env").write_text(text.replace(f"HTTP_PORT={port}", "HTTP_PORT=http"))
    assert fake.find("ports")[0] == ("fail", "COMPOSEGEN_HTTP_PORT is no port")


def test_names(fake: Fake) -> None:
    """A host may be here, elsewhere, or nowhere; neither stops anything."""
    urls = [
        {"url": f"https://{h}/x"} for h in ("localhost", "192.0.2.7", "nowhere.invalid", "*.nowhere.invalid")
    ]
    fake.says(config={"x-composegen": {"urls": urls}})
    found = fake.find("dns")
    assert ("ok", "localhost resolves to this machine") in found
    assert ("warn", "192.0.2.7 resolves to 192.0.2.7, which is no address of this machine") in found
    assert ("warn", "nowhere.invalid does not resolve") in found
    assert fake.run().code == 0


def test_socket(fake: Fake, project: Path) -> None:
    """The socket that containers mount has to be one, and DOCKER_HOST's."""
    env = project / ".env"
    text = env.read_text()
    real = str(fake.folder / "docker.sock")
    fake.environ = {"DOCKER_HOST": "unix:///run/other.sock"}
    assert fake.find("socket") == [("warn", f"containers mount {real}, but DOCKER_HOST names another socket")]
    fake.environ = {"DOCKER_HOST": f"unix://{real}"}
    assert fake.find("socket") == [("ok", f"{real} is there")]
    env.write_text(text.replace(real, "/nowhere.sock"))
    assert fake.find("socket") == [("fail", "/nowhere.sock is not there, and containers mount it")]
    env.write_text(text.replace(real, str(env)))
    assert fake.find("socket") == [("fail", f"{env} is no socket")]


def test_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Little room is a warning, next to none a failure; a folder of another machine is left out."""
    place = Place(folder=tmp_path, engine=Engine(tmp_path), values={}, stack=None, compose_text="")
    usage = type(shutil.disk_usage(tmp_path))
    found = []
    for free in (3 << 30, 1 << 30, 1 << 20):
        monkeypatch.setattr(machine.shutil, "disk_usage", lambda _, free=free: usage(8 << 30, 0, free))
        found.append([f.status.value for f in machine.disk(place, "")])
    assert found == [["ok"], ["warn"], ["fail"]]
    monkeypatch.undo()
    assert len(list(machine.disk(place, "/nowhere/docker"))) == 1


def test_anonymous_volume(fake: Fake) -> None:
    """A volume without a name is a warning that says how to name it."""
    mounts = [
        {"Type": "volume", "Name": "ab" * 32, "Destination": "/var/lib/data"},
        {"Type": "volume", "Name": "shop_data", "Destination": "/data"},
    ]
    fake.says(inspect=[container("web", Mounts=mounts)])
    ((status, message),) = fake.find("volumes")
    assert status == "warn"
    assert message.startswith("web keeps /var/lib/data in a volume without a name")


@pytest.mark.parametrize(("code", "status"), [("0", "ok"), ("127", "fail"), ("126", "fail"), ("1", "warn")])
def test_shell_for_hooks(fake: Fake, code: str, status: str) -> None:
    """A service with a hook is asked for a shell, once."""
    hooked = container("web", labels={HOOK: "/.composegen/bin/sh"})
    fake.says(inspect=[hooked, hooked, container("db")], exec=f"{code}\n")
    assert [s for s, _ in fake.find("hooks")] == [status]


@pytest.mark.parametrize(("state", "status"), [("running", "ok"), ("paused", "fail"), ("exited", "warn")])
def test_watchtower(fake: Fake, state: str, status: str) -> None:
    """A paused watchtower updates nothing."""
    fake.says(inspect=[container("watchtower", state)])
    assert [s for s, _ in fake.find("watchtower")] == [status]


def test_sick_containers(fake: Fake) -> None:
    """A container that restarts or is not ready is named."""
    sick = {"Health": {"Status": "unhealthy"}}
    fake.says(
        inspect=[container("a", status=sick), container("b", "restarting", status={"Restarting": True})]
    )
    assert fake.find("containers") == [
        ("warn", "a container of a is not ready"),
        ("warn", "a container of b restarts again and again"),
    ]


def test_pins(fake: Fake, project: Path) -> None:
    """A pinned image is told; a variable that is empty pins nothing."""
    with (project / ".env").open("a") as env:
        env.write("COMPOSEGEN_IMAGE_WEB=shop/web@sha256:1\nCOMPOSEGEN_IMAGE_DB=\n")
    assert fake.find("pins") == [("warn", "COMPOSEGEN_IMAGE_WEB pins an image: shop/web@sha256:1")]


def test_pins_in_the_way(fake: Fake, project: Path) -> None:
    """A pin whose reference has changed since holds back what the files ask for now."""
    with (project / ".env").open("a") as env:
        env.write("# COMPOSEGEN_IMAGE_WEB replaces shop/web:1\nCOMPOSEGEN_IMAGE_WEB=shop/web@sha256:1\n")
    services = {"web": {"image": "COMPOSEGEN_IMAGE_WEB", "reference": "shop/web:2"}}
    fake.says(config={"name": "shop", "x-composegen": {"urls": [], "services": services}})
    message = "a pin is in the way: COMPOSEGEN_IMAGE_WEB replaced shop/web:1, and now it would be shop/web:2"
    assert fake.find("pins") == [("warn", message)]


def test_pins_of_a_service_that_is_gone(fake: Fake, project: Path) -> None:
    """No service can be unpinned then."""
    with (project / ".env").open("a") as env:
        env.write("COMPOSEGEN_IMAGE_WEB=shop/web@sha256:1\n")
    services = {"shop": {"image": "COMPOSEGEN_IMAGE_SHOP", "reference": "shop/web:2"}}
    fake.says(config={"name": "shop", "x-composegen": {"urls": [], "services": services}})
    message = "COMPOSEGEN_IMAGE_WEB pins an image that no service has any more: shop/web@sha256:1"
    assert fake.find("pins") == [("warn", message)]
    assert "unpin SERVICE" not in fake.run().out


def test_interrupted_deploy(fake: Fake, project: Path) -> None:
    """A deploy that did not end keeps make from starting anything, so it is a failure."""
    assert fake.find("deploys") == []
    (project / ".composegen").mkdir(exist_ok=True)
    (project / ".composegen" / "intent").write_text("{}")
    assert fake.find("deploys") == [("fail", "a deploy was interrupted")]


def test_empty_folder(tmp_path: Path, composegen: Any) -> None:
    """A folder without a project says what to do first."""
    del tmp_path
    done = composegen("doctor", PATH_FOR_TEST="")
    assert "run `composegen init`" in done.out
