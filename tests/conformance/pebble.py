"""The ACME server of the suite: an override file puts it beside the project, as a user could.

The hosts of the site lead to the frontend inside of its network, so that pebble finds them as a
certificate authority finds hosts in the internet.
"""

from __future__ import annotations

import json
import socket
import ssl
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.engine import Engine

IMAGE = "pebble:test"
DIRECTORY = "https://pebble:14000/dir"
_CONFIG = "/test/config/pebble-config.json"
_AUTHORITY = "/test/certs/pebble.minica.pem"


def authority(engine: Engine) -> str:
    """Give the certificate of the authority that pebble's own API is secured with."""
    return engine.docker("run", "--rm", "--network=none", "--entrypoint=cat", IMAGE, _AUTHORITY)


def service(
    engine: Engine, folder: Path, networks: Sequence[str], port: str, validity: int
) -> dict[str, Any]:
    """Write pebble's configuration into ``folder`` and give its compose service.

    ``validity`` is how long a certificate lives, in seconds; ``port`` is where its management API
    listens on the host.
    """
    read = ("run", "--rm", "--network=none", "--entrypoint=cat", IMAGE, _CONFIG)
    config = json.loads(engine.docker(*read))
    config["pebble"]["profiles"] = {"default": {"description": "short", "validityPeriod": validity}}
    (folder / "pebble.json").write_text(json.dumps(config, indent=2) + "\n")
    return {
        "image": IMAGE,
        "networks": {name: {} for name in networks},
        "ports": [f"{port}:15000"],
        "volumes": [f"./pebble.json:{_CONFIG}:ro"],
    }


def root(address: tuple[str, int], trusted: str) -> str:
    """Give the root that pebble signs with; made anew whenever pebble starts."""
    context = ssl.create_default_context(cadata=trusted)
    with (
        socket.create_connection(address, timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(b"GET /roots/0 HTTP/1.0\r\n\r\n")
        return connection.makefile("rb").read().decode().partition("\r\n\r\n")[2]


def write_override(path: Path, services: dict[str, Any]) -> None:
    """Write the override file that Compose reads beside docker-compose.yml."""
    path.write_text(yaml.safe_dump({"services": services}, sort_keys=False))
