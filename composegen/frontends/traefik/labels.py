"""Labels of one routed service: its load balancers, its routers and their middlewares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from composegen.emit import parts
from composegen.frontends.sticky import cookie
from composegen.frontends.traefik import names
from composegen.frontends.traefik.rules import BASE, FORWARDED, ROUTE, forwarded_rule, priority, rule
from composegen.passes.resolve import judges_clients
from composegen.text import Raw, literal, required

if TYPE_CHECKING:
    from composegen.model import Project, Route, Service

AUTH_FOLDER = "/run/secrets"
# Never empty, which would let the proxy's own address count. A joined project that does not repeat the
# setting goes by the address that the other project's proxy has seen: 0.0.0.0 is nobody's.
TRUSTED = Raw("${COMPOSEGEN_TRUSTED_PROXIES:-0.0.0.0}")


def ways(service: Service) -> tuple[bool, ...]:
    """Return the ways in which requests come to a route of the service: directly, forwarded by a proxy."""
    return (False, True) if judges_clients(service) else (False,)


def transport(service: Service, *, outside: bool = False) -> str | None:
    """Return the name of the servers transport that holds the service's timeout.

    An address ``outside`` of the project has one in any case: it may be far away.
    """
    found = ["outside"] if outside else []
    if service.keys.timeout is not None:
        found.append(f"first-byte-{parts.seconds(float(service.keys.timeout.value))}".replace(".", "-"))
    return "-".join(found) or None


class ServiceLabels:
    """Builds the labels of one service; ``prefix`` starts every name.

    A service that judges clients has two routers per route. Traefik can go by the address of the connection,
    or by X-Forwarded-For; the latter is there when a trusted proxy forwards the request, and else empty.
    """

    def __init__(self, service: Service, project: Project, prefix: str) -> None:
        self.service = service
        self.project = project
        self.prefix = prefix
        self.labels: dict[str, Any] = {}
        self._middlewares: dict[bool, list[str]] = {}

    def build(self) -> dict[str, Any]:
        """Return all labels, the load balancers first."""
        for route in self.service.routes:
            if route.redirect is None and route.proxy is None:
                self._route(route)
        return self.labels

    def _set(self, key: str, value: Any) -> None:
        self.labels[Raw(f"traefik.http.{key}")] = value

    def _route(self, route: Route) -> None:
        service = self._balancer(route.port)
        for forwarded in ways(self.service):
            content = {
                "rule": forwarded_rule(route) if forwarded else rule(route),
                "entrypoints": "https" if route.tls else "http",
                "priority": priority(route, FORWARDED if forwarded else ROUTE),
                "service": service,
                "middlewares": Raw(",".join(self._chain(route, forwarded=forwarded))),
                **tls(route, self.project),
            }
            items = tuple(content.items())
            router = names.router(self.service, route, items, self.prefix, forwarded=forwarded)
            for key, value in content.items():
                self._set(f"routers.{router}.{key}", value)

    def _balancer(self, port: int) -> Raw:
        keys = self.service.keys
        sticky = bool(keys.sticky and keys.sticky.value) and cookie(self.service, port)
        via = transport(self.service)
        name = names.balancer(self.service, port, (sticky, via), self.prefix)
        head = f"services.{name}.loadbalancer"
        self._set(f"{head}.server.port", str(port))
        if via is not None:
            self._set(f"{head}.serverstransport", f"{via}@file")
        if sticky:
            self._set(f"{head}.sticky.cookie", "true")
            self._set(f"{head}.sticky.cookie.name", literal(sticky))
            self._set(f"{head}.sticky.cookie.httponly", "true")
            self._set(f"{head}.sticky.cookie.samesite", "lax")
        return name

    def chain(self, secured: list[str], *, forwarded: bool) -> list[str]:
        """Return the middlewares of every route; the first one sees the answer last.

        ``secured`` are those of the security headers, which the service's own win over; ``forwarded``
        requests come from a trusted proxy, which says who the client is.
        """
        shared = self._shared(forwarded=forwarded)
        first = shared[:1] if self.service.keys.header else []
        return [BASE, *first, *secured, *shared[len(first) :]]

    def _chain(self, route: Route, *, forwarded: bool) -> list[str]:
        hsts = [f"{self.prefix}hsts"] if route.hsts and route.tls else []
        chain = self.chain(["security@file", *hsts], forwarded=forwarded)
        if route.strip:
            name = names.middleware("strip", route.path, self.prefix)
            self._set(f"middlewares.{name}.stripprefix.prefixes", literal(route.path))
            chain.append(name)
        return chain

    def _shared(self, *, forwarded: bool) -> list[str]:
        """Return the middlewares that all routes of the service have, declared once."""
        if forwarded not in self._middlewares:
            found = [
                self.headers(),
                self._allow(forwarded=forwarded),
                self._rate(forwarded=forwarded),
                self._auth(),
                self._compress(),
            ]
            self._middlewares[forwarded] = [name for name in found if name]
        return self._middlewares[forwarded]

    def headers(self) -> str:
        """Return the middleware of the service's own headers, or nothing."""
        own = {h.value.name.lower(): h.value for h in self.service.keys.header}  # the last one counts
        headers = [(h.name, h.value) for h in own.values()]
        if not headers:
            return ""
        name = names.middleware("headers", headers, self.prefix)
        for header, value in headers:
            self._set(f"middlewares.{name}.headers.customresponseheaders.{literal(header)}", value)
        return name

    def _judging(self, kind: str, content: object, *, forwarded: bool) -> str:
        """Return the name of a middleware that goes by the client's address."""
        if forwarded:
            return names.judging(self.service, f"{kind}-forwarded", content, self.prefix)
        return names.middleware(f"{kind}-direct", content, self.prefix)

    def _last_stranger(self, place: str) -> None:
        """Let the address count that is the last one in X-Forwarded-For and no trusted proxy's."""
        self._set(f"{place}.ipstrategy.excludedips", TRUSTED)

    def _allow(self, *, forwarded: bool) -> str:
        clients = [a.value for a in self.service.keys.allow]
        if not clients:
            return ""
        name = self._judging("allow", clients, forwarded=forwarded)
        self._set(f"middlewares.{name}.ipallowlist.sourcerange", ",".join(clients))
        if forwarded:
            self._last_stranger(f"middlewares.{name}.ipallowlist")
        return name

    def _rate(self, *, forwarded: bool) -> str:
        if self.service.keys.ratelimit is None:
            return ""
        rate = self.service.keys.ratelimit.value
        name = self._judging("rate", (self.service.name, rate), forwarded=forwarded)
        head = f"middlewares.{name}.ratelimit"
        self._set(f"{head}.average", str(rate.average))
        self._set(f"{head}.period", f"{rate.period}s")
        self._set(f"{head}.burst", str(rate.burst))
        if forwarded:
            self._last_stranger(f"{head}.sourcecriterion")
        return name

    def _auth(self) -> str:
        files = [a.value for a in self.service.keys.auth]
        if not files:
            return ""
        name = names.middleware("auth", (self.service.name, files), self.prefix)
        self._set(f"middlewares.{name}.basicauth.usersfile", f"{AUTH_FOLDER}/{files[0]}")
        self._set(f"middlewares.{name}.basicauth.realm", self.service.name)
        self._set(f"middlewares.{name}.basicauth.removeheader", "true")
        return name

    def _compress(self) -> str:
        if not (self.service.keys.compress and self.service.keys.compress.value):
            return ""
        name = names.middleware("compress", "", self.prefix)
        self._set(f"middlewares.{name}.compress.excludedcontenttypes", "text/event-stream")
        return name


def tls(route: Route, project: Project) -> dict[str, Any]:
    """Return the TLS part of a router."""
    if not route.tls:
        return {}
    if project.tls != "acme":
        return {"tls": "true"}
    # Traefik would take the hosts that the rule excludes for hosts of the certificate too.
    domains = {"tls.domains[0].main": required(route.host)} if route.beside else {}
    return {"tls.certresolver": "acme", **domains}
