"""Redirects that lead back to where they began: a browser gives up on them, Traefik answers 418."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from composegen.diagnostics import Report
    from composegen.model import Route, Stack

    _Routes = dict[tuple[str, str], list[Route]]

_DEFAULT = {"http": 80, "https": 443}


def redirects(stack: Stack, report: Report) -> None:
    """Report each redirect whose target is answered by it again, itself or at the end of others."""
    routes: _Routes = {}
    for service in stack.services:
        for route in service.routes:
            routes.setdefault((route.scheme, route.host), []).append(route)
    for route in (r for s in stack.services for r in s.routes if r.redirect is not None):
        trail = [route]
        following = _following(route, routes)
        while following is not None and not any(following is t for t in trail):
            trail.append(following)
            following = _following(following, routes)
        if following is not route:
            continue
        through = f", by way of {trail[-1].public}" if len(trail) > 1 else ""
        report.add(
            "CG311",
            route.span,
            f"{route.public} redirects to itself{through}",
            "name another host, or a path that another url answers",
        )


def _following(route: Route, routes: _Routes) -> Route | None:
    """Return the route that answers the target of a redirect, if one of the project's does."""
    target = route.redirect
    if target is None or target.port not in {None, _DEFAULT[target.scheme]}:
        return None
    found = _answering(target.scheme, target.host, target.path, routes)
    if found is None and target.scheme == "http":
        # What has an https url alone is led there from http; without TLS it is served there.
        found = _answering("https", target.host, target.path, routes)
    return found


def _answering(scheme: str, host: str, path: str, routes: _Routes) -> Route | None:
    """The longest path of the host wins; a host by name wins over a star."""
    for name in (host, f"*.{host.partition('.')[2]}"):
        if there := routes.get((scheme, name)):
            fitting = [r for r in there if f"{path}/".startswith(f"{r.path}/")]
            return max(fitting, key=lambda r: len(r.path), default=None)
    return None
