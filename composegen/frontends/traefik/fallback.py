"""Routers that do not belong to a service's containers, because they must be there without them.

They stand on a container that is always up (the socket proxy; with a shared frontend, one of
its own): the answer 503 while a service is not ready, which also keeps its certificate
ordered; http to https; redirects; external upstreams; refusals of a body. Traefik sees this
project through that very container, so a change here is one atomic step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from composegen.frontends.traefik import names
from composegen.frontends.traefik.labels import ServiceLabels, tls, transport, ways
from composegen.frontends.traefik.rules import (
    BASE,
    FORWARDED,
    REFUSED,
    ROUTE,
    UNAVAILABLE,
    above,
    forwarded_rule,
    http_rule,
    priority,
    rule,
)
from composegen.keys.values import to_bytes
from composegen.text import Raw, has_reference, literal, raw, required

if TYPE_CHECKING:
    from composegen.keys.routes import Upstream
    from composegen.model import Project, Route, Service, Stack

PORTS = {"unavailable": 8503, "length-required": 8411, "too-large": 8413}
HTTPS_PORT = Raw("${COMPOSEGEN_HTTPS_PORT:-443}")
HSTS = Raw("${COMPOSEGEN_HSTS_SECONDS:-31536000}")


class Fallback:
    """Builds the labels of the fallback container; ``prefix`` starts every name."""

    def __init__(self, stack: Stack, prefix: str) -> None:
        self.stack = stack
        self.project: Project = stack.project
        self.prefix = prefix
        self.labels: dict[str, Any] = {}
        self._clear = {(r.host, r.path) for s in stack.services for r in s.routes if not r.tls}

    def build(self) -> dict[str, Any]:
        """Return all labels: shared middlewares and answers first, then service by service."""
        routes = [(s, r) for s in self.stack.services for r in s.routes]
        if not self.prefix:
            self._ping()
        self._shared([r for _, r in routes])
        for service, route in routes:
            if route.redirect is not None:
                self._redirect(service, route, route.redirect)
            elif route.proxy is not None:
                self._proxy(service, route, route.proxy)
            else:
                self._router(service, route, "unavailable", UNAVAILABLE)
            if route.tls and (route.host, route.path) not in self._clear:
                self._to_https(service, route)
            if service.keys.maxbody is not None and route.redirect is None:
                self._limit(service, route, service.keys.maxbody.value)
        self._pages()
        return self.labels

    def _set(self, key: str, value: Any) -> None:
        self.labels[Raw(f"traefik.http.{key}")] = value

    def _shared(self, routes: list[Route]) -> None:
        answers = ["unavailable"]
        if any(s.keys.maxbody for s in self.stack.services):
            answers += ["length-required", "too-large"]
        for answer in answers:
            self._set(f"services.{self.prefix}{answer}.loadbalancer.server.port", str(PORTS[answer]))
        secured = [r for r in routes if r.tls]
        if secured or self.project.dashboard_tls or self.project.update_tls:
            head = f"middlewares.{self.prefix}to-https.redirectscheme"
            self._set(f"{head}.scheme", "https")
            self._set(f"{head}.port", HTTPS_PORT)
            self._set(f"{head}.permanent", "true")
            self._set(f"middlewares.{self.prefix}hsts.headers.stsseconds", HSTS)

    def _ping(self) -> None:
        """Route the ping, so that Traefik's health check fails until it has read labels and files.

        By itself Traefik answers it as soon as it listens, while it still has no routes and every
        request gets a 404; `make up` would end in that moment.
        """
        self._write(
            "ping",
            {
                "rule": "Path(`/ping`)",
                "entrypoints": "traefik",
                "middlewares": BASE,
                "service": "ping@internal",
            },
        )

    def _write(self, name: str, content: dict[str, Any]) -> None:
        for key, value in content.items():
            self._set(f"routers.{name}.{key}", value)

    def _name(self, service: Service, route: Route, suffix: str) -> str:
        identity = names.digest((service.name, route.scheme, route.host, route.path))
        place = names.slug(route.host + route.path)
        return f"{self.prefix}{names.slug(service.name)}-{place}-{identity}-{suffix}"

    def _router(self, service: Service, route: Route, answer: str, kind: int, condition: str = "") -> None:
        own = ServiceLabels(service, self.project, f"{self.prefix}answer-")
        headers = own.headers()
        self.labels |= own.labels
        self._write(
            self._name(service, route, answer),
            {
                "rule": Raw(f"{rule(route)}{condition}"),
                "entrypoints": "https" if route.tls else "http",
                "priority": priority(route, kind),
                "middlewares": Raw(",".join([BASE, *([headers] if headers else []), *self._secured(route)])),
                "service": Raw(f"{self.prefix}{answer}"),
                **tls(route, self.project),
            },
        )

    def _secured(self, route: Route) -> list[str]:
        """Return the middlewares that give an answer its security headers."""
        return ["security@file", *([f"{self.prefix}hsts"] if route.hsts and route.tls else [])]

    def _to_https(self, service: Service, route: Route) -> None:
        self._write(
            self._name(service, route, "to-https"),
            {
                "rule": http_rule(route),
                "entrypoints": "http",
                "priority": priority(route, ROUTE),
                "middlewares": Raw(f"{self.prefix}to-https"),
                "service": "noop@internal",
            },
        )

    def _redirect(self, service: Service, route: Route, target: Upstream) -> None:
        name = self._name(service, route, "redirect")
        path = raw(route.path) if route.path else ""
        pattern = f"^https?://[^/]+{_quoted(path)}(/.*|[?].*)?$$" if path else "^https?://[^/]+(/.*)?$$"
        port = f":{target.port}" if target.port else ""
        replacement = f"{target.scheme}://{required(target.host)}{port}{raw(target.path)}$${{1}}"
        head = f"middlewares.{name}.redirectregex"
        self._set(f"{head}.regex", Raw(pattern))
        self._set(f"{head}.replacement", Raw(replacement))
        self._set(f"{head}.permanent", "true")
        self._write(
            name,
            {
                "rule": rule(route),
                "entrypoints": "https" if route.tls else "http",
                "priority": priority(route, ROUTE),
                "middlewares": Raw(",".join([*(self._secured(route) if route.tls else []), name])),
                "service": "noop@internal",
                **tls(route, self.project),
            },
        )

    def _proxy(self, service: Service, route: Route, target: Upstream) -> None:
        name = self._name(service, route, "proxy")
        head = f"services.{name}.loadbalancer"
        host = required(target.host) if has_reference(target.host) else literal(target.host)
        port = f":{target.port}" if target.port else ""
        self._set(f"{head}.server.url", Raw(f"{target.scheme}://{host}{port}{raw(target.path)}"))
        if target.path:
            self._set(f"{head}.server.preservepath", "true")
        self._set(f"{head}.passhostheader", "false")
        if not self.prefix:  # a joined frontend has no file of this project's
            self._set(f"{head}.serverstransport", f"{transport(service, outside=True)}@file")
        own = ServiceLabels(service, self.project, f"{self.prefix}outside-")
        if route.strip:
            self._set(f"middlewares.{name}.stripprefix.prefixes", literal(route.path))
        chains = {way: own.chain(self._secured(route), forwarded=way) for way in ways(service)}
        self.labels |= own.labels
        for forwarded, chain in chains.items():
            self._write(
                f"{name}-forwarded" if forwarded else name,
                {
                    "rule": forwarded_rule(route) if forwarded else rule(route),
                    "entrypoints": "https" if route.tls else "http",
                    "priority": priority(route, FORWARDED if forwarded else ROUTE),
                    "middlewares": Raw(",".join([*chain, *([name] if route.strip else [])])),
                    "service": Raw(name),
                    **tls(route, self.project),
                },
            )

    def _limit(self, service: Service, route: Route, maxbody: str) -> None:
        bodies = "(Method(`POST`) || Method(`PUT`) || Method(`PATCH`))"
        self._router(
            service,
            route,
            "length-required",
            REFUSED,
            f" && {bodies} && !HeaderRegexp(`Content-Length`, `.`)",
        )
        pattern = literal(above(to_bytes(maxbody)))
        self._router(
            service,
            route,
            "too-large",
            REFUSED,
            f" && HeaderRegexp(`Content-Length`, `{pattern}`)",
        )

    def _pages(self) -> None:
        """Route Traefik's dashboard."""
        project = self.project
        if project.dashboard_host is None:
            return
        host = f"Host(`{required(project.dashboard_host)}`)"
        secure = project.dashboard_tls and project.tls != "off"
        head = f"middlewares.{self.prefix}dashboard-auth.basicauth"
        self._set(f"{head}.usersfile", f"/run/secrets/{project.dashboard_auth}")
        self._write(
            f"{self.prefix}dashboard",
            {
                "rule": Raw(f"{host} && (Path(`/`) || PathPrefix(`/api`) || PathPrefix(`/dashboard`))"),
                "entrypoints": "https" if secure else "http",
                "priority": "1000000",
                "middlewares": Raw(f"security@file,{self.prefix}dashboard-auth"),
                "service": "api@internal",
                **page_tls(project, secure=secure),
            },
        )
        if secure:
            self._write(
                f"{self.prefix}dashboard-to-https",
                {
                    "rule": Raw(host),
                    "entrypoints": "http",
                    "priority": "1000000",
                    "middlewares": Raw(f"{self.prefix}to-https"),
                    "service": "noop@internal",
                },
            )


def page_tls(project: Project, *, secure: bool) -> dict[str, str]:
    """Return the TLS part of the router of a page of the frontend's own."""
    if not secure:
        return {}
    return {"tls.certresolver": "acme"} if project.tls == "acme" else {"tls": "true"}


def _quoted(path: str) -> str:
    """Quote a path for a regular expression; its letters are limited (``keys.routes``)."""
    return "".join(f"\\{c}" if c in ".()*+?|^" else c for c in path)
