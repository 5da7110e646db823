"""Names in Traefik's configuration: each ends in a hash of what it names.

Traefik drops a router, middleware or service that two containers define differently under
one name (404 for everybody), so a release with other routes must bring other names, and one
with the same routes the same. A variable that changes in ``.env`` (a host, the trusted proxies)
changes the content under the same text; services that may then overlap carry a revision that
``make up`` raises.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING

from composegen.passes.images import variable
from composegen.passes.resolve import rolls_with_references, varies_with_references
from composegen.text import Raw

if TYPE_CHECKING:
    from composegen.model import Route, Service

_SLUG = re.compile(r"[^a-z0-9]+")


def digest(content: object) -> str:
    """Return six hex digits that change when ``content`` does."""
    return blake2b(repr(content).encode("utf-8", "surrogatepass"), digest_size=3).hexdigest()


def slug(text: str) -> str:
    """Return ``text`` in the letters that a name may have."""
    return _SLUG.sub("-", text.lower()).strip("-")


def router(service: Service, route: Route, content: object, prefix: str, *, forwarded: bool = False) -> Raw:
    """Return the name of a route's router on the service's own containers.

    One for requests that are ``forwarded`` by a trusted proxy uses middlewares that :func:`judging` names.
    """
    name = f"{prefix}{slug(service.name)}-{slug(route.host + route.path)}-{digest((service.name, content))}"
    varies = forwarded or varies_with_references(route)
    return Raw(f"{name}{_revision(service) if varies else ''}")


def balancer(service: Service, port: int, content: object, prefix: str) -> Raw:
    """Return the name of the load balancer of one port of a service."""
    return Raw(f"{prefix}{slug(service.name)}-{port}-{digest((service.name, port, content))}")


def middleware(kind: str, content: object, prefix: str) -> Raw:
    """Return a middleware's name; equal content gives equal names."""
    return Raw(f"{prefix}{kind}-{digest((kind, content))}")


def judging(service: Service, kind: str, content: object, prefix: str) -> Raw:
    """Return the name of a middleware that goes by what trusted proxies say of the client."""
    return Raw(f"{middleware(kind, content, prefix)}{_revision(service)}")


def _revision(service: Service) -> str:
    if not rolls_with_references(service):
        return ""
    return f"-${{{variable('COMPOSEGEN_ROUTES', service.name)}:-0}}"
