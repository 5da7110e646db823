"""Keys and settings to the stack: every default and every decision is taken here."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from composegen.model import MANY, Image, Mount, Project, Route, Service, Stack
from composegen.passes import probes
from composegen.passes.images import Declared, Images
from composegen.passes.interpolation import misread
from composegen.source import Spanned
from composegen.text import Raw, has_reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from composegen.diagnostics import Report
    from composegen.keys.routes import Url
    from composegen.keys.service import ServiceKeys
    from composegen.source import Span

_STRICTNESS = {"auto": 0, "notify": 1, "off": 2}
_SLUG = re.compile(r"[^a-z0-9]+")
_LABEL = re.compile(r"[a-z0-9_-]+\Z")


class Hosts:
    """The hosts of all services, as annotations write them."""

    def __init__(self, declared: Sequence[Declared]) -> None:
        urls = [u.value for d in declared for u in d.keys.url]
        self.clear = {u.host for u in urls if u.scheme == "http"}
        self._secure = {u.host for u in urls if u.scheme == "https"}
        self._below: dict[str, set[str]] = {}
        self._named = {h for h in self.clear | self._secure if not h.startswith("*.")}
        self._varying = {h for h in self._named if has_reference(h)}
        for host in self._named - self._varying:
            label, _, parent = host.partition(".")
            if _LABEL.match(label):
                self._below.setdefault(parent, set()).add(host)

    def beside(self, host: str, *, tls: bool) -> tuple[str, ...]:
        """Return the hosts that ``host``, with a star, does not stand for, as they are claimed by name.

        A host with an https url alone is there over http too: it leads to https. Where a variable decides
        whether the star stands for a host, the host is among them.
        """
        if not host.startswith("*."):
            return ()
        named = self._named if has_reference(host) else self._below.get(host[2:], set()) | self._varying
        named = {h for h in named if _may_end(h, host[1:])}
        return tuple(sorted(named & self._secure if tls else named))


def _may_end(host: str, end: str) -> bool:
    """Whether ``host`` ends in ``end`` for some value of the references of both."""
    known, wanted = (text.rpartition("}")[2] for text in (host, end))
    if host == end[1:]:
        return False
    return known.endswith(wanted) or (has_reference(host) and wanted.endswith(known))


def resolve(declared: Sequence[Declared], project: Project, report: Report) -> Stack:
    """Return the stack. Services with one name were reported by ``check`` and keep the first."""
    services: dict[str, Declared] = {}
    for one in declared:
        services.setdefault(one.name, one)
    images = Images(services, project, report)
    hosts = Hosts(declared)
    updates = _updates(services, images, project)
    resolved = tuple(
        _service(one, images, project, report, hosts=hosts, updates=updates) for one in services.values()
    )
    return Stack(project=project, services=resolved)


def _service(
    one: Declared,
    images: Images,
    project: Project,
    report: Report,
    *,
    hosts: Hosts,
    updates: Mapping[str, str],
) -> Service:
    keys = one.keys
    _references(keys, report)
    port = _port(one, images, report)
    routes = _routes(one, port or 80, project, hosts)
    routed = any(r.redirect is None and r.proxy is None for r in routes)
    scale = keys.scale.value if keys.scale else None
    image = images.image(one)
    return Service(
        name=one.name,
        dockerfile=one.scanned.source.name,
        keys=keys,
        image=image,
        build=images.build(one),
        routes=routes,
        port=port if routed or keys.port else None,
        replicas=scale.replicas if scale else 0,
        rollout="stop" if scale is None or scale.replicas == 0 else "safe" if scale.safe else "roll",
        update=updates[image.owner],
        health=probes.health(keys, images.healthcheck(one), port, routed=routed, report=report),
        mounts=_mounts(one, images, report),
        depends=_depends(one, images, report),
        has_shell=images.has_shell(one),
        path=images.path(one),
        mypaas=one.mypaas,
    )


def _references(keys: ServiceKeys, report: Report) -> None:
    """Report values in which Compose ends a reference elsewhere than a reader does."""
    for field in fields(keys):
        found = getattr(keys, field.name)
        for spanned in found if isinstance(found, tuple) else (found,):
            if not isinstance(spanned, Spanned) or not has_reference(spanned.span.text):
                continue
            if any(map(misread, _texts(spanned.value))):
                report.add(
                    "CG102",
                    spanned.span,
                    f"{field.name.replace('_', '-')}: Compose counts braces, and ends a reference elsewhere",
                    "write ${NAME} without a default here, and put the default into .env: NAME=…",
                )


def _texts(value: Any) -> Iterator[str]:
    """Return the texts that a value is made of, but for those in Compose's own syntax."""
    if isinstance(value, str):
        if not isinstance(value, Raw):
            yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        yield from _texts(list(value.items()))
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))


def _port(one: Declared, images: Images, report: Report) -> int | None:
    """Return where the service listens; None when nothing tells and nothing is routed."""
    keys = one.keys
    if keys.port is not None:
        return keys.port.value
    exposed = () if one.mypaas else images.exposed(one)
    if len(exposed) == 1:
        return exposed[0]
    served = _served(keys)
    if served and all(u.value.port for u in served):
        return served[0].value.port  # nothing listens on 80 as far as any line tells
    if not one.mypaas:
        _assumed(one, images, report)
    return 80 if keys.url else None


def _served(keys: ServiceKeys) -> list[Spanned[Url]]:
    """Return the urls that lead to the service itself."""
    return [u for u in keys.url if u.value.redirect is None and u.value.proxy is None]


def _assumed(one: Declared, images: Images, report: Report) -> None:
    """Warn that port 80 is taken where a line speaks of other ports; where none does, it is the default."""
    span = _portless(one.keys)
    if span is None:
        return
    exposed = images.exposes(one)
    named = [u.value.port for u in _served(one.keys) if u.value.port]
    if exposed:
        example = next(iter(images.exposed(one)), 8000)
        report.add(
            "CG208",
            span,
            f"the Dockerfile exposes {', '.join(exposed)}: port 80 is taken",
            f"say which one speaks HTTP: # composegen.port = {example}",
        )
    elif named:
        report.add(
            "CG208",
            span,
            f"another url names port {named[0]}: port 80 is taken here",
            f"say which one this is: # composegen.port = {named[0]}",
        )


def _portless(keys: ServiceKeys) -> Span | None:
    """Return the first line that needs the service's port: a url, else a check."""
    lines = [u.span for u in _served(keys) if u.value.port is None]
    lines += [
        c.span
        for c in (keys.healthcheck, keys.liveness)
        if c is not None and c.value.kind in {"http", "tcp"} and c.value.port is None
    ]
    if keys.startup is not None and keys.healthcheck is None and keys.startup.value.port is None:
        lines.append(keys.startup.span)
    return lines[0] if lines else None


def _routes(one: Declared, port: int, project: Project, hosts: Hosts) -> tuple[Route, ...]:
    return tuple(
        Route(
            scheme=u.value.scheme,
            host=u.value.host,
            path=u.value.path,
            port=u.value.port or port,
            strip=u.value.strip and bool(u.value.path),
            redirect=u.value.redirect,
            proxy=u.value.proxy,
            tls=u.value.scheme == "https" and project.tls != "off",
            hsts=u.value.scheme == "https" and u.value.host not in hosts.clear,
            beside=hosts.beside(u.value.host, tls=u.value.scheme == "https" and project.tls != "off"),
            beside_http=hosts.beside(u.value.host, tls=False),
            span=u.span,
        )
        for u in one.keys.url
    )


def _updates(services: Mapping[str, Declared], images: Images, project: Project) -> dict[str, str]:
    """Return the update policy by image: services that share one follow the strictest."""
    found: dict[str, str] = {}
    for one in services.values():
        image = images.image(one)
        policy = "off" if project.updater == "none" else _update(one, image)
        before = found.get(image.owner, "auto")
        found[image.owner] = max(policy, before, key=_STRICTNESS.__getitem__)
    return found


def _update(one: Declared, image: Image) -> str:
    keys = one.keys
    if image.digest or image.local:
        return "off"
    if keys.update is not None:
        return keys.update.value
    if keys.restart is not None and keys.restart.value == "no":
        return "off"
    scale = keys.scale.value if keys.scale else None
    if keys.pre_deploy is not None or (scale and scale.safe and scale.replicas >= MANY):
        return "notify"
    return "auto" if image.default else "notify"


def _mounts(one: Declared, images: Images, report: Report) -> tuple[Mount, ...]:
    mounts = []
    for spanned in one.keys.volume:
        volume = spanned.value
        source = volume.source
        if not source:
            source = _volume_name(one.name, volume.target)
            report.add(
                "CG212",
                spanned.span,
                f"{volume.target} gets the named volume {source}",
                f"name it yourself: # composegen.volume = {source}:{volume.target}",
            )
        mounts.append(
            Mount(
                source=_source(source, bind=volume.bind),
                target=volume.target,
                flags=volume.flags,
                bind=volume.bind,
                owner=volume.owner,
                mode=volume.mode,
            )
        )
    taken = (
        {m.target.rstrip("/") for m in mounts}
        | {c.value.target.rstrip("/") for c in one.keys.config}
        | {t.value.partition(":")[0].rstrip("/") for t in one.keys.tmpfs}
    )
    for path in images.unknown_volumes(one):
        report.add(
            "CG212",
            one.keys.service.span,
            f"VOLUME {path} stays without a name: its path is not known here",
            "give its variable a value in the Dockerfile, or write: # composegen.volume = NAME:/path",
        )
    for path in images.volumes(one):
        if path.startswith("/") and path not in taken and path != "/":
            name = _volume_name(one.name, path)
            report.add(
                "CG212",
                one.keys.service.span,
                f"VOLUME {path} gets the named volume {name}",
                f"name it yourself: # composegen.volume = {name}:{path}",
            )
            mounts.append(Mount(source=name, target=path, flags="", bind=False, owner=None, mode=None))
    return tuple(mounts)


def _source(source: str, *, bind: bool) -> str:
    """Return a bind source so that Compose cannot take it for a volume's name."""
    if bind and not source.startswith(("/", "./", "../", "~", "${")) and source not in {".", ".."}:
        return f"./{source}"
    return source


def _volume_name(service: str, path: str) -> str:
    return f"{_SLUG.sub('-', service.lower()).strip('-')}-{_SLUG.sub('-', path.lower()).strip('-')}"


def _depends(one: Declared, images: Images, report: Report) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for spanned in one.keys.depends:
        wanted = spanned.value
        other = images.services.get(wanted.service)
        if other is None:
            found[wanted.service] = wanted.condition or "started"
            continue
        found[wanted.service] = wanted.condition or _condition(other, images)
        if wanted.condition == "healthy" and _unchecked(other, images):
            report.add(
                "CG312",
                spanned.span,
                f"{other.name} has no health check that could pass",
                f"write {other.name}:started, or give {other.name} a healthcheck",
            )
    return tuple(found.items())


def _condition(other: Declared, images: Images) -> str:
    keys = other.keys
    if keys.restart is not None and keys.restart.value == "no":
        return "completed"
    off = keys.healthcheck is not None and keys.healthcheck.value.kind == "off"
    inherited = images.healthcheck(other)
    watched = (
        keys.healthcheck is not None
        or keys.startup is not None
        or bool(_served(keys))
        or (inherited is not None and inherited.test is not None)
    )
    return "healthy" if watched and not off else "started"


def _unchecked(other: Declared, images: Images) -> bool:
    """Whether Docker surely checks nothing in its containers. What a base image brings is not known."""
    keys = other.keys
    alive = keys.liveness is not None and keys.liveness.value.kind != "off"
    if _served(keys) or alive or any(c.value[0].split(".")[0] == "healthcheck" for c in keys.compose):
        return False
    if keys.healthcheck is not None:
        return keys.healthcheck.value.kind == "off"
    inherited = images.healthcheck(other)
    return keys.startup is None and inherited is not None and inherited.test is None


def judges_clients(service: Service) -> bool:
    """Whether its routes go by the client's address, and so by COMPOSEGEN_TRUSTED_PROXIES."""
    return bool(service.keys.allow or service.keys.ratelimit)


def varies_with_references(route: Route) -> bool:
    """Whether what the route matches depends on a variable's value."""
    return any(has_reference(host) for host in (route.host, *route.beside))


def rolls_with_references(service: Service) -> bool:
    """Whether two releases may overlap whose routes differ by a variable's value alone."""
    varies = judges_clients(service) or any(varies_with_references(r) for r in service.routes)
    return service.rollout == "roll" and varies
