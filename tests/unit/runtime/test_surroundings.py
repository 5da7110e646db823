"""Compose gets the environment that the runner gives it; what changes something needs a local engine."""

from __future__ import annotations

import base64
import json
import os
import pwd
from typing import TYPE_CHECKING, Any

import pytest

from composegen.errors import EngineUnreachable, UsageError
from composegen.runtime import registry
from composegen.runtime.engine import Engine
from composegen.runtime.local import endpoint, require_local
from composegen.runtime.surroundings import surroundings

if TYPE_CHECKING:
    from pathlib import Path


def test_owner_of_the_folder(tmp_path: Path) -> None:
    """UID, GID and HOME are those of the folder's owner, whoever runs the command."""
    found = surroundings(tmp_path, {"UID": "7", "GID": "7", "HOME": "/home/other", "PATH": "/x", "A": "b"})
    about = tmp_path.stat()
    assert (found["UID"], found["GID"]) == (str(about.st_uid), str(about.st_gid))
    assert found["HOME"] == pwd.getpwuid(about.st_uid).pw_dir
    assert found["DOCKER_CONFIG"] == "/home/other/.docker"
    assert found["PATH"].startswith("/x:")
    assert (found["PWD"], found["A"]) == (str(tmp_path), "b")


def test_no_program_of_the_project_is_found(tmp_path: Path) -> None:
    """An empty place in PATH would be the current folder."""
    for environ in ({}, {"PATH": ""}):
        assert "" not in surroundings(tmp_path, environ)["PATH"].split(":")


def test_env_file_may_say_otherwise(tmp_path: Path) -> None:
    """A UID of .env stands; then none is set above it."""
    (tmp_path / ".env").write_text("UID=1234\n")
    found = surroundings(tmp_path, {"UID": "7", "HOME": "/h", "DOCKER_CONFIG": "/c"})
    assert "UID" not in found
    assert "GID" in found
    assert found["DOCKER_CONFIG"] == "/c"


@pytest.mark.parametrize("host", ["ssh://me@server", "tcp://10.0.0.1:2375", "npipe:////./pipe/docker"])
def test_remote_engines_are_refused(tmp_path: Path, host: str) -> None:
    """The refusal names the engine and says what to do."""
    with pytest.raises(UsageError, match="not on this machine") as caught:
        require_local(Engine(tmp_path, {"DOCKER_HOST": host}))
    assert host in str(caught.value)
    assert "run it on the server" in caught.value.hint


def test_local_engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A unix socket is fine, named by DOCKER_HOST or by the context; a broken context is exit 3."""
    assert require_local(Engine(tmp_path, {"DOCKER_HOST": "unix:///run/d.sock"})) == "/run/d.sock"
    fake = tmp_path / "docker"
    fake.write_text('#!/bin/sh\n[ "$1 $2" = "context inspect" ] && echo "$ANSWER" && [ -n "$ANSWER" ]\n')
    fake.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    monkeypatch.setenv("PATH", path)
    assert endpoint(Engine(tmp_path, {"PATH": path, "ANSWER": "unix:///run/c.sock"})) == "unix:///run/c.sock"
    with pytest.raises(EngineUnreachable):
        endpoint(Engine(tmp_path, {"PATH": path}))


@pytest.mark.parametrize(
    ("reference", "key"),
    [
        ("web:1", registry.HUB),
        ("docker.io/library/web", registry.HUB),
        ("me/web", registry.HUB),
        ("localhost/web", "localhost"),
        ("localhost:5000/web:1", "localhost:5000"),
        ("ghcr.io/me/web@sha256:1", "ghcr.io"),
    ],
)
def test_registry_of_a_reference(reference: str, key: str) -> None:
    """Credentials are looked up under the key that `docker login` writes."""
    assert registry.host(reference) == key


def _sent(environ: dict[str, str], reference: str) -> Any:
    header = registry._auth(environ, reference)  # noqa: SLF001 - what is sent, without an engine
    return json.loads(base64.urlsafe_b64decode(header)) if header else None


def test_credentials(tmp_path: Path) -> None:
    """They come from the docker configuration or its helper; without any, none are sent."""
    auth = base64.b64encode(b"me:se:cret").decode()
    helper = tmp_path / "docker-credential-test"
    helper.write_text(
        '#!/bin/sh\nread -r host\necho "{\\"Username\\": \\"$host\\", \\"Secret\\": \\"s\\"}"\n'
    )
    helper.chmod(0o755)
    environ = {"DOCKER_CONFIG": str(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    assert _sent(environ, "ghcr.io/me/web") is None
    config = {
        "auths": {"ghcr.io": {"auth": auth}, "token.test": {"identitytoken": "t"}, "bad.test": {"auth": "%"}},
        "credHelpers": {"helped.test": "test", "broken.test": "nothing"},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert _sent(environ, "ghcr.io/me/web") == {
        "username": "me", "password": "se:cret", "serveraddress": "ghcr.io",
    }  # fmt: skip
    assert _sent(environ, "token.test/web") == {"identitytoken": "t", "serveraddress": "token.test"}
    path = os.environ["PATH"]
    os.environ["PATH"] = environ["PATH"]
    try:
        assert _sent(environ, "helped.test/web")["username"] == "helped.test"
        assert _sent(environ, "broken.test/web") is None
    finally:
        os.environ["PATH"] = path
    assert _sent(environ, "bad.test/web") is None
    (tmp_path / "config.json").write_text("no JSON")
    assert _sent(environ, "ghcr.io/me/web") is None
