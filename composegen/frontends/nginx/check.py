"""What nginx cannot do, or does otherwise than Traefik: said at build, never left to be found out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from composegen.frontends.nginx.certificates import DNS_PROVIDERS
from composegen.frontends.nginx.conf import word
from composegen.frontends.nginx.services import MINUTE

OWN_HEADERS = frozenset({"date", "server"})
LONGEST_WORD = 4000

if TYPE_CHECKING:
    from composegen.diagnostics import Report
    from composegen.model import Service, Stack


def check(stack: Stack, report: Report) -> None:
    """Report settings and keys that this frontend cannot serve."""
    project = stack.project
    if project.tls == "acme" and any(r.tls for s in stack.services for r in s.routes):
        _challenge(project.challenge, report)
    if project.dashboard_host is not None:
        report.add(
            "CG213",
            "COMPOSEGEN_DASHBOARD_URL",
            "nginx has no dashboard",
            "leave COMPOSEGEN_DASHBOARD_URL out; composegen.d/nginx/ shows every route",
        )
    for service in stack.services:
        if service.routes:
            _keys(service, report)


def _challenge(challenge: str, report: Report) -> None:
    if challenge == "tls":
        report.add(
            "CG213",
            "COMPOSEGEN_ACME_CHALLENGE",
            "certbot cannot answer the tls challenge",
            "leave it at http, or write dns:PROVIDER",
        )
    provider = challenge.removeprefix("dns:")
    if challenge.startswith("dns:") and provider not in DNS_PROVIDERS:
        report.add(
            "CG213",
            "COMPOSEGEN_ACME_CHALLENGE",
            f"certbot has no image for the DNS of {provider}",
            f"it has them for {', '.join(sorted(DNS_PROVIDERS))}; Traefik knows more providers",
        )


def _keys(service: Service, report: Report) -> None:
    limit = service.keys.ratelimit
    per_minute, rest = divmod(limit.value.average * MINUTE, limit.value.period) if limit else (0, 0)
    if limit is not None and limit.value.period > MINUTE and rest:
        report.add(
            "CG213",
            limit.span,
            "nginx counts whole requests per second or minute",
            f"write it per minute, for example: {max(1, per_minute)}/m",
        )
    for header in service.keys.header:
        if header.value.name.lower() in OWN_HEADERS:
            report.add(
                "CG213",
                header.span,
                f"nginx sends {header.value.name} itself, whatever its configuration says",
                "leave it out; what the application says of it is passed on",
            )
        elif len(word(header.value.value)) > LONGEST_WORD:
            report.add(
                "CG213",
                header.span,
                f"nginx takes values of {LONGEST_WORD} characters",
                "make it shorter, or let the application send it",
            )
    if service.keys.timeout is not None:
        report.add(
            "CG221",
            service.keys.timeout.span,
            "with nginx, timeout also limits the pauses within an answer",
            "leave it out for a service that streams or keeps WebSockets open",
        )
