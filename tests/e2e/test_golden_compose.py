"""What reads the generated files finds nothing wrong with them: Compose, its schema, HAProxy, Traefik.

Every golden case and every example, with a filled ``.env``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import urllib.request
from functools import cached_property
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from tests import cases
from tests.e2e import composed, golden_traefik
from tests.engine.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.composed import Composed

pytestmark = pytest.mark.e2e
SCHEMA = jsonschema.Draft7Validator(
    json.loads((cases.HERE / "data" / "compose-spec.json").read_text("utf-8"))
)


@pytest.fixture(scope="module")
def engine() -> Engine:
    """Give the tests' engine; without one the tests fail."""
    return Engine.shared()


@pytest.fixture(scope="module")
def projects(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Composed]:
    """Give all golden cases and examples, built."""
    place = tmp_path_factory.mktemp("projects")
    environ = {
        **engine.exports,
        "PATH": engine.env["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "COMPOSEGEN_ACME_DIRECTORY": f"https://{golden_traefik.SILENT}/directory",
        "COMPOSEGEN_ACME_CA_FILE": "./ca.pem",
    }
    return {name: composed.composed(name, place, environ) for name in composed.names()}


@pytest.mark.parametrize("name", composed.names())
def test_compose_reads_it_without_a_word(projects: dict[str, Composed], name: str) -> None:
    """No error and no warning, and the overlay for building fits onto it."""
    one = projects[name]
    assert one.config["services"]
    if (one.folder / "docker-compose.build.yml").exists():
        done = one.compose(
            "-f", "docker-compose.yml", "-f", "docker-compose.build.yml", "--profile", "*", "config", "-q"
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", composed.names())
@pytest.mark.parametrize("file", ["docker-compose.yml", "docker-compose.build.yml"])
def test_it_is_valid_by_the_compose_specification(
    projects: dict[str, Composed], name: str, file: str
) -> None:
    """Other readers of compose files (editors, IDEs) go by the schema."""
    path = projects[name].folder / file
    if not path.exists():
        assert file == "docker-compose.build.yml"
        return
    SCHEMA.validate(yaml.safe_load(path.read_text("utf-8")))


def test_the_schema_refuses_what_is_no_compose_file() -> None:
    """The schema that is committed here is the real one."""
    with pytest.raises(jsonschema.ValidationError):
        SCHEMA.validate({"services": {"web": {"imagee": "busybox"}}})


def test_haproxy_accepts_each_configuration(
    projects: dict[str, Composed], engine: Engine, tmp_path: Path
) -> None:
    """``haproxy -c`` says nothing: no error and no warning."""
    files = {p.read_bytes() for one in projects.values() for p in one.folder.rglob("haproxy.cfg")}
    assert len(files) >= 4  # with and without the engine, with and without limits, watchtower's
    for number, content in enumerate(sorted(files)):
        (tmp_path / f"{number}.cfg").write_bytes(content)
    script = "set -e; for file in /c/*.cfg; do haproxy -c -q -f $file; done"
    words = [
        "run",
        "--rm",
        "--network",
        "none",
        "-u",
        "0:0",
        "-e",
        "FRONTEND=shop",
        "-v",
        f"{tmp_path}:/c:ro",
    ]
    done = subprocess.run(
        ["docker", *words, "--entrypoint", "sh", "haproxy:3.2", "-c", script],
        env=engine.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


class Frontends:
    """The Traefiks of all cases, running."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self.engine = engine

    def compose(self, *words: str) -> str:
        """Run ``docker compose`` on the merged file."""
        return self.engine.docker("compose", "-f", str(self.path), *words)

    def log(self, name: str) -> list[str]:
        """Return the lines that a case's Traefik has written, on either output."""
        done = subprocess.run(
            ["docker", "logs", _container(name)],
            env=self.engine.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()

    @cached_property
    def addresses(self) -> dict[str, str]:
        """The host address of each container that publishes its port 8080, by container name."""
        listed = self.engine.docker(
            "ps",
            "--filter",
            f"label=com.docker.compose.project={golden_traefik.PROJECT}",
            "--format",
            "{{.Names}} {{.Ports}}",
        )
        found = (re.match(r"(\S+) .*?(127\.0\.0\.1:\d+)->8080/tcp", line) for line in listed.splitlines())
        return {match[1]: match[2] for match in found if match}

    def data(self, name: str) -> dict[str, Any]:
        """Return Traefik's own view of its configuration."""
        address = self.addresses[_container(name)]
        with urllib.request.urlopen(f"http://{address}/api/rawdata", timeout=5) as answer:
            loaded: dict[str, Any] = json.load(answer)
            return loaded


def _container(name: str) -> str:
    return f"{golden_traefik.PROJECT}-{name}-traefik-1"


@pytest.fixture(scope="module")
def frontends(
    projects: dict[str, Composed], engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Frontends]:
    """Give all cases' frontends, running."""
    routed = [p for p in projects.values() if {"traefik", "unavailable"} & p.config["services"].keys()]
    for one in routed:
        golden_traefik.give_secrets(one)
    found = Frontends(
        golden_traefik.write(tmp_path_factory.mktemp("merged"), golden_traefik.merged(routed)), engine
    )
    try:
        found.compose("up", "-d", "--quiet-pull")
        yield found
    finally:
        found.compose("down", "-v", "-t", "0")


def _with_traefik() -> list[str]:
    return [n for n in composed.names() if "traefik" in _generated(n)]


def _generated(name: str) -> set[str]:
    """Return what a case's committed file generates, to name the tests before anything is built."""
    file = cases.GOLDEN / name / "expected" / "docker-compose.yml"
    if not file.exists():
        file = composed.EXAMPLES / name.removeprefix("example-") / "docker-compose.yml"
    return set(yaml.safe_load(file.read_text("utf-8"))["services"]) if file.exists() else set()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", _with_traefik())
def test_traefik_takes_every_router_and_says_nothing(
    projects: dict[str, Composed], frontends: Frontends, name: str
) -> None:
    """Its log at WARN stays empty, and each router that a label declares is there and enabled."""
    one = projects[name]
    joined = projects.values() if name == "static" else [one]
    wanted = {f"{r}@docker" for p in joined for r in golden_traefik.routers(p, one.project)}
    deadline = time.monotonic() + 60
    while True:
        found = _routers(frontends, name)
        if wanted <= found.keys() or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    assert wanted <= found.keys()
    assert {n: r for n, r in found.items() if r["status"] != "enabled" or r.get("error")} == {}
    assert [line for line in frontends.log(name) if golden_traefik.SILENT not in line] == []


def _routers(frontends: Frontends, name: str) -> dict[str, Any]:
    try:
        return frontends.data(name).get("routers", {})
    except (OSError, ValueError):
        return {}
