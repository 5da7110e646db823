"""The hosts of a project: how a host is called in nginx's files, and what it serves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from composegen.frontends.nginx.conf import Bare
from composegen.text import has_reference, names, required, split

if TYPE_CHECKING:
    from collections.abc import Iterable

    from composegen.model import Route, Service, Stack
    from composegen.text import Raw

_NOT_NAME = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Host:
    """``pattern`` is the host as annotations write it; ``file`` names its file of the configuration.

    A host with references has a ``variable``: nginx's container gets the value under this name.
    """

    pattern: str
    file: str
    variable: str | None

    @property
    def word(self) -> Bare:
        """The host in nginx's files."""
        return Bare(f"${{{self.variable}}}") if self.variable else Bare(self.pattern)

    @property
    def value(self) -> Raw:
        """The host in Compose's syntax."""
        return required(self.pattern)


@dataclass(frozen=True, slots=True)
class Claim:
    """A route and the service that it belongs to."""

    service: Service
    route: Route


def find(patterns: Iterable[str]) -> dict[str, Host]:
    """Return the hosts by pattern; their names are unique."""
    found: dict[str, Host] = {}
    taken: set[str] = set()
    for pattern in dict.fromkeys(patterns):
        shown = "".join(names(part)[0][0] if is_ref else part for part, is_ref in split(pattern))
        shown = shown.replace("*", "_")
        if shown.lower() in taken:
            shown += "-" + blake2b(pattern.encode(), digest_size=3).hexdigest()
        taken.add(shown.lower())
        name = f"HOST_{_NOT_NAME.sub('_', shown).upper()}" if has_reference(pattern) else None
        while name in {h.variable for h in found.values() if h.variable}:
            name = f"{name}_"
        found[pattern] = Host(pattern, f"{shown}.conf", name)
    return found


def claims(stack: Stack) -> dict[str, list[Claim]]:
    """Return what each host serves, in the order of the services.

    With COMPOSEGEN_TLS=off an http and an https url are one claim.
    """
    found: dict[str, dict[tuple[bool, str], Claim]] = {}
    for service in stack.services:
        for route in service.routes:
            found.setdefault(route.host, {}).setdefault((route.tls, route.path), Claim(service, route))
    return {host: list(claimed.values()) for host, claimed in found.items()}
