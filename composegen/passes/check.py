"""Rules within one service and across all of them; each small rule reports what breaks it."""

from __future__ import annotations

import posixpath
import re
from decimal import Decimal
from typing import TYPE_CHECKING

from composegen.diagnostics import Related
from composegen.keys.routes import NAME_INSTEAD, NO_ADDRESS, is_address
from composegen.keys.values import to_bytes
from composegen.model import MANY
from composegen.passes.conflicts import check_across
from composegen.passes.guard import guard
from composegen.passes.idle import idle
from composegen.text import Raw, has_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from composegen.diagnostics import Report
    from composegen.keys.service import ServiceKeys
    from composegen.model import Service, Stack
    from composegen.passes.images import Declared
    from composegen.source import Span

_HOST_FOLDERS = frozenset(
    {
        "/",
        "/bin",
        "/boot",
        "/dev",
        "/etc",
        "/lib",
        "/proc",
        "/root",
        "/run",
        "/sbin",
        "/sys",
        "/usr",
        "/var",
        "/var/run",
        "/var/lib",
        "/var/lib/docker",
    }
)
LEAST_MEMORY = 6 << 20
LEAST_CPUS = Decimal("0.01")
_SOCKETS = ("docker.sock", "containerd.sock", "podman.sock")
_ENGINE_DATA = "/var/lib/docker/"
_SECRET_NAME = re.compile(r"(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_KEY)$", re.IGNORECASE)
_ROUTING_KEYS = ("auth", "allow", "ratelimit", "maxbody", "timeout", "compress", "sticky", "header")


def check_names(declared: Sequence[Declared], reserved: frozenset[str], report: Report) -> None:
    """Report services that share a name or take one that the generated file needs."""
    first: dict[str, Declared] = {}
    for one in declared:
        span = one.keys.service.span
        if one.name.lower() in reserved:
            report.add(
                "CG307",
                span,
                f"{one.name!r} is the name of a generated service",
                "choose another name, such as my-" + one.name,
            )
        if one.scanned.stages and not one.chain and one.keys.build is not None:
            report.add(
                "CG102",
                one.keys.build.span,
                f"build: the Dockerfile has no stage {one.keys.build.value.target!r}",
                "name a stage: FROM image AS name",
            )
        twin = first.setdefault(one.name, one)
        if twin is not one:
            report.add(
                "CG301",
                span,
                f"two services are named {one.name!r}",
                "rename one of them",
                (Related(twin.keys.service.span, "the first one"),),
            )


def check(stack: Stack, exists: Callable[[str], bool], report: Report) -> None:
    """Report everything that only shows once the stack is known.

    ``exists`` tells whether a path of the project, relative to its folder, is there.
    """
    for service in stack.services:
        for rule in _SERVICE_RULES:
            rule(service, report)
        _routing(service, stack, report)
        _environment(service, stack, report)
        _files(service, exists, report)
        idle(service, stack.project.updater, report)
    guard(stack, report)
    check_across(stack, report)


def _publish(service: Service, report: Report) -> None:
    rolls = service.keys.scale is not None and service.keys.scale.value.roll
    for spanned in service.keys.publish[:1]:
        if service.replicas >= MANY or rolls:
            report.add(
                "CG201",
                spanned.span,
                f"a host port and {service.replicas} replicas"
                if service.replicas >= MANY
                else "a host port and roll: old and new would run side by side",
                "publish nothing and give the service a url, or write scale = 1",
            )


def _update(service: Service, report: Report) -> None:
    keys = service.keys
    if keys.update is None or keys.update.value != "auto":
        return
    if service.rollout == "safe" and service.replicas >= MANY:
        report.add(
            "CG202",
            keys.update.span,
            "update = auto with scale = N safe",
            "write update = notify, or scale without safe",
        )
    if keys.pre_deploy is not None:
        report.add(
            "CG202",
            keys.update.span,
            "update = auto with pre-deploy",
            "write update = notify: `deploy` runs pre-deploy, watchtower cannot",
        )


def _liveness(service: Service, report: Report) -> None:
    keys = service.keys
    if service.health is None or service.health.alive is None or keys.liveness is None:
        return
    if service.oneshot:
        report.add("CG204", keys.liveness.span, "liveness with restart = no", "leave one of the two out")
    elif keys.restart is not None and keys.restart.value.startswith("on-failure"):
        # The probe asks the process to end first; one that then ends with 0 has not failed.
        report.add(
            "CG204", keys.restart.span, "liveness with restart = on-failure", "write unless-stopped or always"
        )
    if keys.init is not None and not keys.init.value:
        report.add("CG204", keys.init.span, "liveness with init = no", "leave init out")


def _mounts(service: Service, report: Report) -> None:
    for spanned in service.keys.volume:
        volume = spanned.value
        if not volume.bind or has_reference(volume.likely):
            continue
        source = posixpath.normpath(volume.likely)
        source = "/" + source.lstrip("/") if source.startswith("/") else source
        if source in _HOST_FOLDERS or source.endswith(_SOCKETS) or source.startswith(_ENGINE_DATA):
            report.add(
                "CG203",
                spanned.span,
                f"a mount of {volume.source} gives the host away",
                "mount a folder of your own, or, if it is meant, write: # composegen.compose.volumes = "
                f'["{volume.docker}"]',
            )


def _memory(service: Service, report: Report) -> None:
    """Report what the engine refuses when it makes the container."""
    found = {n: s for n in ("maxmem", "minmem") if (s := getattr(service.keys, n)) is not None}
    sizes = {n: to_bytes(s.value) for n, s in found.items() if not has_reference(s.value)}
    for name, size in sizes.items():
        if size < LEAST_MEMORY:
            report.add(
                "CG102",
                found[name].span,
                f"{name}: {size} bytes, and the engine takes no less than 6m",
                f"a number without a unit is bytes; for example: # composegen.{name} = 512m",
            )
    if sizes.get("minmem", 0) > sizes.get("maxmem", sizes.get("minmem", 0)):
        report.add(
            "CG102",
            found["minmem"].span,
            f"minmem: more than maxmem, which is {service.keys.maxmem.value if service.keys.maxmem else ''}",
            "reserve no more than the limit",
        )


def _cpus(service: Service, report: Report) -> None:
    """Report a limit below the kernel's least quota: the container would be made, and not start."""
    spanned = service.keys.maxcpu
    if spanned is None or has_reference(spanned.value):
        return
    if 0 < Decimal(spanned.value) < LEAST_CPUS:
        report.add(
            "CG102",
            spanned.span,
            f"maxcpu: {spanned.value} CPUs, and the engine takes no less than {LEAST_CPUS}",
            "1 is one CPU; for example: # composegen.maxcpu = 0.5",
        )


def _gate(service: Service, report: Report) -> None:
    if service.update != "auto" or service.replicas < MANY or service.rollout != "roll":
        return
    ready = service.health.ready if service.health else None
    if service.port is None and (ready is None or ready.kind not in {"http", "tcp"}):
        report.add(
            "CG209",
            service.keys.service.span,
            f"updates of {service.name} go on when its replicas run, ready or not",
            "name a port (# composegen.port = 8000) or a healthcheck over http or tcp",
        )


def _hostname(service: Service, report: Report) -> None:
    for spanned in service.keys.compose:
        if spanned.value[0] == "hostname" and service.routed and service.replicas >= MANY:
            report.add(
                "CG214",
                spanned.span,
                f"all {service.replicas} replicas get one hostname",
                "leave the hostname to Docker",
            )


def _secrets_in_env(service: Service, report: Report) -> None:
    for spanned in service.keys.env:
        name, value = spanned.value.name, spanned.value.value
        if value is None or not value or has_reference(value) or isinstance(value, Raw):
            continue
        if _SECRET_NAME.search(name) and not value.startswith("/"):
            report.add(
                "CG215",
                spanned.span,
                f"{name} looks like a secret",
                f"write # composegen.env = {name} and put the value into .env",
            )


_SERVICE_RULES = (_publish, _update, _liveness, _mounts, _memory, _cpus, _gate, _hostname, _secrets_in_env)


def _routing(service: Service, stack: Stack, report: Report) -> None:
    keys, project = service.keys, stack.project
    if not service.limited:
        why = f"{service.name} only redirects" if service.routes else f"{service.name} has no url"
        for field in _ROUTING_KEYS:
            for span in _spans(keys, field)[:1]:
                report.add(
                    "CG207",
                    span,
                    f"{field} has no effect: {why}",
                    "give the service a url or delete the line",
                )
    for route in service.routes:
        if project.frontend == "none":
            report.add(
                "CG213",
                route.span,
                "a url with COMPOSEGEN_FRONTEND=none",
                "publish a port instead, or choose a frontend",
            )
        if route.tls and is_address(route.host):
            report.add("CG102", route.span, f"url: {NO_ADDRESS}", NAME_INSTEAD)
        wildcard = route.host.startswith("*.")
        if wildcard and route.tls and project.tls == "acme" and not project.challenge.startswith("dns:"):
            report.add(
                "CG210",
                route.span,
                f"{route.host} needs COMPOSEGEN_ACME_CHALLENGE=dns:PROVIDER",
                "set it in .env with the provider's credentials (COMPOSEGEN_ACME_ENV_…)",
            )
    if len(keys.auth) > 1 and service.routes:
        report.add(
            "CG213",
            keys.auth[1].span,
            "the users of a service come from one file",
            f"put all of them into secrets/{keys.auth[0].value}",
        )
    if project.frontend == "shared" and service.routes:
        for field in ("auth", "timeout"):
            for span in _spans(keys, field)[:1]:
                report.add(
                    "CG213",
                    span,
                    f"{field} with COMPOSEGEN_FRONTEND=shared",
                    "the other project's frontend would have to hold the file for it",
                )


def _spans(keys: ServiceKeys, field: str) -> list[Span]:
    value = getattr(keys, field)
    return [v.span for v in value] if isinstance(value, tuple) else [value.span] if value else []


def _environment(service: Service, stack: Stack, report: Report) -> None:
    for spanned in service.keys.env:
        if spanned.value.value is None and spanned.value.name not in stack.project.defined:
            report.add(
                "CG206",
                spanned.span,
                f"{spanned.value.name} is not in .env",
                f"add a line {spanned.value.name}=… to .env before `make up`",
            )


def _files(service: Service, exists: Callable[[str], bool], report: Report) -> None:
    for spanned in service.keys.config:
        if not exists(spanned.value.source):
            report.add(
                "CG510",
                spanned.span,
                f"{spanned.value.source} is not there",
                "the path is relative to the project's folder",
            )
    if service.build is not None and service.keys.build is not None and not exists(service.build.context):
        report.add(
            "CG511",
            service.keys.build.span,
            f"the folder {service.build.context} is not there",
            "the context is relative to the Dockerfile",
        )
        return
    if service.build is not None and service.keys.build is not None and service.build.above:
        lists = (f"{service.build.dockerfile}.dockerignore", f"{service.build.context}/.dockerignore")
        if not any(exists(path) for path in lists):
            report.add(
                "CG222",
                service.keys.build.span,
                "the context holds the whole project: .env and secrets/ get into it",
                f"make a file {lists[0]}, if only an empty one; build writes into it what must stay out",
            )
