"""``x-composegen``: what ``make`` reads from the compose file, and the shape of the build.

The runner gets it through ``docker compose config``, so references are resolved there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from composegen import __version__
from composegen.emit.yaml import Flow
from composegen.model import PROVIDED
from composegen.passes.images import variable
from composegen.passes.resolve import judges_clients, rolls_with_references
from composegen.text import Raw, has_reference, names, raw, required

if TYPE_CHECKING:
    from collections.abc import Mapping

    from composegen.frontends.base import Contribution
    from composegen.model import Mount, Service, Stack


def facts(stack: Stack, needed: Mapping[str, str], frontend: Contribution) -> dict[str, Any]:
    """Return the section; ``needed`` are the variables that frontend and updater require."""
    return {
        "version": Raw(__version__),
        "shape": dict(stack.project.shape),
        "required": _required(stack, needed),
        "urls": [Flow(_address(s, r)) for s in stack.services for r in s.routes],
        "folders": _places(stack, bind=True, key="path"),
        "volumes": _places(stack, bind=False, key="name"),
        "services": {s.name: Flow(_service(s, revisions=frontend.revisions)) for s in stack.services},
        **({"frontend": Flow(dict(frontend.facts))} if frontend.facts else {}),
    }


def _address(service: Service, route: Any) -> dict[str, Any]:
    """Return a public address; the host once more by itself where its value may hold anything.

    In the url a value with a port or a path could not be told from one that is right.
    """
    name = required(route.host)
    url = Raw(f"{route.scheme}://{name}{raw(route.path or '/')}")
    return {"service": service.name, "url": url, **({"host": name} if names(route.host) else {})}


def _required(stack: Stack, needed: Mapping[str, str]) -> dict[str, str]:
    found = dict(needed)
    if stack.project.registry and any("${COMPOSEGEN_REGISTRY}" in s.image.reference for s in stack.services):
        found["COMPOSEGEN_REGISTRY"] = "filled"
    for service in stack.services:
        keys = service.keys
        for route in service.routes:
            for target in filter(None, (route.redirect, route.proxy)):
                _references(target.host, found, "filled")
            _references(route.host, found, "filled")
        for spanned in keys.env:
            value = spanned.value.value
            if value is None:
                found.setdefault(spanned.value.name, "set")
            elif not isinstance(value, Raw):
                _references(value, found)
        _references(service.image.reference, found, "filled")
        for mount in service.mounts:
            _references(mount.source, found, "filled")
            _references(mount.owner or "", found, "filled")
        for one in (keys.user, keys.maxcpu, keys.maxmem, keys.mincpu, keys.minmem, keys.pids):
            _references(one.value if one else "", found, "filled")
        for command in (keys.command, keys.entrypoint, keys.pre_deploy):
            words = command.value.words if command else ""
            _references(words if isinstance(words, str) else " ".join(words), found)
        for text in (*(a.value.value or "" for a in keys.label), *(c.value[1] for c in keys.compose)):
            _references(text, found)
    return {n: found[n] for n in sorted(found) if n not in PROVIDED}


def _references(text: str, found: dict[str, str], how: str = "set") -> None:
    for name, operator in names(text):
        if operator in {"", "?", ":?"}:
            wanted = "filled" if operator == ":?" else how
            found[name] = "filled" if "filled" in (wanted, found.get(name)) else "set"


def _places(stack: Stack, *, bind: bool, key: str) -> list[Any]:
    """Return bind folders, or named volumes with an owner or a mode, each once, with who mounts them."""
    found: dict[str, Mount] = {}
    users: dict[str, dict[str, None]] = {}
    for service in stack.services:
        for mount in service.mounts:
            users.setdefault(mount.source, {})[service.name] = None
            wanted = mount.owner is not None or mount.mode is not None
            if mount.bind == bind and (bind or wanted) and (wanted or mount.source not in found):
                found[mount.source] = mount
    return [
        Flow(
            {
                key: raw(m.source),
                **({"owner": raw(m.owner)} if m.owner else {}),
                **({"mode": m.mode} if m.mode else {}),
                "services": list(users[m.source]),
            }
        )
        for m in found.values()
    ]


def _service(service: Service, *, revisions: bool) -> dict[str, Any]:
    image = service.image
    found: dict[str, Any] = {"image": image.variable}
    if not image.digest:
        found["reference"] = raw(image.reference)
    if image.local and image.owner == service.name:
        found["build"] = True
    found |= {"update": service.update, "rollout": service.rollout, "replicas": service.replicas}
    if service.routed:
        found["probe"] = True
    if service.oneshot:
        found["oneshot"] = True
    if service.manual:
        found["manual"] = True
    if _ours(service):
        found["ours"] = True
    if service.keys.pre_deploy:
        words = service.keys.pre_deploy.value.words
        found["pre_deploy"] = raw(words) if isinstance(words, str) else [raw(w) for w in words]
    if service.keys.config:
        found["configs"] = [c.value.source for c in service.keys.config]
    if revisions and rolls_with_references(service):
        found["routes"] = variable("COMPOSEGEN_ROUTES", service.name)
        further = _further(service)
        if further:
            found["further"] = Raw(",".join(further))
    return found


def _further(service: Service) -> list[str]:
    """Return what the service's routes hold by value beside their own addresses."""
    proxies = ["${COMPOSEGEN_TRUSTED_PROXIES:-}"] if judges_clients(service) else []
    beside = {h: None for r in service.routes for h in r.beside if has_reference(h)}
    return [*proxies, *map(required, beside)]


def _ours(service: Service) -> bool:
    """Whether the project makes the image itself, so that `deploy` looks for a newer one unasked."""
    image = service.image
    return (service.build is not None or image.default) and not image.local and not image.digest
