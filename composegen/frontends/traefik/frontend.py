"""Puts the Traefik frontend together: services, labels, networks, volumes and files."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from composegen.emit import parts
from composegen.emit.yaml import Commented, Flow
from composegen.frontends import local_ca
from composegen.frontends.base import Contribution
from composegen.frontends.hosts import https_hosts
from composegen.frontends.traefik import static
from composegen.frontends.traefik.check import check
from composegen.frontends.traefik.fallback import Fallback, page_tls
from composegen.frontends.traefik.files import CERTIFICATES, dynamic, haproxy
from composegen.frontends.traefik.labels import ServiceLabels
from composegen.frontends.traefik.rules import BASE
from composegen.keys.project import ACME_ENV
from composegen.text import Raw, names, required, split

if TYPE_CHECKING:
    from composegen.diagnostics import Report
    from composegen.model import Stack

HAPROXY = "haproxy:3.2"
UPDATER = "watchtower"
OWN = "${COMPOSE_PROJECT_NAME}"
JOINED = "${COMPOSEGEN_FRONTEND_PROJECT:?}"
SOCKET = Raw("${COMPOSEGEN_DOCKER_SOCKET:-/var/run/docker.sock}:/var/run/docker.sock:ro")


@dataclass(frozen=True, slots=True)
class Traefik:
    """Traefik of this project (``shared`` False) or of the one that it joins."""

    name: str
    shared: bool

    @property
    def reserved(self) -> frozenset[str]:
        """Names that a service of the user's cannot have."""
        # Also in a project that joins: a `socket-proxy` of its own on the shared network would
        # answer to the other project's Traefik.
        own = {"traefik", "socket-proxy", "local-ca", "watchtower-socket-proxy"}
        return frozenset({"unavailable", *own} if self.shared else own)

    def check(self, stack: Stack, report: Report) -> None:
        """Report what means something else; what Traefik cannot do no key asks for."""
        check(stack, report)

    def contribute(self, stack: Stack) -> Contribution:
        """Return what the frontend adds for ``stack``."""
        prefix = f"{OWN}-" if self.shared else ""
        owner = JOINED if self.shared else OWN
        hosts = https_hosts(stack)
        limits = any(s.keys.maxbody for s in stack.services)
        config = haproxy(socket=not self.shared, limits=limits)
        answers = Fallback(stack, prefix).build()
        proxy = _proxy(answers, config, owner, shared=self.shared)
        files = {"composegen.d/socket-proxy/haproxy.cfg": config}
        networks: dict[str, Any] = {"frontend": _network(owner, external=self.shared)}
        if self.shared:
            return Contribution(
                revisions=True,
                services={"unavailable": proxy},
                labels=_labels(stack, prefix, owner),
                files=files,
                networks=networks,
                required={"COMPOSEGEN_FRONTEND_PROJECT": "filled", **_required(stack, acme=False)},
            )
        files["composegen.d/traefik/dynamic.yml"] = dynamic(stack, hosts)
        networks["socket"] = {"name": Raw(f"{OWN}_socket"), "internal": True}
        project = stack.project
        acme = project.tls == "acme" and bool(hosts)
        services = {"traefik": _traefik(stack, hosts), "socket-proxy": proxy}
        volumes: dict[str, Any] = {"acme": {}} if acme else {}
        if project.tls == "local" and hosts:
            services["local-ca"] = local_ca.service(
                [required(h) for h in hosts], ["./composegen.d/traefik:/dynamic:ro"]
            )
            volumes |= {"certificates": {}, "local-ca": {}}
            files |= local_ca.files("traefik")
        return Contribution(
            revisions=True,
            services=services,
            labels=_labels(stack, prefix, owner),
            networks=networks,
            volumes=volumes,
            secrets=_secrets(stack),
            files=files,
            required=_required(stack, acme=acme),
            toolbox_environment={"ACME_DIRECTORY": static.ACME_DIRECTORY} if acme else {},
            toolbox_volumes=("acme:/acme",) if acme else (),
        )


def _required(stack: Stack, *, acme: bool) -> dict[str, str]:
    """Return the variables that the frontend's own part needs; those of routes are found elsewhere."""
    project = stack.project
    pages = f"{project.dashboard_host or ''} {project.update_host or ''}"
    found = {name for name, operator in names(pages) if not operator}
    if acme:
        found |= {"COMPOSEGEN_ACME_EMAIL", *(f"{ACME_ENV}{name}" for name in project.acme_env)}
    return dict.fromkeys(sorted(found), "filled")


def _network(owner: str, *, external: bool) -> dict[str, Any]:
    network: dict[str, Any] = {"name": Raw(f"{owner}_frontend")}
    return network | ({"external": True} if external else {})


def _labels(stack: Stack, prefix: str, owner: str) -> dict[str, dict[str, Any]]:
    found = {}
    for service in stack.services:
        if service.routed:
            found[service.name] = (
                visible(owner, f"{owner}_frontend") | ServiceLabels(service, stack.project, prefix).build()
            )
    if stack.project.update_host is not None:
        found[UPDATER] = visible(owner, f"{owner}_frontend") | _update_route(stack, prefix)
    return found


def _update_route(stack: Stack, prefix: str) -> dict[str, Any]:
    """Route POST /v1/update to the updater, and nothing else of it."""
    project = stack.project
    secure = project.update_tls and project.tls != "off"
    router = {
        "rule": Raw(f"Host(`{required(project.update_host or '')}`) && Path(`/v1/update`) && Method(`POST`)"),
        "entrypoints": "https" if secure else "http",
        "priority": "1000000",
        "middlewares": f"{BASE},security@file",
        "service": Raw(f"{prefix}{UPDATER}"),
        **page_tls(project, secure=secure),
    }
    return {
        Raw(f"traefik.http.services.{prefix}{UPDATER}.loadbalancer.server.port"): "8080",
        **{Raw(f"traefik.http.routers.{prefix}{UPDATER}.{k}"): v for k, v in router.items()},
    }


def visible(owner: str, network: str) -> dict[str, Any]:
    """Return the labels that let Traefik see a container."""
    return {
        "composegen.frontend": Raw(owner),
        "traefik.enable": "true",
        "traefik.docker.network": Raw(network),
    }


def _secrets(stack: Stack) -> tuple[str, ...]:
    found = [a.value for s in stack.services for a in s.keys.auth if s.limited]
    if stack.project.dashboard_auth:
        found.append(stack.project.dashboard_auth)
    return tuple(sorted(set(found)))


def _traefik(stack: Stack, hosts: list[str]) -> Commented:
    project = stack.project
    ports = [("${COMPOSEGEN_HTTP_PORT:-80}", 80)]
    if hosts:
        ports.append(("${COMPOSEGEN_HTTPS_PORT:-443}", 443))
    volumes, depends, environment = _certificates(stack, hosts)
    secrets = list(_secrets(stack))
    body: dict[str, Any] = {
        "image": static.IMAGE,
        "restart": "unless-stopped",
        "user": "65532:65532",
        "command": static.command(project, secure=bool(hosts)),
        **({"environment": environment} if environment else {}),
        **({"secrets": Flow(secrets)} if secrets else {}),
        "ports": [
            Raw(f"${{COMPOSEGEN_BIND:+${{COMPOSEGEN_BIND:-}}:}}{outer}:{inner}") for outer, inner in ports
        ],
        "volumes": volumes,
        "networks": Flow(["frontend", "socket"]),
        "healthcheck": {
            "test": Flow(["CMD", "traefik", "healthcheck", "--ping"]),
            **parts.timing(interval=5, timeout=3, retries=3, budget=30),
        },
        "depends_on": {"socket-proxy": Flow({"condition": "service_started"}), **depends},
        **parts.HARDENED,
        "labels": parts.UNWATCHED,
        "logging": parts.LOGGING,
    }
    return Commented("The frontend: ends TLS and routes requests to the services above.", body)


def _certificates(stack: Stack, hosts: list[str]) -> tuple[list[Any], dict[str, Any], dict[str, Any]]:
    """Return Traefik's mounts, dependences and environment for the way certificates come."""
    project = stack.project
    plain = [f"./composegen.d/traefik:{static.DYNAMIC}:ro"]
    if not hosts or project.tls == "off":
        return plain, {}, {}
    if project.tls == "local":
        return (
            [f"certificates:{static.DYNAMIC}:ro"],
            {"local-ca": Flow({"condition": "service_completed_successfully"})},
            {},
        )
    if project.tls == "files":
        # The file names its certificates after the variables, so Traefik gets what the hosts get.
        used = {names(p)[0][0]: required(p) for h in hosts for p, is_ref in split(h) if is_ref}
        return (
            [*plain, f"./secrets/certificates:{CERTIFICATES}:ro"],
            {},
            dict(sorted(used.items())),
        )
    volumes = [
        *plain,
        "acme:/acme",
        {
            "type": "bind",
            "source": Raw("${COMPOSEGEN_ACME_CA_FILE:-/dev/null}"),
            "target": "/etc/traefik/acme-ca.pem",
            "read_only": True,
        },
    ]
    environment: dict[str, Any] = {
        "LEGO_CA_CERTIFICATES": Raw("${COMPOSEGEN_ACME_CA_FILE:+/etc/traefik/acme-ca.pem}")
    }
    environment |= {n: Raw(f"${{COMPOSEGEN_ACME_ENV_{n}:?}}") for n in project.acme_env}
    return volumes, {"toolbox": Flow({"condition": "service_completed_successfully"})}, environment


def _proxy(answers: dict[str, Any], config: str, owner: str, *, shared: bool) -> Commented:
    """Return the HAProxy service: with the engine's socket, or only answering for a shared frontend.

    The socket belongs to uid 0 on every host, while its group differs; without capabilities
    uid 0 can do nothing else. SIGTERM ends HAProxy at once; the image's SIGUSR1 would wait for
    Traefik's event stream.
    """
    network = f"{owner}_frontend" if shared else f"{owner}_socket"
    volumes: list[Any] = ["./composegen.d/socket-proxy:/usr/local/etc/haproxy:ro"]
    body: dict[str, Any] = {
        "image": HAPROXY,
        "restart": "unless-stopped",
        **({} if shared else {"user": "0:0", "environment": {"FRONTEND": Raw(owner)}}),
        "volumes": volumes if shared else [SOCKET, *volumes],
        "networks": Flow(["frontend" if shared else "socket"]),
        "stop_signal": "SIGTERM",
        **parts.HARDENED,
        "labels": {
            "composegen.digest": sha256(config.encode()).hexdigest()[:12],
            **visible(owner, network),
            **answers,
            **parts.UNWATCHED,
        },
        "logging": parts.LOGGING,
    }
    comment = (
        "Answers 503 for services that are not ready (the frontend is another project's)."
        if shared
        else "Lets Traefik read, never change, the containers labelled for it, and answers 503 for\n"
        "services that are not ready. So Traefik does without the engine's socket."
    )
    return Commented(comment, body)


TRAEFIK = Traefik("traefik", shared=False)
SHARED = Traefik("shared", shared=True)
