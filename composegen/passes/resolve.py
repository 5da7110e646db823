"""Keys and settings to the stack: every default and every decision is taken here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from composegen.model import MANY, Image, Mount, Project, Route, Service, Stack
from composegen.passes import probes
from composegen.passes.images import Declared, Images
from composegen.text import has_reference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from composegen.diagnostics import Report

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
        depends=_depends(one, images.services),
        has_shell=images.has_shell(one),
        path=images.path(one),
        mypaas=one.mypaas,
    )


def _port(one: Declared, images: Images, report: Report) -> int | None:
    if one.keys.port is not None:
        return one.keys.port.value
    if one.mypaas:
        return 80
    exposed = images.exposed(one)
    if len(exposed) == 1:
        return exposed[0]
    asked = [u for u in one.keys.url if not (u.value.port or u.value.redirect or u.value.proxy)]
    if len(exposed) > 1 and asked:
        report.add(
            "CG208",
            asked[0].span,
            f"the Dockerfile exposes {', '.join(map(str, exposed))}: port 80 is taken",
            f"say which one speaks HTTP: # composegen.port = {exposed[0]}",
        )
    return 80 if one.keys.url else None


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


def _depends(one: Declared, services: Mapping[str, Declared]) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for spanned in one.keys.depends:
        wanted = spanned.value
        condition = wanted.condition or _condition(services.get(wanted.service))
        found[wanted.service] = condition
    return tuple(found.items())


def _condition(other: Declared | None) -> str:
    if other is None:
        return "started"
    keys = other.keys
    if keys.restart is not None and keys.restart.value == "no":
        return "completed"
    off = keys.healthcheck is not None and keys.healthcheck.value.kind == "off"
    watched = (
        keys.healthcheck is not None
        or keys.startup is not None
        or any(u.value.redirect is None and u.value.proxy is None for u in keys.url)
    )
    return "healthy" if watched and not off else "started"


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
