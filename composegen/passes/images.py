"""Which image a service runs, who owns it, how it is built, and what its Dockerfile tells of it."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from composegen.keys.lifecycle import image as check_image
from composegen.keys.service import KEYS
from composegen.keys.spec import BadValue
from composegen.model import BuildPlan, Image
from composegen.passes.dockerfile import lex
from composegen.passes.scan import final_chain
from composegen.passes.stages import UnknownPath, read_stages
from composegen.text import has_reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from composegen.diagnostics import Report
    from composegen.keys.service import ServiceKeys
    from composegen.model import Project
    from composegen.passes.scan import Expose, Healthcheck, Scanned, Stage

# Base images that are known to hold a shell, by the last part of their name.
_SHELL_BASES = frozenset(
    [
        "debian",
        "ubuntu",
        "alpine",
        "python",
        "node",
        "ruby",
        "php",
        "golang",
        "rust",
        "openjdk",
        "eclipse-temurin",
        "amazoncorretto",
        "httpd",
        "nginx",
        "postgres",
        "mysql",
        "mariadb",
        "redis",
        "mongo",
        "memcached",
        "rabbitmq",
        "busybox",
        "buildpack-deps",
        "perl",
        "julia",
        "elixir",
        "erlang",
        "haskell",
        "swift",
        "fedora",
        "centos",
        "rockylinux",
        "almalinux",
        "archlinux",
        "bitnami",
        "wordpress",
        "ghost",
        "nextcloud",
        "gitea",
        "grafana",
        "elasticsearch",
        "tomcat",
        "jetty",
        "maven",
        "gradle",
        "composer",
        "bash",
        "caddy",
    ],
)
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_VARIABLE = re.compile(r"[^A-Za-z0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One Dockerfile with its keys: what the passes before this one have found."""

    name: str
    scanned: Scanned
    keys: ServiceKeys
    chain: tuple[Stage, ...]
    mypaas: bool


def declared(scanned: Scanned, keys: ServiceKeys) -> Declared:
    """Return a Dockerfile's declaration with the stages that make its image."""
    target = keys.build.value.target if keys.build else None
    scanned = _with_build_args(scanned, keys)
    # A line that MyPaas ignores, such as a key without a value, makes no MyPaas Dockerfile.
    mypaas = any(
        a.prefix == "mypaas" and a.has_equals and a.value and a.key in KEYS and KEYS[a.key].mypaas
        for a in scanned.annotations
    )
    return Declared(
        name=keys.service.value,
        scanned=scanned,
        keys=keys,
        chain=final_chain(scanned, target),
        mypaas=mypaas,
    )


def _with_build_args(scanned: Scanned, keys: ServiceKeys) -> Scanned:
    """Return the Dockerfile as it is built with the service's ``build-arg`` lines.

    What comes from .env is known at the build alone.
    """
    if not keys.build_arg or (scanned.only_from and keys.build is None):
        return scanned
    args = (a.value for a in keys.build_arg)
    given = {a.name: None if a.value is None or has_reference(a.value) else a.value for a in args}
    lexed = lex(scanned.source.text)
    return replace(scanned, stages=read_stages(scanned.source, lexed.instructions, lexed.escape, given))


def variable(prefix: str, service: str) -> str:
    """Return the variable named after a service, such as COMPOSEGEN_IMAGE_WEB."""
    return f"{prefix}_{_VARIABLE.sub('_', service).upper()}"


def _built(service: Declared) -> bool:
    """Whether ``make build`` makes an image of the Dockerfile."""
    return not service.scanned.only_from or service.keys.build is not None


def _unknown(path: str) -> bool:
    """Whether a path of VOLUME cannot be written down; Compose would fill in a ``${``, whoever wrote it."""
    return isinstance(path, UnknownPath) or has_reference(path)


def _bad_image(reference: str) -> bool:
    try:
        check_image(reference)
    except BadValue:
        return True
    return False


class Images:
    """Answers questions about the images of all services, following FROM across Dockerfiles."""

    def __init__(self, services: Mapping[str, Declared], project: Project, report: Report) -> None:
        self.services = services
        self.project = project
        self.report = report
        self._found: dict[str, Image] = {}

    def parent(self, service: Declared) -> Declared | None:
        """Return the service of the project that the Dockerfile is FROM."""
        if not service.chain:
            return None
        base = service.chain[-1].base
        parent = self.services.get(base) if base else None
        return None if parent is service else parent

    def lineage(self, service: Declared) -> tuple[Stage, ...]:
        """Return the stages of the image, nearest first, parents in the project included."""
        stages: list[Stage] = []
        seen: set[str] = set()
        at: Declared | None = service
        while at is not None and at.name not in seen:
            seen.add(at.name)
            stages.extend(at.chain)
            at = self.parent(at)
        return tuple(stages)

    def image(self, service: Declared) -> Image:
        """Return what is deployed for ``service``.

        Two that name one reference share its image, as with FROM: one pin, and one policy of updates.
        """
        found = self._own(service)
        return found if _built(service) else self._owned.get(found.reference, found)

    @cached_property
    def _owned(self) -> dict[str, Image]:
        """Reference to the image of the service that owns it: one that builds it, else the first."""
        found: dict[str, Image] = {}
        for service in sorted(self.services.values(), key=_built, reverse=True):
            found.setdefault(self._own(service).reference, self._own(service))
        return found

    def _own(self, service: Declared, seen: frozenset[str] = frozenset()) -> Image:
        if service.name not in self._found:
            self._found[service.name] = self._image(service, seen | {service.name})
        return self._found[service.name]

    def _image(self, service: Declared, seen: frozenset[str]) -> Image:
        key = service.keys.image
        if key is not None:
            return self._given(service, key.value)
        if service.scanned.only_from and service.keys.build is None:
            self._platform(service)
            parent = self.parent(service)
            if parent is not None and parent.name in seen:
                self.report.add(
                    "CG305",
                    service.chain[0].base_span,
                    f"{service.name} is FROM {parent.name}, which is FROM {service.name} in the end",
                    "write an image of a registry into one of the two",
                )
            elif parent is not None:
                return self._own(parent, seen)
            base = service.chain[0].base if service.chain else None
            if base is None:
                if service.chain:  # else the target is no stage, which `check` reports
                    self.report.add(
                        "CG216",
                        service.chain[0].base_span,
                        "FROM names no image",
                        "give the build argument a default, or write an image annotation",
                    )
                base = "unknown"
            return self._given(service, self._from(service, base))
        name = service.name.lower()
        reference = (
            f"${{COMPOSEGEN_REGISTRY}}/{name}:${{COMPOSEGEN_TAG:-latest}}"
            if self.project.registry
            else f"${{COMPOSE_PROJECT_NAME}}-{name}:latest"
        )
        return Image(
            reference=reference,
            variable=variable("COMPOSEGEN_IMAGE", service.name),
            owner=service.name,
            local=not self.project.registry,
            default=True,
            digest=False,
        )

    def _platform(self, service: Declared) -> None:
        """Warn of a platform that only a build would heed."""
        platform = service.chain[0].platform if service.chain else None
        if platform and "$" not in platform:
            self.report.add(
                "CG207",
                service.chain[0].span,
                f"--platform={platform} has no effect: the Dockerfile is only a FROM, so nothing is built",
                f"write: # composegen.compose.platform = {platform}",
            )

    def _from(self, service: Declared, base: str) -> str:
        """Return the FROM of an only-FROM Dockerfile after checking that it names an image."""
        if "${" not in base and base != "scratch" and not _bad_image(base):
            return base
        self.report.add(
            "CG216",
            service.chain[0].base_span,
            f"{base!r} is not an image that Compose can take",
            "write repository, repository:tag or repository@sha256:…, or an image annotation",
        )
        return "unknown"

    def _given(self, service: Declared, reference: str) -> Image:
        own_registry = reference.startswith(("${COMPOSEGEN_REGISTRY}/", "${COMPOSEGEN_REGISTRY:"))
        digest = "@sha256:" in reference
        if not digest and ":" not in reference.rpartition("/")[2] and not reference.endswith("}"):
            reference = f"{reference}:latest"
        return Image(
            reference=reference,
            variable=variable("COMPOSEGEN_IMAGE", service.name),
            owner=service.name,
            local=False,
            default=own_registry,
            digest=digest,
        )

    def build(self, service: Declared) -> BuildPlan | None:
        """Return how ``make build`` builds the image; None when the Dockerfile is only a FROM."""
        keys = service.keys
        if not _built(service):
            return None
        dockerfile = service.scanned.source.name
        folder = posixpath.dirname(dockerfile)
        context = posixpath.normpath(posixpath.join(folder, keys.build.value.context if keys.build else "."))
        args = tuple((a.value.name, a.value.value) for a in keys.build_arg)
        parents = tuple(
            dict.fromkeys(
                (s.base, s.base)
                for s in service.scanned.stages
                if s.base and s.from_stage is None and s.base in self.services and s.base != service.name
            )
        )
        return BuildPlan(
            context=context,
            dockerfile=dockerfile,
            options=keys.build.value if keys.build else None,
            args=args,
            parents=parents,
        )

    def exposed(self, service: Declared) -> tuple[int, ...]:
        """Return the TCP ports that EXPOSE names, each once, in order."""
        return tuple(dict.fromkeys(e.port for e in self._tcp(service) if e.port is not None))

    def exposes(self, service: Declared) -> tuple[str, ...]:
        """Return what EXPOSE names for TCP, as text: ranges and unknown references too."""
        return tuple(dict.fromkeys(e.text if e.port is None else str(e.port) for e in self._tcp(service)))

    def _tcp(self, service: Declared) -> Iterator[Expose]:
        return (e for s in self.lineage(service) for e in s.exposes if e.protocol in ("", "tcp"))

    def healthcheck(self, service: Declared) -> Healthcheck | None:
        """Return the HEALTHCHECK of this or a parent Dockerfile of the project."""
        for stage in self.lineage(service):
            if stage.healthcheck is not None:
                return stage.healthcheck
        return None

    def volumes(self, service: Declared) -> tuple[str, ...]:
        """Return the paths that VOLUME names, as far as they are known."""
        known = (v for v in self._volumes(service) if not _unknown(v))
        return tuple(dict.fromkeys(v.rstrip("/") or "/" for v in known))

    def unknown_volumes(self, service: Declared) -> tuple[str, ...]:
        """Return the paths of VOLUME, as written, that hang on something only the build knows."""
        return tuple(dict.fromkeys(v for v in self._volumes(service) if _unknown(v)))

    def _volumes(self, service: Declared) -> Iterator[str]:
        return (v for s in self.lineage(service) for v in s.volumes)

    def has_shell(self, service: Declared) -> bool | None:
        """Tell whether the image holds ``sh``; None where nothing is known of its base."""
        stages = self.lineage(service)
        if any(s.shell_form_run for s in stages):
            return True
        base = stages[-1].base if stages else None
        if base is None:
            return None
        if base == "scratch":
            return False
        name = base.partition("@")[0].rpartition("/")[2].partition(":")[0]
        return True if name in _SHELL_BASES else None

    def path(self, service: Declared) -> str:
        """Return the image's PATH as the Dockerfiles tell it, else Docker's default."""
        for stage in self.lineage(service):
            value = stage.env.get("PATH")
            if value is not None:
                return value.replace("${PATH}", DEFAULT_PATH).replace("$PATH", DEFAULT_PATH)
        return DEFAULT_PATH
