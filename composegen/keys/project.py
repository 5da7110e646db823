"""THE list of settings, each declared like a key; ``read`` says when it counts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from composegen.keys import forms, frontends, routes, values
from composegen.keys.spec import BadValue, ValueType, key, registry
from composegen.source import Spanned

_S = Spanned
UP = "up"
_STRING = {"type": "string"}
ACME_ENV = "COMPOSEGEN_ACME_ENV_"
_CHALLENGE = re.compile(r"(?:http|tls|dns:[a-z0-9]+)\Z")


def _challenge(value: str) -> str:
    if not _CHALLENGE.match(value):
        raise BadValue(f"expected http, tls or dns:PROVIDER, found {value!r}")
    return value


_CHALLENGE_TYPE = ValueType("challenge", "http, tls or dns:PROVIDER", _challenge, _STRING)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectKeys:
    """The settings as they stand; those read at ``up`` are checked, and stay variables in the files."""

    compose_project_name: _S[str] | None = key(
        forms.PROJECT,
        read=UP,
        example="shop",
        default="the folder's name",
        summary="Name of the compose project.",
    )
    composegen_sources: _S[str] | None = key(
        forms.text("paths and globs, with blanks between them"),
        example="web/Dockerfile worker/Dockerfile",
        default="every Dockerfile below the folder",
        summary="Paths or globs of the Dockerfiles.",
    )
    composegen_frontend: _S[str] | None = key(
        values.choice(*frontends.NAMES),
        example="traefik",
        default="traefik",
        summary="The reverse proxy; shared joins the one of another composegen project on this host.",
    )
    composegen_frontend_project: _S[str] | None = key(
        forms.JOINED,
        read=UP,
        example="proxy",
        default="none; required with COMPOSEGEN_FRONTEND=shared",
        summary="The project whose frontend this one joins.",
    )
    composegen_target: _S[str] | None = key(
        values.choice("compose", "swarm"),
        example="compose",
        default="compose",
        summary="What is generated.",
    )
    composegen_tls: _S[str] | None = key(
        values.choice("acme", "files", "local", "off"),
        example="acme",
        default="acme",
        summary="Where certificates come from; off serves https urls in clear.",
    )
    composegen_acme_challenge: _S[str] | None = key(
        _CHALLENGE_TYPE,
        example="dns:cloudflare",
        default="http",
        summary="How the certificate authority checks a host; wildcard hosts need dns.",
    )
    composegen_acme_email: _S[str] | None = key(
        forms.EMAIL,
        read=UP,
        example="ops@example.com",
        default="none; required with acme",
        summary="Contact of the ACME account.",
    )
    composegen_acme_directory: _S[str] | None = key(
        forms.HTTPS,
        read=UP,
        example="https://acme-staging-v02.api.letsencrypt.org/directory",
        default="Let's Encrypt",
        summary="The ACME server's directory.",
    )
    composegen_acme_ca_file: _S[str] | None = key(
        forms.FILE,
        read=UP,
        example="./ca.pem",
        default="the system's",
        summary="Certificate authority of an own ACME server.",
    )
    composegen_registry: _S[str] | None = key(
        forms.PREFIX,
        read=UP,
        example="registry.example.com/shop",
        default="none: images are built by make up",
        summary="Prefix of the default images. Whether it is set counts at build.",
    )
    composegen_tag: _S[str] | None = key(
        forms.TAG, read=UP, example="v1.4", default="latest", summary="Tag of the default images."
    )
    composegen_registry_auth: _S[str] | None = key(
        forms.FILE,
        read=UP,
        example="./registry-auth.json",
        default="none",
        summary="A docker config.json with the credentials that watchtower uses.",
    )
    composegen_keep_releases: _S[str] | None = key(
        forms.NUMBER, read=UP, example="5", default="5", summary="How many releases keep their images."
    )
    composegen_runner_image: _S[str] | None = key(
        forms.RUNNER,
        read=UP,
        example="registry.example.com/tools/composegen:1.0",
        default="ghcr.io/composegen/composegen, tagged with the version that generated the files",
        summary="composegen's image, for deploys where the command is not installed; none: never.",
    )
    composegen_updater: _S[str] | None = key(
        values.choice("watchtower", "none"),
        example="watchtower",
        default="watchtower",
        summary="What takes new images from the registry.",
    )
    composegen_update_schedule: _S[str] | None = key(
        forms.SCHEDULE,
        read=UP,
        example="0 0 4 * * *",
        default="0 */5 * * * *",
        summary="When watchtower looks: cron with seconds first.",
    )
    composegen_update_notify_url: _S[str] | None = key(
        forms.NOTIFY,
        read=UP,
        example="slack://token@channel",
        default="none",
        summary="Where watchtower reports, as a shoutrrr address.",
    )
    composegen_update_url: _S[routes.Url] | None = key(
        routes.SITE,
        example="https://deploy.example.com",
        default="off",
        summary="Host at which POST /v1/update makes watchtower look at once; off takes it away again.",
    )
    composegen_update_token: _S[str] | None = key(
        forms.text("a long random text"),
        read=UP,
        example="a long random text",
        default="none; required with COMPOSEGEN_UPDATE_URL",
        summary="Bearer token of that request.",
    )
    composegen_dashboard_url: _S[routes.Url] | None = key(
        routes.SITE,
        example="https://traefik.example.com",
        default="off",
        summary="Host of Traefik's dashboard; off takes it away again.",
    )
    composegen_dashboard_auth: _S[str] | None = key(
        values.NAME,
        example="staff",
        default="none; required with COMPOSEGEN_DASHBOARD_URL",
        summary="The htpasswd file secrets/NAME that guards the dashboard.",
    )
    composegen_access_log: _S[bool] | None = key(
        values.BOOLEAN, example="yes", default="no", summary="Whether the frontend logs requests."
    )
    composegen_trusted_proxies: _S[str] | None = key(
        forms.PROXIES,
        read=UP,
        example="10.0.0.0/8,192.0.2.7",
        default="none",
        summary="Addresses whose X-Forwarded headers are believed.",
    )
    composegen_http_port: _S[str] | None = key(
        forms.PORT, read=UP, example="8080", default="80", summary="Host port for http."
    )
    composegen_https_port: _S[str] | None = key(
        forms.PORT, read=UP, example="8443", default="443", summary="Host port for https."
    )
    composegen_bind: _S[str] | None = key(
        forms.BIND,
        read=UP,
        example="127.0.0.1",
        default="all addresses",
        summary="Host address that the frontend listens on.",
    )
    composegen_hsts_seconds: _S[str] | None = key(
        forms.SECONDS,
        read=UP,
        example="86400",
        default="31536000",
        summary="How long browsers remember that a host is https only.",
    )
    composegen_docker_socket: _S[str] | None = key(
        forms.SOCKET,
        read=UP,
        example="/run/user/1000/docker.sock",
        default="/var/run/docker.sock",
        summary="The engine's socket.",
    )
    tz: _S[str] | None = key(
        forms.ZONE,
        read=UP,
        example="Europe/Berlin",
        default="UTC",
        summary="Time zone of the updater's schedule.",
    )


def spell(field: str) -> str:
    """Return a field's name as it is written in .env."""
    return field.upper()


SETTINGS = registry(ProjectKeys, spell)
SECRET_SETTINGS = frozenset({"COMPOSEGEN_UPDATE_NOTIFY_URL", "COMPOSEGEN_UPDATE_TOKEN"})
BUILD_SETTINGS = tuple(name for name, k in SETTINGS.items() if k.read == "build")
