"""The machine: the docker command, engine and Compose, tools, socket, disk."""

from __future__ import annotations

import os
import re
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from composegen.errors import EngineUnreachable
from composegen.runtime.checks.base import Finding, Place, fail, ok, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from composegen.runtime.engine import Engine

# start_interval needs the one, the files' interpolation and `config` options the other.
ENGINE_MINIMUM, COMPOSE_MINIMUM = (25, 0), (2, 24)
_TOOLS = {"make": "make", "flock": "util-linux", "sh": "dash"}
_LOW, _EMPTY = 2 << 30, 200 << 20
_SOCKET = "/var/run/docker.sock"


def client(engine: Engine) -> tuple[list[Finding], bool]:
    """Check the docker command, engine and Compose; also return whether an engine answers."""
    if shutil.which("docker", path=engine.environ.get("PATH")) is None:
        return [
            fail("docker", "there is no docker command", "install Docker Engine and its Compose plugin")
        ], False
    try:
        version = engine.require()
    except EngineUnreachable as error:
        return [fail("engine", str(error), error.hint)], False
    return [
        ok("docker", "the docker command is there"),
        _version("engine", "Docker Engine", version, ENGINE_MINIMUM),
        _compose(engine),
    ], True


def _compose(engine: Engine) -> Finding:
    answer = engine.run("compose", "version", "--short")
    if not answer.ok:
        return fail(
            "compose", "the Compose plugin is not installed", "install the package docker-compose-plugin"
        )
    return _version("compose", "Docker Compose", answer.out.strip(), COMPOSE_MINIMUM)


def _version(check: str, name: str, version: str, minimum: tuple[int, int]) -> Finding:
    match = re.match(r"v?(\d+)\.(\d+)", version)
    wanted = ".".join(map(str, minimum))
    if match is None:
        return warn(
            check, f"{name} has the unknown version {version!r}", f"composegen needs {wanted} or newer"
        )
    if (int(match[1]), int(match[2])) < minimum:
        return fail(check, f"{name} {version} is too old", f"install {wanted} or newer")
    return ok(check, f"{name} {version}")


def tools(engine: Engine) -> Iterator[Finding]:
    """Check the programs that the runner needs."""
    for name, package in _TOOLS.items():
        if shutil.which(name, path=engine.environ.get("PATH")) is None:
            yield fail("tools", f"{name} is not installed", f"install it, for example: apt install {package}")
        else:
            yield ok("tools", f"{name} is there")


def socket(place: Place) -> Finding | None:
    """Check that the socket which the frontend mounts is there; None where nothing mounts one."""
    if "COMPOSEGEN_DOCKER_SOCKET" not in place.compose_text:
        return None
    path = place.value("COMPOSEGEN_DOCKER_SOCKET", _SOCKET)
    mend = (
        "name the engine's socket with COMPOSEGEN_DOCKER_SOCKET in .env (`docker context inspect` shows it)"
    )
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - a path of .env, as it is
    except (OSError, ValueError):
        return fail("socket", f"{path} is not there, and containers mount it", mend)
    if not stat.S_ISSOCK(mode):
        return fail("socket", f"{path} is no socket", mend)
    host = place.engine.environ.get("DOCKER_HOST", "")
    if host.startswith("unix://") and not _same(host.removeprefix("unix://"), path):
        return warn("socket", f"containers mount {path}, but DOCKER_HOST names another socket", mend)
    return ok("socket", f"{path} is there")


def _same(one: str, other: str) -> bool:
    try:
        return Path(one).samefile(other)
    except OSError:
        return False


def disk(place: Place, root: str) -> Iterator[Finding]:
    """Check the room where images and volumes lie (``root``, '' when not known) and in the folder."""
    places = {"the engine's folder": root, "the project's folder": str(place.folder)}
    for name, path in places.items():
        try:
            found = shutil.disk_usage(path) if path else None
        except OSError:
            found = None  # an engine on another machine
        if found is not None:
            yield _room(name, found.free, found.total)


def _room(name: str, free: int, total: int) -> Finding:
    shown = f"{free / (1 << 30):.1f} GiB free of {total / (1 << 30):.1f} in {name}"
    if free < _EMPTY:
        return fail("disk", shown, "make room: `docker system df` shows what images and volumes take")
    if free < _LOW:
        return warn("disk", shown, "make room: an update needs space for the old and the new image")
    return ok("disk", shown)


def private(path: Path) -> bool:
    """Whether only its owner may do anything with ``path``."""
    return not path.stat().st_mode & 0o077
