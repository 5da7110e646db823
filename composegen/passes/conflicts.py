"""Rules across services: what two of them claim, and what they wait for."""

from __future__ import annotations

import difflib
import os.path
from typing import TYPE_CHECKING

from composegen.diagnostics import Related
from composegen.keys.frontends import LISTENING
from composegen.passes.bind import line_of
from composegen.passes.images import variable
from composegen.passes.loops import redirects

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from composegen.diagnostics import Report
    from composegen.keys.mounts import Publish
    from composegen.model import Route, Service, Stack
    from composegen.source import Span, Spanned


_DASHBOARDS = ("/api", "/dashboard")
"""Prefixes as Traefik counts them, letter by letter."""


def check_across(stack: Stack, report: Report) -> None:
    """Report everything that only shows when services are held against each other."""
    _routes(stack, report)
    _dashboard(stack, report)
    _own_ports(stack, report)
    redirects(stack, report)
    _host_ports(stack, report)
    _dependences(stack, report)
    _parents(stack, report)
    _variables(stack, report)
    _owners(stack, report)


def _routes(stack: Stack, report: Report) -> None:
    taken: dict[tuple[str, str, str], tuple[str, Route]] = {}
    for service in stack.services:
        for route in service.routes:
            scheme = "https" if route.tls else "http"
            claim = (scheme, route.host, route.path)
            if claim in taken:
                other, first = taken[claim]
                # With COMPOSEGEN_TLS=off an http and an https url of one service are the same route.
                if other == service.name and first.scheme != route.scheme and first.leads == route.leads:
                    continue
                report.add(
                    "CG302",
                    route.span,
                    f"{route.public} is claimed by {other} already",
                    f"change it here or in {line_of(first.span)}",
                    (Related(first.span, "the first claim"),),
                )
            else:
                taken[claim] = (service.name, route)


def _dashboard(stack: Stack, report: Report) -> None:
    """Report routes that the dashboard would take: its rules come before those of every service.

    Over https it also leads all that is asked for in clear to https.
    """
    project = stack.project
    if project.dashboard_host is None:
        return
    secure = project.dashboard_tls and project.tls != "off"
    for service in stack.services:
        for route in service.routes:
            taken = not route.path or route.path.startswith(_DASHBOARDS) or (secure and not route.tls)
            if route.host == project.dashboard_host and taken:
                report.add(
                    "CG302",
                    route.span,
                    f"{route.public} is claimed by the dashboard already",
                    "give one of them a host of its own: the dashboard's is COMPOSEGEN_DASHBOARD_URL",
                )


def _own_ports(stack: Stack, report: Report) -> None:
    """Report a frontend that would listen twice on one port, as .env or the defaults have it now."""
    project = stack.project
    secure = any(r.tls for s in stack.services for r in s.routes) or (
        project.tls != "off" and (project.dashboard_tls or project.update_tls)
    )
    if secure and project.frontend in LISTENING and project.http_port == project.https_port:
        report.add(
            "CG303",
            "COMPOSEGEN_HTTPS_PORT",
            f"http and https are both on port {project.https_port}",
            "give COMPOSEGEN_HTTP_PORT and COMPOSEGEN_HTTPS_PORT two ports; they are 80 and 443 by default",
        )


def _host_ports(stack: Stack, report: Report) -> None:
    taken: dict[tuple[int, str], list[tuple[str, str, Span]]] = {}
    for service in stack.services:
        for spanned in service.keys.publish:
            _frontends_port(spanned, stack, report)
            for ip, port, protocol in spanned.value.claims:
                others = taken.setdefault((port, protocol), [])
                clash = next((o for o in others if _overlap(o[0], ip)), None)
                if clash is not None:
                    report.add(
                        "CG303",
                        spanned.span,
                        f"host port {port}/{protocol} is taken by {clash[1]}",
                        f"choose another one here or in {line_of(clash[2])}",
                        (Related(clash[2], "the first claim"),),
                    )
                    break
                others.append((ip, service.name, spanned.span))


def _frontends_port(spanned: Spanned[Publish], stack: Stack, report: Report) -> None:
    """Report a published port that the frontend takes, as .env or its default has it now."""
    project = stack.project
    if project.frontend not in LISTENING:
        return
    moved = {project.http_port: "COMPOSEGEN_HTTP_PORT", project.https_port: "COMPOSEGEN_HTTPS_PORT"}
    for ip, port, protocol in spanned.value.claims:
        if protocol == "tcp" and port in moved and _overlap(project.bind, ip):
            report.add(
                "CG303",
                spanned.span,
                f"host port {port}/tcp is taken by the frontend",
                "publish another port, give the service a url, or move the frontend "
                f"with {moved[port]} in .env",
            )
            return


def _overlap(one: str, other: str) -> bool:
    everywhere = {"", "0.0.0.0", "::"}  # noqa: S104 - compared, not bound
    return one == other or one in everywhere or other in everywhere


def _dependences(stack: Stack, report: Report) -> None:
    names = {s.name: s for s in stack.services}
    for service in stack.services:
        for spanned in service.keys.depends:
            wanted = spanned.value.service
            if wanted not in names:
                close = difflib.get_close_matches(wanted, names, 1, 0.6)
                report.add(
                    "CG304",
                    spanned.span,
                    f"no service is named {wanted!r}",
                    f"did you mean {close[0]}?" if close else f"there are: {', '.join(sorted(names))}",
                )
    for circle in _circles({n: [d for d, _ in s.depends if d in names] for n, s in names.items()}):
        keys = names[circle[0]].keys
        span = next(d.span for d in keys.depends if d.value.service == circle[1 % len(circle)])
        report.add(
            "CG305",
            span,
            f"{' waits for '.join((*circle, circle[0]))}",
            "take one of these depends out",
        )


def _parents(stack: Stack, report: Report) -> None:
    """Report images that are built FROM each other."""
    names = {s.name: s for s in stack.services}
    edges = {
        n: [names[p].image.owner for _, p in s.build.parents] if s.build else [] for n, s in names.items()
    }
    for circle in _circles(edges):
        report.add(
            "CG305",
            names[circle[0]].keys.service.span,
            f"{' is FROM '.join((*circle, circle[0]))}",
            "write an image of a registry into one of them",
        )


def _circles(edges: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Return one circle for each service that closes one; iterative, as chains may be long."""
    state: dict[str, int] = {}
    found = []
    for root in edges:
        stack = [(root, iter(edges[root]))] if root not in state else []
        trail = [root] if stack else []
        while stack:
            node, rest = stack[-1]
            state[node] = 1
            following = next(rest, None)
            if following is None:
                state[node] = 2
                stack.pop()
                trail.pop()
            elif state.get(following) == 1:
                found.append(trail[trail.index(following) :])
            elif following not in state:
                stack.append((following, iter(edges[following])))
                trail.append(following)
    return found


def _variables(stack: Stack, report: Report) -> None:
    owners: dict[str, Service] = {}
    for service in stack.services:
        name = variable("COMPOSEGEN_IMAGE", service.name)
        other = owners.setdefault(name, service)
        if other is not service:
            report.add(
                "CG306",
                service.keys.service.span,
                f"{service.name} and {other.name} both give the variable {name}",
                "rename one of them",
                (Related(other.keys.service.span, "the first one"),),
            )


def _owners(stack: Stack, report: Report) -> None:
    wanted: dict[str, tuple[str | None, str | None, Span]] = {}
    for service in stack.services:
        for spanned in service.keys.volume:
            volume = spanned.value
            if volume.owner is None and volume.mode is None:
                continue
            source = os.path.normpath(volume.source) if volume.bind else volume.source
            before = wanted.setdefault(source, (volume.owner, volume.mode, spanned.span))
            if before[:2] != (volume.owner, volume.mode):
                report.add(
                    "CG308",
                    spanned.span,
                    f"{volume.source} has another owner or mode elsewhere",
                    f"make it the same as in {line_of(before[2])}",
                    (Related(before[2], "the first one"),),
                )
