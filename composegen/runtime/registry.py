"""What a tag means at its registry, asked through the engine: ``GET /distribution/REFERENCE/json``.

The engine's own way to the registry (mirrors, proxies, certificates, insecure registries) and the
user's credentials are those of a pull; nothing is pulled, and no tag moves. There is no command for
this call; ``docker system dial-stdio`` opens a connection to whatever engine ``docker`` talks to.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from composegen.errors import EngineRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from composegen.runtime.engine import Engine

HUB = "https://index.docker.io/v1/"
_LOCAL = "localhost"
_TOKEN_USER = "<token>"  # noqa: S105 - what a helper answers for a token, not one
_PATIENCE = 60.0


def digest(engine: Engine, reference: str, patience: float = _PATIENCE) -> str:
    """Return the digest (``sha256:…``) of what ``reference`` means at its registry now.

    Raises:
        EngineRefused: the registry does not answer, or has no such image.
    """
    what = f"the registry was asked for {reference}"
    headers = {"Host": "docker", "X-Registry-Auth": _auth(engine.environ, reference)}
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            try:
                bridge = subprocess.Popen(
                    ["docker", "system", "dial-stdio"],
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=subprocess.PIPE,
                    cwd=engine.folder,
                    env=dict(engine.environ),
                )
            except OSError as error:
                raise EngineRefused(what, f"docker cannot be run: {error.strerror}") from None
        try:
            status, found = _get(
                ours, f"/distribution/{quote(reference, safe='/:@')}/json", headers, patience
            )
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise EngineRefused(what, _why(bridge, error, patience)) from None
        finally:
            bridge.kill()
            bridge.communicate()
    if status != http.HTTPStatus.OK:
        raise EngineRefused(what, str(found.get("message") or f"the engine answered {status}").strip())
    answer = str((found.get("Descriptor") or {}).get("digest", ""))
    if not answer.startswith("sha256:"):
        raise EngineRefused(what, "the engine gave no digest")
    return answer


def _get(
    connected: socket.socket, path: str, headers: Mapping[str, str], patience: float
) -> tuple[int, dict[str, Any]]:
    connected.settimeout(patience)
    connection = http.client.HTTPConnection("docker")
    connection.sock = connected
    connection.request("GET", path, headers={k: v for k, v in headers.items() if v})
    answer = connection.getresponse()
    found = json.loads(answer.read() or b"{}")
    return answer.status, found if isinstance(found, dict) else {}


def _why(bridge: subprocess.Popen[bytes], error: Exception, patience: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {patience:g} s"
    bridge.kill()
    said = bridge.communicate()[1].decode("utf-8", "replace").strip().splitlines()
    return said[-1] if said else f"the connection to the engine broke ({type(error).__name__})"


def host(reference: str) -> str:
    """Return the key of a reference's registry in docker's configuration."""
    first, slash, _ = reference.partition("/")
    named = slash and ("." in first or ":" in first or first == _LOCAL)
    return first if named and first not in {"docker.io", "index.docker.io"} else HUB


def _auth(environ: Mapping[str, str], reference: str) -> str:
    """Return the header with the credentials of ``docker login``; '' where there are none."""
    folder = environ.get("DOCKER_CONFIG") or os.path.join(environ.get("HOME", ""), ".docker")  # noqa: PTH118
    try:
        config = json.loads(Path(folder, "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return ""
    if not isinstance(config, dict):
        return ""
    registry = host(reference)
    found = _helped(config, registry, environ) or _stored(config, registry)
    return base64.urlsafe_b64encode(json.dumps(found).encode()).decode() if found else ""


def _stored(config: Mapping[str, Any], registry: str) -> dict[str, str]:
    entry = (config.get("auths") or {}).get(registry) or {}
    if entry.get("identitytoken"):
        return {"identitytoken": str(entry["identitytoken"]), "serveraddress": registry}
    try:
        user, colon, password = base64.b64decode(str(entry.get("auth", ""))).decode().partition(":")
    except ValueError:
        return {}
    return {"username": user, "password": password, "serveraddress": registry} if colon else {}


def _helped(config: Mapping[str, Any], registry: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Ask the credential helper that docker's configuration names for the registry."""
    helper = (config.get("credHelpers") or {}).get(registry) or config.get("credsStore")
    if not helper:
        return {}
    try:
        done = subprocess.run(
            [f"docker-credential-{helper}", "get"],
            input=registry.encode(),
            capture_output=True,
            env=dict(environ),
            timeout=_PATIENCE,
            check=False,
        )
        found = json.loads(done.stdout) if done.returncode == 0 else {}
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return {}
    user, secret = str(found.get("Username", "")), str(found.get("Secret", ""))
    if user == _TOKEN_USER:
        return {"identitytoken": secret, "serveraddress": registry}
    return {"username": user, "password": secret, "serveraddress": registry} if secret else {}
