"""The frontends of all golden cases in one compose project, cheap enough to start them at once.

What the compiler generated runs as it is: each case's Traefik with its arguments, files and
volumes, its socket proxy, its toolbox and its certificate authority. The user's services are
replaced by a container that only carries their labels. Everything is on one network, so a
case costs a few containers and no network; names start with the case's.
"""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.e2e.composed import Composed

PROJECT = "cggold"
GENERATED = ("traefik", "socket-proxy", "unavailable", "toolbox", "local-ca")
# Certificates are ordered from a server that takes the connection and says nothing more.
SILENT = "silent-acme"
# Room for all containers, whatever the engine gives a network of itself; of the range for carriers.
SUBNET = "100.127.212.0/22"
_KEPT = (
    "image",
    "command",
    "entrypoint",
    "environment",
    "user",
    "labels",
    "read_only",
    "cap_drop",
    "cap_add",
    "security_opt",
    "network_mode",
)


def merged(projects: Sequence[Composed]) -> dict[str, Any]:
    """Return one compose file with the frontends of all ``projects``."""
    services: dict[str, Any] = {
        SILENT: {
            "image": "busybox:musl",
            "command": ["nc", "-ll", "-p", "443", "-e", "sleep", "1000"],
            "stop_grace_period": "0s",
        }
    }
    volumes: dict[str, Any] = {}
    for one in projects:
        config = one.config
        for name, body in config["services"].items():
            if name in GENERATED:
                services[f"{one.name}-{name}"] = _generated(one, name, body, volumes)
            elif any(label.startswith("traefik.http.") for label in body.get("labels", {})):
                services[f"{one.name}-{name}".lower()] = _stand_in(body)
    network = {"ipam": {"config": [{"subnet": SUBNET}]}}
    return {"name": PROJECT, "services": services, "volumes": volumes, "networks": {"default": network}}


def _stand_in(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "image": "busybox:musl",
        "command": ["sleep", "1000"],
        "stop_grace_period": "0s",
        "labels": _labels(body),
    }


def _labels(body: dict[str, Any]) -> dict[str, str]:
    return {**body.get("labels", {}), "traefik.docker.network": f"{PROJECT}_default"}


def _generated(one: Composed, name: str, body: dict[str, Any], volumes: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {key: body[key] for key in _KEPT if key in body}
    found["labels"] = _labels(body)
    found["stop_grace_period"] = "0s"
    found["volumes"] = [_mount(one, m, volumes) for m in body.get("volumes", [])]
    for secret in body.get("secrets", []):
        found["volumes"].append(
            {
                "type": "bind",
                "source": str(one.folder / "secrets" / secret["source"]),
                "target": f"/run/secrets/{secret['source']}",
                "read_only": True,
            }
        )
    depends = {n: d for n, d in body.get("depends_on", {}).items() if n in GENERATED}
    found["depends_on"] = {f"{one.name}-{n}": d for n, d in depends.items()}
    if name == "traefik":
        found["command"] = [
            a.replace("tcp://socket-proxy:", f"tcp://{one.name}-socket-proxy:") for a in body["command"]
        ] + ["--api.insecure=true"]
        found["ports"] = ["127.0.0.1::8080"]
    return found


def _mount(one: Composed, mount: dict[str, Any], volumes: dict[str, Any]) -> dict[str, Any]:
    if mount["type"] != "volume":
        return mount
    source = f"{one.name}-{mount['source']}"
    volumes[source] = {}
    return {**mount, "source": source}


def give_secrets(one: Composed) -> None:
    """Write what the project's ``secrets/`` is to hold: htpasswd files and certificates."""
    secrets = one.folder / "secrets"
    secrets.mkdir(mode=0o755, exist_ok=True)
    for name in one.config.get("secrets", {}):
        (secrets / name).write_text("user:$apr1$Vh8p4vVg$z1LcyLk3NhbiQ3SpDE7Jw0\n", encoding="utf-8")
    if "acme" in one.config.get("volumes", {}):
        _certificate(one.folder / "ca.pem", one.folder / "ca.key", "ca.example.com")
    dynamic = one.folder / "composegen.d" / "traefik" / "dynamic.yml"
    files = re.findall(
        r"certFile: .*/certificates/(.*)\.crt", dynamic.read_text("utf-8") if dynamic.exists() else ""
    )
    for host in (_filled(one, f) for f in files):
        (secrets / "certificates").mkdir(exist_ok=True)
        name = secrets / "certificates" / host
        _certificate(name.with_name(f"{host}.crt"), name.with_name(f"{host}.key"), host)


def _filled(one: Composed, name: str) -> str:
    environment = one.config["services"]["traefik"].get("environment", {})
    return re.sub(r"\{\{ env `(\w+)`[^}]* \}\}", lambda m: environment[m[1]].lower(), name)


def _certificate(certificate: Path, key: Path, host: str) -> None:
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host.replace('_', '*')}"]
    subprocess.run(
        ["openssl", "req", *kind, *names, "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    key.chmod(0o644)


def routers(one: Composed, frontend: str) -> set[str]:
    """Return the routers that the labels of ``one`` declare to the frontend of that project."""
    found = set()
    for body in one.config["services"].values():
        labels = body.get("labels", {})
        if labels.get("composegen.frontend") == frontend:
            found |= {m[1] for n in labels if (m := re.match(r"traefik\.http\.routers\.([^.]+)\.", n))}
    return found


def write(folder: Path, document: dict[str, Any]) -> Path:
    """Write the compose file; values are resolved already, so a dollar is a dollar.

    `config` prints dollars doubled where they stand for themselves, so nothing is to be done.
    """
    path = folder / "frontends.json"
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return path
