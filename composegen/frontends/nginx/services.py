"""What nginx knows of one service: its upstreams, and what all its locations have in common."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from composegen.frontends.nginx.conf import Bare, Directive, block, line
from composegen.frontends.sticky import cookie, ports
from composegen.keys.values import to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from composegen.keys.routes import Rate
    from composegen.model import Service

MINUTE = 60
HOST = Bare("$given_host")
PATIENCE = (Bare("max_fails=5"), Bare("fail_timeout=3s"))
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Strict-Transport-Security": Bare("$strict_transport_security"),
}
"""What every answer carries, whatever the application says of it."""
_COMPRESSED = (
    "text/plain",
    "text/css",
    "text/csv",
    "text/javascript",
    "text/markdown",
    "text/xml",
    "application/javascript",
    "application/json",
    "application/ld+json",
    "application/manifest+json",
    "application/rss+xml",
    "application/atom+xml",
    "application/wasm",
    "application/xml",
    "image/svg+xml",
)


def upstream_name(service: Service, port: int) -> str:
    """Return the name of a service's upstream."""
    return f"{service.name}-{port}"


def zone_name(service: Service) -> Bare:
    """Return the name of a service's zone of request counters."""
    return Bare(f"rate-{service.name}")


def upstreams(service: Service) -> list[Directive]:
    """Return what stands in http{} for a service: one upstream per port, and its request counters."""
    found = [_upstream(service, port) for port in ports(service)]
    if service.keys.ratelimit is not None:
        found.append(
            line(
                "limit_req_zone",
                Bare("$binary_remote_addr"),
                Bare(f"zone={zone_name(service)}:10m"),
                Bare(f"rate={rate(service.keys.ratelimit.value)}"),
                comment="Per client address.",
            )
        )
    return found


def _upstream(service: Service, port: int) -> Directive:
    """Return an upstream; the address is the service's alias, which is unique on the network."""
    inside = [
        line("zone", upstream_name(service, port), Bare("128k")),
        line("keepalive", Bare("0")),
    ]
    if service.keys.sticky and service.keys.sticky.value:
        name = cookie(service, port)
        inside.append(
            line("sticky", Bare("cookie"), Bare(name), Bare("path=/"), Bare("httponly"), Bare("samesite=lax"))
        )
    inside.append(line("server", Bare(f"${{PROJECT}}-{service.name}:{port}"), Bare("resolve"), *PATIENCE))
    return block("upstream", upstream_name(service, port), inside=inside)


def rate(limit: Rate) -> str:
    """Return the average rate as nginx takes it: a whole number per second or minute."""
    if limit.period == 1:
        return f"{limit.average}r/s"
    return f"{limit.average * MINUTE // limit.period}r/m"


def common(service: Service, host: Bare = HOST) -> list[Directive]:
    """Return what each location of a service has, its response headers included.

    ``host`` is what it is told that it is called.
    """
    keys = service.keys
    found = [line("include", "proxy.conf"), line("proxy_set_header", "Host", host)]
    if keys.maxbody is not None:
        found.append(line("client_max_body_size", Bare(str(to_bytes(keys.maxbody.value)))))
        found.append(block("if", Bare("($length_missing)"), inside=[line("return", Bare("411"))]))
    if keys.timeout is not None:
        limit = float(keys.timeout.value)
        found.append(line("proxy_read_timeout", Bare(_milliseconds(limit)), comment="To the first byte."))
        found.append(
            line(
                "proxy_next_upstream_timeout",
                Bare(_milliseconds(limit)),
                comment="Who has waited so long is told, and not sent to another replica.",
            )
        )
    if keys.allow:
        found += [line("allow", Bare(a.value)) for a in keys.allow]
        found.append(line("deny", Bare("all")))
    if keys.ratelimit is not None:
        burst = keys.ratelimit.value.burst - 1
        more = [Bare(f"burst={burst}"), Bare("nodelay")] if burst else []
        found.append(line("limit_req", Bare(f"zone={zone_name(service)}"), *more))
    for file in keys.auth[:1]:
        found += [
            line("auth_basic", service.name),
            line("auth_basic_user_file", f"/run/secrets/{file.value}"),
            line("proxy_set_header", "Authorization", ""),
        ]
    if keys.compress and keys.compress.value:
        found += [
            line("gzip", Bare("on")),
            line("gzip_proxied", Bare("any")),
            line("gzip_vary", Bare("on")),
            line("gzip_min_length", Bare("1024")),
            line("gzip_types", *_COMPRESSED),
        ]
    return found + _headers(service)


def _headers(service: Service) -> list[Directive]:
    """Return the response headers: those of every answer, then those of the service, which win."""
    own = {h.value.name.lower(): (h.value.name, h.value.value) for h in service.keys.header}
    if not own.keys() & {name.lower() for name in SECURITY}:
        return [line("include", "security.conf"), *answers(own.values())]
    ours = [(name, value) for name, value in SECURITY.items() if name.lower() not in own]
    return answers([*ours, *own.values()])


def answers(headers: Iterable[tuple[str, str]]) -> list[Directive]:
    """Return response headers that replace those of an application."""
    wanted = list(headers)
    return [
        *(line("proxy_hide_header", name) for name, _ in wanted),
        *(line("add_header", name, value, Bare("always")) for name, value in wanted),
    ]


def _milliseconds(seconds: float) -> str:
    return f"{max(1, math.ceil(seconds * 1000))}ms"
