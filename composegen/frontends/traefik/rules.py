"""Traefik's rules and priorities: whole path segments, the longest path first.

Four priorities per length of path: the answer while nothing is ready, the route itself, the route
for requests that a trusted proxy forwards, and the two refusals of a body (411, 413), of which no
request meets both. Facts: Traefik 3.7, ``Host`` ignores case and port; a priority of 0 would mean
"by the rule's length".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from composegen.text import Raw, has_reference, raw, required

if TYPE_CHECKING:
    from composegen.model import Route

# Middlewares of each router behind which an application or an upstream stands (files.dynamic). They
# are not the entry point's: Traefik's own router for ACME is built before it has read the file.
BASE = "base@file"
UNAVAILABLE, ROUTE, FORWARDED, REFUSED = 1, 2, 3, 4
_STEP = 4
# The entry point has dropped what others than trusted proxies say; Traefik adds its own word later.
_BY_PROXY = "HeaderRegexp(`X-Forwarded-For`, `.`)"


def rule(route: Route) -> Raw:
    """Return the rule that matches the route's host and, on whole segments, its path."""
    return _rule(route, route.beside)


def http_rule(route: Route) -> Raw:
    """Return the rule that matches over http what is led to the route, which has https."""
    return _rule(route, route.beside_http)


def _rule(route: Route, beside: tuple[str, ...]) -> Raw:
    host = " && ".join([f"Host(`{required(route.host)}`)", *map(_not, beside)])
    if not route.path:
        return Raw(host)
    path = raw(route.path)
    return Raw(f"{host} && (Path(`{path}`) || PathPrefix(`{path}/`))")


def _not(host: str) -> str:
    """Leave a host out. A variable may hold the very star, which has to stay: here it stands for itself."""
    if has_reference(host):
        return f"!HostRegexp(`(?i)^\\Q{required(host)}\\E[.]?$$`)"
    return f"!Host(`{host}`)"


def forwarded_rule(route: Route) -> Raw:
    """Return the rule that matches those of the route's requests that a trusted proxy forwards."""
    return Raw(f"{rule(route)} && {_BY_PROXY}")


def priority(route: Route, kind: int) -> str:
    """Return the priority of ``kind`` for the route's length of path."""
    return str(_STEP * len(route.path) + kind)


def above(limit: int) -> str:
    """Return a regular expression for the decimal numbers above ``limit``, zeros in front allowed."""
    digits = str(limit)
    longer = f"[0-9]{{{len(digits) + 1},}}"
    branches = [longer]
    for at, digit in enumerate(digits):
        if digit != "9":
            rest = len(digits) - at - 1
            tail = f"[0-9]{{{rest}}}" if rest > 1 else "[0-9]" if rest else ""
            head = f"[{int(digit) + 1}-9]" if digit != "8" else "9"
            branches.append(f"{digits[:at]}{head}{tail}")
    return f"^0*({'|'.join(branches)})$"
