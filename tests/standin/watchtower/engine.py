"""The Docker API over a unix socket or TCP: the dozen calls that an update needs."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import socket
import urllib.parse
from pathlib import Path
from typing import Any

_NEWEST = (1, 51)
_DEFAULT = "unix:///var/run/docker.sock"
_ERRORS = 400
_NOT_FOUND = 404


class EngineError(Exception):
    """The engine refused, or could not be asked."""


class GoneError(EngineError):
    """What was asked for does not exist."""


class _Unix(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float | None) -> None:
        super().__init__("docker", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Engine:
    """One engine; every call is a connection of its own."""

    def __init__(self, host: str = "") -> None:
        self._host = host or os.environ.get("DOCKER_HOST") or _DEFAULT
        self._prefix = ""

    def negotiate(self) -> None:
        """Agree on an API version, as docker's own client does."""
        told = self._send("HEAD", "/_ping")[1].get("Api-Version", "1.44")
        theirs = tuple(int(number) for number in told.split("."))
        self._prefix = "/v{}.{}".format(*min(_NEWEST, theirs))

    def containers(self, *states: str) -> list[str]:
        """List ids of containers in these states."""
        filters = json.dumps({"status": dict.fromkeys(states, True)})
        found = self._json("GET", "/containers/json", query={"filters": filters, "all": "1"})
        return [entry["Id"] for entry in found]

    def everything(self) -> list[dict[str, Any]]:
        """List all containers, in short."""
        return list(self._json("GET", "/containers/json", query={"all": "1"}))

    def inspect(self, container: str) -> dict[str, Any]:
        """Describe a container."""
        return dict(self._json("GET", f"/containers/{container}/json"))

    def image(self, name: str) -> dict[str, Any]:
        """Describe an image."""
        return dict(self._json("GET", f"/images/{name}/json"))

    def pull(self, name: str) -> None:
        """Have the engine pull; what it says after it has begun is read and not looked at."""
        repository, tag = split(name)
        credentials = {"X-Registry-Auth": _credentials(repository)}
        query = {"fromImage": repository, "tag": tag}
        self._send("POST", "/images/create", query=query, headers=credentials)

    def stop(self, container: str, signal: str, timeout: int) -> None:
        """Stop a container."""
        query = {"signal": signal, "t": str(timeout)}
        self._send("POST", f"/containers/{container}/stop", query=query)

    def remove(self, container: str, *, volumes: bool) -> None:
        """Remove a container, running or not."""
        query = {"force": "1", "v": "1" if volumes else "0"}
        self._send("DELETE", f"/containers/{container}", query=query)

    def create(self, body: dict[str, Any]) -> str:
        """Create a container under a name that the engine invents."""
        return str(self._json("POST", "/containers/create", body)["Id"])

    def rename(self, container: str, name: str) -> None:
        """Give a container its name."""
        self._send("POST", f"/containers/{container}/rename", query={"name": name})

    def start(self, container: str) -> None:
        """Start a container."""
        self._send("POST", f"/containers/{container}/start")

    def no_restart(self, container: str) -> None:
        """See that the engine does not start this container again."""
        body = {"RestartPolicy": {"Name": "no"}}
        self._send("POST", f"/containers/{container}/update", body)

    def run(self, container: str, command: list[str], env: list[str]) -> str:
        """Start a command in a container, detached; give the id to ask for its end."""
        body = {"Cmd": command, "Env": env, "Tty": True, "AttachStdout": True, "AttachStderr": True}
        made = str(self._json("POST", f"/containers/{container}/exec", body)["Id"])
        self._send("POST", f"/exec/{made}/start", {"Detach": True, "Tty": True})
        return made

    def ran(self, command: str) -> int | None:
        """Give a command's exit code; None while it runs."""
        told = self._json("GET", f"/exec/{command}/json")
        return None if told["Running"] else int(told["ExitCode"] or 0)

    def remove_image(self, image: str) -> None:
        """Remove an image and its layers."""
        self._send("DELETE", f"/images/{image}", query={"force": "1"})

    def _json(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        query: dict[str, str] | None = None,
    ) -> Any:
        return json.loads(self._send(method, path, body, query)[0])

    def _send(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[bytes, http.client.HTTPMessage]:
        target = self._prefix + urllib.parse.quote(path, safe="/:@")
        if query:
            target += "?" + urllib.parse.urlencode(query)
        text = None if body is None else json.dumps(body)
        sent = {"Host": "docker", "Content-Type": "application/json"} | (headers or {})
        connection = self._connection()
        try:
            connection.request(method, target, text, sent)
            answer = connection.getresponse()
            content = answer.read()
        except OSError as error:
            raise EngineError(f"cannot reach the engine: {error}") from error
        finally:
            connection.close()
        if answer.status == _NOT_FOUND:
            raise GoneError(_message(content))
        if answer.status >= _ERRORS:
            raise EngineError(_message(content))
        return content, answer.headers

    def _connection(self) -> http.client.HTTPConnection:
        if self._host.startswith("unix://"):
            return _Unix(self._host.removeprefix("unix://"), None)
        return http.client.HTTPConnection(self._host.removeprefix("tcp://"))


def split(name: str) -> tuple[str, str]:
    """Split an image's name into repository and tag."""
    match = re.fullmatch(r"(.+?)(?::([\w][\w.-]*))?", name)
    repository, tag = (match[1], match[2]) if match else (name, None)
    return repository, tag or "latest"


def _credentials(repository: str) -> str:
    """Give what the docker client's configuration holds for this registry."""
    path = Path(os.environ.get("DOCKER_CONFIG", "/")) / "config.json"
    host = repository.split("/", 1)[0]
    auths = json.loads(path.read_text()).get("auths", {}) if path.is_file() else {}
    user, _, word = base64.b64decode(auths.get(host, {}).get("auth", "")).decode().partition(":")
    found = {"username": user, "password": word, "serveraddress": host} if user else {}
    return base64.urlsafe_b64encode(json.dumps(found).encode()).decode()


def _message(content: bytes) -> str:
    try:
        return str(json.loads(content)["message"])
    except (ValueError, KeyError, TypeError):
        return content.decode(errors="replace").strip()
