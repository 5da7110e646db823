"""What Traefik does otherwise than its own words say: told at build, never left to be found out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from composegen.diagnostics import Report
    from composegen.keys.routes import Rate
    from composegen.model import Service, Stack

_UNITS = {1: "s", 60: "m", 3600: "h"}


def check(stack: Stack, report: Report) -> None:
    """Report keys that mean something else with this frontend."""
    for service in stack.services:
        if service.routes:
            _rate(service, report)
        if service.routed:
            _cookie(service, report)


def _rate(service: Service, report: Report) -> None:
    limit = service.keys.ratelimit
    if limit is None:
        return
    rate, memory = limit.value, _memory(limit.value)
    most = max(1, rate.average * memory // rate.period)
    smaller = f"{rate.average}/{_UNITS[rate.period]} {most}"
    if rate.burst > most:
        report.add(
            "CG221",
            limit.span,
            f"Traefik forgets a client that is silent for {memory} s: "
            f"it may send {rate.burst} requests every {memory} s",
            f"write a burst of {most}: # composegen.ratelimit = {smaller}",
        )


def _cookie(service: Service, report: Report) -> None:
    """A header of the service's own takes the place of all of this name, the load balancer's too."""
    sticky = service.keys.sticky
    if sticky is None or not sticky.value:
        return
    for header in service.keys.header:
        if header.value.name.lower() == "set-cookie":
            report.add(
                "CG221",
                header.span,
                "Traefik sends this in place of the cookie that keeps a client with its replica: "
                "sticky does nothing",
                "delete one of the two lines",
            )


def _memory(rate: Rate) -> int:
    """Return the seconds that Traefik keeps a client's bucket after its last request.

    As its rate limiter reckons them (pkg/middlewares/ratelimiter): the time of one request, and one more;
    two for a request a second and above. Measured with 3.7: of 60 a minute 60 pass every 2.2 s.
    """
    return 2 if rate.average >= rate.period else 1 + rate.period // rate.average
