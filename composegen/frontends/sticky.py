"""Cookies that keep a client with its replica; every frontend calls them the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from composegen.model import Service

_SLUG = re.compile(r"[^a-z0-9]+")


def ports(service: Service) -> list[int]:
    """Return the ports that routes lead to, in order."""
    return list(dict.fromkeys(r.port for r in service.routes if r.redirect is None and r.proxy is None))


def cookie(service: Service, port: int) -> str:
    """Return the name of the cookie for one port of a service.

    A cookie's value names address and port. With one name for two ports of a host, each request to the
    one would end the session with the other. ``_`` is in no service's part of a name.
    """
    name = f"replica-{_SLUG.sub('-', service.name.lower()).strip('-')}"
    found = ports(service)
    own = service.port if service.port in found else found[0]
    return name if port == own else f"{name}_{port}"
