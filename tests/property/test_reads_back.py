"""What `docker compose config` reads back equals what was declared.

A hundred random services go into one compose file, so that one run of Compose checks them all.
COMPOSEGEN_SOAK=1 tries many more files.
"""

from __future__ import annotations

import json
import os
import subprocess
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from composegen.diagnostics import Report
from composegen.emit.yaml import Alias, Anchored, Commented, Flow
from composegen.pipeline import Input, compile_project
from composegen.source import Source
from composegen.targets import compose as target
from composegen.text import Raw
from tests.property.declared import ENVIRONMENT, Declared, declared

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SOAK = os.environ.get("COMPOSEGEN_SOAK") == "1"
SERVICES = 100
FILES = 15 if SOAK else 4


def compiled(services: list[Declared]) -> str:
    """Return docker-compose.yml of the services; random but right input compiles."""
    report = Report()
    env = Source(".env", "COMPOSEGEN_TLS=local\nPLAIN=x\n")
    sources = [Source(f"{s.name}/Dockerfile", s.dockerfile) for s in services]
    output = compile_project(Input(sources=sources, env=env), report)
    errors = [f"{d.message}: {d.span.text if d.span else ''}" for d in report if d.severity.label == "error"]
    assert not errors
    return output.files["docker-compose.yml"]


def config(text: str, folder: Path, env: dict[str, str]) -> dict[str, Any]:
    """Return the project as Compose sees it."""
    (folder / "docker-compose.yml").write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["docker", "compose", "--profile", "*", "config", "--format", "json"],
        cwd=folder,
        env=env | ENVIRONMENT | {"COMPOSE_PROJECT_NAME": "read", "UID": "7", "GID": "8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    read: dict[str, Any] = _single(json.loads(done.stdout))
    return read


def _fails(check: Callable[[dict[str, Any]], None], read: dict[str, Any], service: Declared) -> str:
    """Return why a check fails; '' when it does not."""
    try:
        check(read["services"][service.name])
    except AssertionError as error:
        return str(error)
    return ""


def _single(value: Any) -> Any:
    """Undo the doubling of dollars in what `config` prints."""
    if isinstance(value, str):
        return value.replace("$$", "$")
    if isinstance(value, list):
        return [_single(v) for v in value]
    if isinstance(value, dict):
        return {k.replace("$$", "$"): _single(v) for k, v in value.items()}
    return value


@pytest.mark.parametrize("seed", range(FILES))
def test_compose_reads_what_was_declared(seed: int, tmp_path: Path, compose_env: dict[str, str]) -> None:
    """Each field of each service."""
    random = Random(seed)  # noqa: S311 - the same services in each run
    services = [declared(number, str(tmp_path), random) for number in range(SERVICES)]
    read = config(compiled(services), tmp_path, compose_env)
    wrong = []
    for service in services:
        wrong += [f"{e}\n{service.dockerfile}" for c in service.checks if (e := _fails(c, read, service))]
    assert not wrong, f"{len(wrong)} of them:\n" + "\n\n".join(wrong[:5])
    others = {"traefik", "socket-proxy", "toolbox", "local-ca", "watchtower"}
    assert set(read["services"]) - {s.name for s in services} <= others


@pytest.mark.parametrize("seed", range(FILES))
def test_pyyaml_reads_the_document(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file holds the compiler's document, nothing more and nothing less."""
    documents: list[dict[str, Any]] = []
    write = target.dump

    def dump(document: dict[str, Any]) -> str:
        documents.append(document)
        return write(document)

    monkeypatch.setattr(target, "dump", dump)
    random = Random(seed)  # noqa: S311 - the same services in each run
    text = compiled([declared(number, "/p", random) for number in range(SERVICES)])
    anchors: dict[str, Any] = {}
    assert yaml.safe_load(text) == _plain(documents[0], anchors)


def _plain(value: Any, anchors: dict[str, Any]) -> Any:
    """Return what a YAML reader must see."""
    if isinstance(value, Anchored):
        anchors[value.name] = _plain(value.value, anchors)
        return anchors[value.name]
    if isinstance(value, (Flow, Commented)):
        return _plain(value.value, anchors)
    if isinstance(value, Alias):
        return anchors[str(value)]
    if isinstance(value, str):
        return str(value) if isinstance(value, Raw) else value.replace("$", "$$")
    if isinstance(value, (list, tuple)):
        return [_plain(v, anchors) for v in value]
    if isinstance(value, dict):
        return {str(k): _plain(v, anchors) for k, v in value.items()}
    return value
