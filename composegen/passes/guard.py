"""What one annotation must not take from composegen, from the engine or from another service.

A line of a Dockerfile decides about its own service only. Labels, variables, networks, volumes
and paths that carry the workings of the project are refused here, so that no line can claim
another service's requests, reach the engine's socket, or write what other containers run.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from composegen.diagnostics import Related
from composegen.keys.lifecycle import image as check_image
from composegen.keys.spec import BadValue
from composegen.passes.bind import line_of
from composegen.text import has_reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from composegen.diagnostics import Report
    from composegen.model import Service, Stack
    from composegen.source import Span

NETWORKS = frozenset({"frontend", "socket", "updater", "updater-socket"})
_ENGINES = frozenset({"host", "none", "bridge"})
VOLUMES = frozenset({"toolbox", "acme", "certificates", "local-ca", "letsencrypt", "tls"})
OWN_LABELS = ("composegen.", "com.docker.compose.")
STEERING_LABELS = ("traefik.", "com.centurylinklabs.watchtower.")
_OWN_VARIABLES = "COMPOSEGEN_"
_OWN_FILES = frozenset(
    {
        ".composegen",
        ".env",
        ".git",
        "Makefile",
        "composegen.d",
        "composegen.mk",
        "docker-compose.build.yml",
        "docker-compose.yml",
        "secrets",
    }
)
"""Of the project's folder: every service's values, what other containers run, and what make runs."""


def guard(stack: Stack, report: Report) -> None:
    """Report what services take that is not theirs."""
    manual = {s.name for s in stack.services if s.manual}
    for service in stack.services:
        _labels(service, report)
        _variables(service, report)
        _networks(service, report)
        _mount_points(service, report)
        _project_files(service, report)
        _image_name(service, report)
        _manual(service, manual, report)
    _volumes(stack, report)


def _labels(service: Service, report: Report) -> None:
    """Traefik and Compose read labels without regard to case, so case is no way around."""
    for spanned in service.keys.label:
        name = spanned.value.name.lower()
        if name.startswith(OWN_LABELS):
            report.add(
                "CG217",
                spanned.span,
                f"labels {_head(name, OWN_LABELS)}… are set by composegen and Compose",
                "choose a name of your own, such as com.example.team",
            )
        elif name.startswith(STEERING_LABELS):
            report.add(
                "CG217",
                spanned.span,
                f"labels {_head(name, STEERING_LABELS)}… are made from url, update and the like",
                "use those keys; what they cannot say: # composegen.compose.labels = "
                f'{{"{spanned.value.name}": "…"}}',
            )


def _head(name: str, heads: tuple[str, ...]) -> str:
    return next(h for h in heads if name.startswith(h))


def _variables(service: Service, report: Report) -> None:
    for spanned in service.keys.env:
        if spanned.value.name.startswith(_OWN_VARIABLES) and not service.mypaas:
            report.add(
                "CG218",
                spanned.span,
                f"{spanned.value.name}: names that start with COMPOSEGEN_ are composegen's",
                f"give it another name, such as APP_{spanned.value.name.removeprefix(_OWN_VARIABLES)}",
            )


def _networks(service: Service, report: Report) -> None:
    for spanned in service.keys.network:
        if spanned.value in NETWORKS:
            report.add(
                "CG307",
                spanned.span,
                f"{spanned.value!r} is a generated network: it leads to the frontend or the engine",
                "choose another name; a url puts the service before the frontend",
            )
        elif spanned.value in _ENGINES:
            report.add(
                "CG307",
                spanned.span,
                f"{spanned.value!r} is a network of the engine's, not of the project",
                f"if it is meant: # composegen.compose.network_mode = {spanned.value}",
            )


def _mount_points(service: Service, report: Report) -> None:
    """Compose keeps the last of two mounts at one path, or refuses them."""
    first: dict[str, Span] = {}
    for path, span in _places(service):
        plainly = "/" + posixpath.normpath(path).lstrip("/")
        other = first.setdefault(plainly, span)
        if other is not span:
            report.add(
                "CG219",
                span,
                f"{plainly} is mounted twice",
                f"change the path here or in {line_of(other)}",
                (Related(other, "the first one"),),
            )


def _places(service: Service) -> Iterator[tuple[str, Span]]:
    keys = service.keys
    for volume in keys.volume:
        yield volume.value.target, volume.span
    for config in keys.config:
        yield config.value.target, config.span
    for tmpfs in keys.tmpfs:
        yield tmpfs.value.partition(":")[0], tmpfs.span
    for secret in keys.secret:
        yield posixpath.join("/run/secrets", secret.value.target or secret.value.name), secret.span


def _project_files(service: Service, report: Report) -> None:
    """A mount of the whole folder holds all of these."""
    places = [
        (v.value.source, v.value.likely, v.value.docker, v.span) for v in service.keys.volume if v.value.bind
    ]
    places += [
        (c.value.source, c.value.source, f"{c.value.source}:{c.value.target}:ro", c.span)
        for c in service.keys.config
    ]
    for source, likely, mount, span in places:
        plainly = posixpath.normpath(likely)
        first = plainly.partition("/")[0]
        above = plainly == "." or set(plainly.split("/")) == {".."}
        if not has_reference(likely) and (above or first in _OWN_FILES):
            report.add(
                "CG203",
                span,
                f"{source} holds what is not this service's alone",
                "mount a file or folder of its own (secret = NAME for one of secrets/), or, if it is meant, "
                f'write: # composegen.compose.volumes = ["{mount}"]',
            )


def _image_name(service: Service, report: Report) -> None:
    """A service's name may hold what its default image's may not, such as two dots in a row."""
    if not service.image.default or service.image.owner != service.name or service.keys.image is not None:
        return
    try:
        check_image(service.name.lower())
    except BadValue:
        report.add(
            "CG102",
            service.keys.service.span,
            f"service: {service.name!r} cannot be the name of an image",
            "let single '.', '_' or '-' stand between letters and digits, or write an image annotation",
        )


def _manual(service: Service, manual: set[str], report: Report) -> None:
    for spanned in service.keys.depends:
        if spanned.value.service in manual and not service.manual:
            report.add(
                "CG310",
                spanned.span,
                f"{spanned.value.service} is manual, so it is not there when {service.name} starts",
                "take depends out, or write start = manual here too",
            )


def _volumes(stack: Stack, report: Report) -> None:
    """Named volumes: not the generated ones, and none by accident under one made-up name."""
    declared = {v.value.source for s in stack.services for v in s.keys.volume if v.value.source}
    made: dict[str, tuple[str, str]] = {}
    for service in stack.services:
        spans = {v.value.target: v.span for v in service.keys.volume}
        for mount in service.mounts:
            if mount.bind:
                continue
            span = spans.get(mount.target, service.keys.service.span)
            if mount.source in VOLUMES:
                report.add(
                    "CG307",
                    span,
                    f"{mount.source!r} is the name of a generated volume",
                    f"name it otherwise: # composegen.volume = my-{mount.source}:{mount.target}",
                )
            elif not any(v.value.source == mount.source for v in service.keys.volume):
                place = (service.name, mount.target)
                if mount.source in declared or made.setdefault(mount.source, place) != place:
                    report.add(
                        "CG309",
                        span,
                        f"{mount.target} would get the volume {mount.source}, which is another one's",
                        f"name it yourself: # composegen.volume = NAME:{mount.target}",
                    )
