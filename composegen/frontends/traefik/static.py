"""Traefik's command line: what cannot change without a restart, so nothing in it changes often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from composegen.emit.yaml import Commented
from composegen.text import Raw

if TYPE_CHECKING:
    from composegen.model import Project

IMAGE = "traefik:v3.7"
DYNAMIC = "/etc/traefik/dynamic"
LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"
ACME_DIRECTORY = Raw(f"${{COMPOSEGEN_ACME_DIRECTORY:-{LETS_ENCRYPT}}}")
PROJECT = "${COMPOSE_PROJECT_NAME}"

_ENCODED = ("slash", "backslash", "semicolon", "percent", "questionmark", "hash")


def command(project: Project, *, secure: bool) -> list[str | Commented]:
    """Return the arguments; ``secure`` adds the https entry point."""
    arguments: list[str | Commented] = [
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
        "--log.level=WARN",
        Commented("Healthy once it has its routes: a label of socket-proxy routes the ping.", "--ping=true"),
        "--ping.manualrouting=true",
        "--entrypoints.traefik.address=:8080",
        "--entrypoints.traefik.http.aliasheadersstrategy=delete",
        "--providers.docker.endpoint=tcp://socket-proxy:2375",
        "--providers.docker.exposedbydefault=false",
        Raw(
            f"--providers.docker.constraints=Label(`composegen.frontend`,`{PROJECT}`)"
            " && Label(`com.docker.compose.oneoff`,`False`)"
        ),
        f"--providers.file.directory={DYNAMIC}",
        "--providers.providersthrottleduration=100ms",
        Commented(
            "How long a replica that does not take the connection is waited for; then the next one is asked.",
            "--serverstransport.forwardingtimeouts.dialtimeout=150ms",
        ),
        *_entrypoint("http", 80),
    ]
    if secure:
        arguments += [a.value if isinstance(a, Commented) else a for a in _entrypoint("https", 443)]
    if secure and project.tls == "acme":
        arguments += _acme(project)
    if project.dashboard_host:
        arguments.append("--api.dashboard=true")
    if project.access_log:
        arguments += ["--accesslog=true", "--accesslog.format=json"]
    return arguments


def _entrypoint(name: str, port: int) -> list[str | Commented]:
    """Return the flags of one entry point, with comments."""
    head = f"--entrypoints.{name}"
    first, *rest = (f"{head}.http.encodedcharacters.allowencoded{kind}=true" for kind in _ENCODED)
    return [
        f"{head}.address=:{port}",
        Raw(f"{head}.forwardedheaders.trustedips=${{COMPOSEGEN_TRUSTED_PROXIES:-}}"),
        Commented(
            "Slow uploads are not cut; Traefik's default ends them after a minute.",
            f"{head}.transport.respondingtimeouts.readtimeout=6h",
        ),
        Commented(
            "Headers with _ or . are dropped: an application could take them for forwarded ones.",
            f"{head}.http.aliasheadersstrategy=delete",
        ),
        Commented(
            "Encoded, a ; in a query keeps its meaning; Traefik would make an & of it.",
            f"{head}.http.encodequerysemicolons=true",
        ),
        Commented("What is encoded in a path reaches the application as it was sent.", first),
        *rest,
        f"{head}.http.encodedcharacters.allowencodednullcharacter=false",
    ]


def _acme(project: Project) -> list[str]:
    """Return the resolver's flags.

    Each ACME server has a storage of its own, so that the certificates of a staging server are not kept
    in use when production is switched on.
    """
    head = "--certificatesresolvers.acme.acme"
    challenge = {
        "http": [f"{head}.httpchallenge.entrypoint=http"],
        "tls": [f"{head}.tlschallenge=true"],
    }
    return [
        Raw(f"{head}.email=${{COMPOSEGEN_ACME_EMAIL:?}}"),
        Raw(f"{head}.caserver={ACME_DIRECTORY}"),
        Raw(f"{head}.storage=/acme/{ACME_DIRECTORY}/acme.json"),
        f"{head}.keytype=EC256",
        *challenge.get(
            project.challenge,
            [f"{head}.dnschallenge.provider={project.challenge.removeprefix('dns:')}"],
        ),
    ]
