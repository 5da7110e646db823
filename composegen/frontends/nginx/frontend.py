"""Puts the nginx frontend together: nginx, certbot or another source of certificates, their files."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import indent
from typing import TYPE_CHECKING, Any

from composegen.emit import parts, templates
from composegen.emit.yaml import Commented, Flow
from composegen.frontends import local_ca
from composegen.frontends.base import Contribution
from composegen.frontends.forged import FORGEABLE
from composegen.frontends.hosts import https_hosts
from composegen.frontends.nginx.certificates import certbot, http_challenge
from composegen.frontends.nginx.check import check
from composegen.frontends.nginx.conf import dump
from composegen.frontends.nginx.hosts import claims, find
from composegen.frontends.nginx.servers import CHALLENGE, Names, servers
from composegen.frontends.nginx.services import SECURITY, answers, common, upstreams
from composegen.frontends.nginx.updates import update_servers
from composegen.keys.project import ACME_ENV
from composegen.text import Raw, has_reference, names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from composegen.diagnostics import Report
    from composegen.frontends.nginx.hosts import Host
    from composegen.model import Stack

IMAGE = "nginx:1.30"
FOLDER = "composegen.d/nginx"
HEALTHCHECK = ("CMD", parts.SHELL, f"{parts.TOOLS}/probe", "--tries=1", "--loopback", "http", "8079", "/")
USER = "101:101"
"""The user nginx of the official images: the whole container runs as it, so nothing in it is root."""


@dataclass(frozen=True, slots=True)
class Nginx:
    """nginx with certbot."""

    name: str = "nginx"
    reserved: frozenset[str] = frozenset({"nginx", "certbot", "local-ca"})

    def check(self, stack: Stack, report: Report) -> None:
        """Report what this frontend cannot do for ``stack``."""
        check(stack, report)

    def contribute(self, stack: Stack) -> Contribution:
        """Return what the frontend adds for ``stack``."""
        project = stack.project
        hosts = find(_patterns(stack))
        secure = [hosts[p] for p in https_hosts(stack)]
        acme = project.tls == "acme" and bool(secure)
        local = project.tls == "local" and bool(secure)
        services = {"nginx": _nginx(stack, hosts, secure)}
        files = _files(stack, hosts, secure)
        volumes: dict[str, Any] = {}
        if acme:
            services["certbot"] = certbot(project, secure)
            files["composegen.d/certbot/loop"] = templates.text("certbot/loop")
            volumes = {"letsencrypt": {}, "tls": {}}
        if local:
            services["local-ca"] = local_ca.service([h.value for h in secure], [])
            files |= local_ca.files("nginx")
            volumes = {"certificates": {}, "local-ca": {}}
        return Contribution(
            services=services,
            networks={"frontend": {"name": Raw("${COMPOSE_PROJECT_NAME}_frontend")}},
            volumes=volumes,
            secrets=_secrets(stack),
            files=files,
            required=_required(stack, acme=acme),
            toolbox=True,
            facts={"reload": "nginx", **({"certificates": "certbot"} if acme else {})},
        )


def _patterns(stack: Stack) -> list[str]:
    """Return every host that nginx's files name: those of routes first, then targets of redirects."""
    routes = [r for s in stack.services for r in s.routes]
    targets = [t.host for r in routes for t in (r.redirect, r.proxy) if t is not None]
    pages = [stack.project.update_host] if stack.project.update_host else []
    return [*(r.host for r in routes), *pages, *(h for h in targets if has_reference(h))]


def _required(stack: Stack, *, acme: bool) -> dict[str, str]:
    project = stack.project
    found = {name for name, operator in names(project.update_host or "") if not operator}
    if acme:
        found |= {"COMPOSEGEN_ACME_EMAIL", *(f"{ACME_ENV}{name}" for name in project.acme_env)}
    return dict.fromkeys(sorted(found), "filled")


def _secrets(stack: Stack) -> tuple[str, ...]:
    return tuple(sorted({a.value for s in stack.services for a in s.keys.auth[:1] if s.limited}))


def _files(stack: Stack, hosts: Mapping[str, Host], secure: list[Host]) -> dict[str, str]:
    project = stack.project
    shared = Names(hosts)
    claimed = claims(stack)
    challenge = http_challenge(project)
    found: dict[str, str] = {}
    for pattern, host in hosts.items():
        inside = servers(host, claimed[pattern], shared, challenge=challenge) if pattern in claimed else []
        if pattern == project.update_host:
            inside = update_servers(stack, host, inside, challenge=challenge)
        if inside:
            found[f"{FOLDER}/hosts/{host.file}"] = dump(inside)
    for service in stack.services:
        if service.routed or (service.limited and service.keys.ratelimit):
            found[f"{FOLDER}/upstreams/{service.name}.conf"] = _titled(
                f"The replicas of {service.name}, and what is counted for it.", upstreams(service)
            )
        if service.routed:
            found[f"{FOLDER}/services/{service.name}.conf"] = _titled(
                f"What every location of {service.name} has.", common(service)
            )
    for name in ("fill", "merge.awk", "start", "reload", "to-https.conf", "verify.conf"):
        found[f"{FOLDER}/{name}"] = templates.text(f"nginx/{name}")
    found[f"{FOLDER}/nginx.conf"] = _main(stack, secure)
    found[f"{FOLDER}/proxy.conf"] = templates.text("nginx/proxy.conf") + "".join(
        f'proxy_set_header {name} "";\n' for name in FORGEABLE
    )
    found[f"{FOLDER}/security.conf"] = _titled("What every answer carries.", answers(SECURITY.items()))
    found[f"{FOLDER}/maps.conf"] = (
        "\n".join([templates.text("nginx/maps.conf"), dump(shared.definitions())]).rstrip("\n") + "\n"
    )
    return dict(sorted(found.items()))


def _titled(title: str, directives: list[Any]) -> str:
    return f"# {title}\n{dump(directives)}"


def _main(stack: Stack, secure: list[Host]) -> str:
    """Return the main file: the access log, and TLS where a host has it."""
    log = "access_log /dev/stdout;" if stack.project.access_log else "access_log off;"
    ends = {"files": ("crt", "key")}.get(stack.project.tls, ("pem", "pem"))
    tls = templates.text("nginx/tls.conf").replace("@CERTIFICATE@", ends[0]).replace("@KEY@", ends[1])
    text = templates.text("nginx/nginx.conf").replace("@TLS@", f"    {log}\n\n{tls if secure else ''}")
    text = text.replace("@UNKNOWN@\n", templates.text("nginx/unknown-tls.conf") if secure else "")
    return text.replace("@CHALLENGE@", _early(stack) if secure else "")


def _early(stack: Stack) -> str:
    """Return what answers for hosts that nginx learns of when it reloads: certbot may be earlier."""
    if not http_challenge(stack.project):
        return ""
    about = "        # Of new hosts too: they are served from the reload on, and certbot may be earlier.\n"
    return f"{about}{indent(dump([CHALLENGE]), ' ' * 8)}\n"


def _nginx(stack: Stack, hosts: Mapping[str, Host], secure: list[Host]) -> Commented:
    project = stack.project
    ports = [("${COMPOSEGEN_HTTP_PORT:-80}", 80)]
    if secure:
        ports.append(("${COMPOSEGEN_HTTPS_PORT:-443}", 443))
    secrets = list(_secrets(stack))
    environment: dict[str, Any] = {"PROJECT": Raw("${COMPOSE_PROJECT_NAME}")}
    if secure:
        environment |= {
            "HTTPS_PORT": Raw("${COMPOSEGEN_HTTPS_PORT:-443}"),
            "HSTS_SECONDS": Raw("${COMPOSEGEN_HSTS_SECONDS:-31536000}"),
        }
    environment["TRUSTED_PROXIES"] = Raw("${COMPOSEGEN_TRUSTED_PROXIES:-}")
    environment |= {h.variable: h.value for h in hosts.values() if h.variable}
    depends: dict[str, Any] = {"toolbox": Flow({"condition": "service_completed_successfully"})}
    volumes = [f"./{FOLDER}:/nginx:ro", parts.TOOLBOX_MOUNT]
    if secure and project.tls == "local":
        volumes.append("certificates:/tls/certificates:ro")
        depends["local-ca"] = Flow({"condition": "service_completed_successfully"})
    elif secure and project.tls == "files":
        volumes.append("./secrets/certificates:/tls/certificates:ro")
    elif secure:
        volumes.append("tls:/tls:ro")
    body: dict[str, Any] = {
        "image": IMAGE,
        "restart": "unless-stopped",
        "user": USER,
        "command": Flow(["sh", "/nginx/start"]),
        "environment": environment,
        **({"secrets": Flow(secrets)} if secrets else {}),
        "ports": [
            Raw(f"${{COMPOSEGEN_BIND:+${{COMPOSEGEN_BIND:-}}:}}{outer}:{inner}") for outer, inner in ports
        ],
        "volumes": volumes,
        "networks": Flow(["frontend"]),
        "healthcheck": {
            "test": Flow([*HEALTHCHECK]),
            **parts.timing(interval=5, timeout=5, retries=3, budget=30),
        },
        "depends_on": depends,
        # Not read-only: what it runs with must outlive a restart, which would empty a tmpfs.
        "cap_drop": Flow(["ALL"]),
        "security_opt": Flow(["no-new-privileges:true"]),
        "labels": parts.UNWATCHED,
        "logging": parts.LOGGING,
    }
    return Commented("The frontend: ends TLS and routes requests to the services above.", body)


NGINX = Nginx()
