"""THE list of annotation keys.

A new key is one field here; its meaning goes to ``passes.resolve`` or ``targets.services``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from composegen.keys import lifecycle, linux, mounts, routes, values
from composegen.keys.spec import ValueType, key, registry
from composegen.source import Spanned

if TYPE_CHECKING:
    from decimal import Decimal

_S = Spanned
_RESTART = values.word(
    "restart",
    "no, always, unless-stopped or on-failure[:N]",
    r"no|always|unless-stopped|on-failure(?::\d{1,3})?",
)
_EXTRA_HOST = ValueType("extra-host", "host:address", mounts.extra_host, {"type": "string"})
_PATH = values.word("path", "an absolute path in the container", r"/[^\x00-\x1f\x7f$]*")
_NETWORK = values.word("network", "a network's name", r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceKeys:
    """What one Dockerfile declares. Absent keys are None or (), whatever their default is."""

    service: _S[str] = key(
        lifecycle.SERVICE,
        mypaas=True,
        example="web",
        summary="Name of the compose service and default name of its image. Required.",
    )
    image: _S[str] | None = key(
        lifecycle.IMAGE,
        example="ghcr.io/acme/web:1.4",
        default="the FROM of an only-FROM Dockerfile, else REGISTRY/SERVICE:TAG; without COMPOSEGEN_REGISTRY "
        "an image that `make up` builds",
        summary="What is deployed.",
    )
    build: _S[lifecycle.Build] | None = key(
        lifecycle.BUILD,
        example=". target=production",
        default="the Dockerfile's folder",
        summary="Context folder, relative to the Dockerfile; goes into the build overlay only.",
    )
    build_arg: tuple[_S[values.Assignment], ...] = key(
        values.ASSIGNMENT,
        repeat=True,
        example="NODE_ENV=production",
        summary="Build argument; goes into the build overlay only.",
    )
    url: tuple[_S[routes.Url], ...] = key(
        routes.URL,
        repeat=True,
        mypaas=True,
        example="https://example.com/api strip",
        summary="A public route. Options: port=N, strip, redirect=URL, proxy=URL.",
    )
    port: _S[int] | None = key(
        values.PORT,
        mypaas=True,
        example="8000",
        default="the only EXPOSE, else 80 (under mypaas. always 80)",
        summary="Where the process listens for HTTP.",
    )
    publish: tuple[_S[mounts.Publish], ...] = key(
        mounts.PUBLISH,
        repeat=True,
        mypaas=True,
        example="127.0.0.1:5432:5432",
        summary="Host port, in Docker's --publish syntax.",
    )
    env: tuple[_S[values.Assignment], ...] = key(
        values.ENV,
        repeat=True,
        mypaas=True,
        example="DATABASE_URL=postgres://db/app",
        summary="Environment variable; a bare KEY takes its value from .env.",
    )
    secret: tuple[_S[mounts.Secret], ...] = key(
        mounts.SECRET,
        repeat=True,
        example="db_password",
        summary="The file secrets/NAME, mounted at /run/secrets/NAME or at the given path.",
    )
    config: tuple[_S[mounts.Config], ...] = key(
        mounts.CONFIG,
        repeat=True,
        example="./app.toml:/etc/app.toml",
        summary="A file or folder of the project, mounted read-only; an edit recreates the service.",
    )
    volume: tuple[_S[mounts.Volume], ...] = key(
        mounts.VOLUME,
        repeat=True,
        mypaas=True,
        example="./data:/data owner=1000:1000 mode=0750",
        summary="A mount in Docker's --volume syntax. Options: owner=UID:GID, mode=0750.",
    )
    tmpfs: tuple[_S[str], ...] = key(
        mounts.TMPFS, repeat=True, example="/tmp:size=64m", summary="A folder in memory."
    )
    readonly: _S[bool] | None = key(
        values.BOOLEAN,
        example="yes",
        default="no",
        summary="Whether the container's root file system is read-only.",
    )
    scale: _S[lifecycle.Scale] | None = key(
        lifecycle.SCALE,
        mypaas=True,
        example="3",
        default="0",
        summary="0: the old container stops before the new one starts. N: rolling, N replicas. "
        "N safe: all old ones stop first.",
    )
    healthcheck: _S[lifecycle.Check] | None = key(
        lifecycle.CHECK,
        mypaas=True,
        example="/health 5s 2s 3",
        default="the Dockerfile's HEALTHCHECK, else tcp for a routed service; interval 5s, timeout 2s, "
        "3 retries",
        summary="Readiness: the frontend sends nothing before it passes. A path passes with 2xx and 3xx.",
    )
    startup: _S[lifecycle.Startup] | None = key(
        lifecycle.STARTUP,
        example="/health 8000 5m",
        default="60s",
        summary="How long a slow start may take, and what tells its end.",
    )
    liveness: _S[lifecycle.Check] | None = key(
        lifecycle.CHECK,
        example="/alive 5s 5s 3",
        default="off",
        summary="A container that fails this check is restarted.",
    )
    maxcpu: _S[str] | None = key(values.CPUS, mypaas=True, example="1.5", summary="Limit of CPUs.")
    maxmem: _S[str] | None = key(values.SIZE, mypaas=True, example="512m", summary="Limit of memory.")
    mincpu: _S[str] | None = key(values.CPUS, example="0.5", summary="Reserved CPUs.")
    minmem: _S[str] | None = key(values.SIZE, example="128m", summary="Reserved memory.")
    pids: _S[str] | None = key(values.PIDS, example="200", summary="Limit of processes.")
    command: _S[values.Command] | None = key(
        values.COMMAND,
        example='["gunicorn", "app:app"]',
        default="the image's",
        summary="Command, as in Compose.",
    )
    entrypoint: _S[values.Command] | None = key(
        values.COMMAND,
        example='["/entrypoint.sh"]',
        default="the image's",
        summary="Entrypoint, as in Compose.",
    )
    user: _S[str] | None = key(
        values.USER,
        example="${UID}:${GID}",
        default="the image's",
        summary="User of the process; ${UID}:${GID} is the owner of the project's folder.",
    )
    workdir: _S[str] | None = key(_PATH, example="/app", default="the image's", summary="Working folder.")
    stop_grace: _S[Decimal] | None = key(
        values.DURATION,
        example="30s",
        default="10s",
        summary="How long the process may take to end, and a request to be answered.",
    )
    stop_signal: _S[str] | None = key(
        linux.SIGNAL,
        example="SIGQUIT",
        default="the image's",
        summary="Signal that asks the process to end.",
    )
    restart: _S[str] | None = key(
        _RESTART,
        example="on-failure:3",
        default="unless-stopped",
        summary="Restart policy; no makes a one-shot that up waits for.",
    )
    init: _S[bool] | None = key(
        values.BOOLEAN,
        example="yes",
        default="no, yes with liveness",
        summary="Whether an init process reaps children and passes signals on.",
    )
    depends: tuple[_S[lifecycle.Depends], ...] = key(
        lifecycle.DEPENDS,
        repeat=True,
        example="db:healthy",
        default="healthy where the other has a check, completed for a one-shot, else started",
        summary="A service that has to be there first.",
    )
    pre_deploy: _S[values.Command] | None = key(
        values.COMMAND,
        example="./manage.py migrate",
        summary="Command run once, in the new image before it takes traffic; a failure stops the deploy.",
    )
    update: _S[str] | None = key(
        values.choice("auto", "notify", "off"),
        example="notify",
        default="auto for the default image; off for local builds and one-shots; notify for others, for safe "
        "and for pre-deploy",
        summary="What watchtower does when the image's tag moved.",
    )
    pre_update: _S[str] | None = key(
        values.HOOK,
        example="./drain-queue.sh",
        summary="Command in the old container before watchtower replaces it.",
    )
    post_update: _S[str] | None = key(
        values.HOOK,
        example="./warm-cache.sh",
        summary="Command in the new container after watchtower replaced it.",
    )
    start: _S[str] | None = key(
        values.choice("auto", "manual"),
        example="manual",
        default="auto",
        summary="Whether `make up` starts it; manual: only `make start SERVICE=name` does.",
    )
    auth: tuple[_S[str], ...] = key(
        values.NAME,
        repeat=True,
        example="staff",
        summary="Basic auth on the service's routes, from the htpasswd file secrets/NAME.",
    )
    allow: tuple[_S[str], ...] = key(
        values.CIDR,
        repeat=True,
        example="10.0.0.0/8",
        default="everybody",
        summary="Only these clients.",
    )
    ratelimit: _S[routes.Rate] | None = key(
        routes.RATE,
        example="100/s 200",
        default="none",
        summary="Requests per client address; with Traefik each url counts for itself, and a pause of some "
        "seconds brings back the whole burst.",
    )
    maxbody: _S[str] | None = key(
        values.LITERAL_SIZE,
        example="10m",
        default="none",
        summary="Largest request body; one without a length gets 411.",
    )
    timeout: _S[Decimal] | None = key(
        values.DURATION,
        example="30s",
        default="none",
        summary="How long the service may take to the first byte of its answer.",
    )
    compress: _S[bool] | None = key(
        values.BOOLEAN, example="yes", default="no", summary="Whether answers are compressed."
    )
    sticky: _S[bool] | None = key(
        values.BOOLEAN,
        example="yes",
        default="no",
        summary="Whether a client stays with its replica.",
    )
    header: tuple[_S[routes.Header], ...] = key(
        routes.HEADER,
        repeat=True,
        example="Permissions-Policy: camera=()",
        summary="A response header.",
    )
    network: tuple[_S[str], ...] = key(
        _NETWORK, repeat=True, example="backend", summary="A further network of the project."
    )
    label: tuple[_S[values.Assignment], ...] = key(
        values.ASSIGNMENT,
        repeat=True,
        example="com.example.team=shop",
        summary="A label of the container.",
    )
    cap_add: tuple[_S[str], ...] = key(
        linux.CAPABILITY, repeat=True, example="NET_ADMIN", summary="A capability to add."
    )
    cap_drop: tuple[_S[str], ...] = key(
        linux.CAPABILITY, repeat=True, example="ALL", summary="A capability to drop."
    )
    extra_host: tuple[_S[str], ...] = key(
        _EXTRA_HOST, repeat=True, example="api.internal:10.0.0.5", summary="A line of /etc/hosts."
    )
    harden: _S[bool] | None = key(
        values.BOOLEAN,
        example="yes",
        default="no",
        summary="Read-only root, all capabilities dropped, no-new-privileges.",
    )
    compose: tuple[_S[tuple[str, str]], ...] = key(
        ValueType("yaml", "a YAML value", lambda v: ("", values.plain(v)), {}),
        repeat=True,
        nested=True,
        example="shm_size = 256m",
        summary="Escape hatch: merged into the compose service as it is.",
    )


def spell(field: str) -> str:
    """Return a field's name as it is written in an annotation."""
    return field.replace("_", "-")


KEYS = registry(ServiceKeys, spell)
FIELDS = {name: name.replace("-", "_") for name in KEYS}
