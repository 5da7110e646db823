"""Where nginx's certificates come from: certbot beside it, files, or an authority of the project's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from composegen.emit import parts
from composegen.emit.yaml import Commented, Flow
from composegen.text import Raw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from composegen.frontends.nginx.hosts import Host
    from composegen.model import Project

VERSION = "v5.5.0"
LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"
DNS_PROVIDERS = frozenset(
    {
        "cloudflare",
        "digitalocean",
        "dnsimple",
        "dnsmadeeasy",
        "gehirn",
        "google",
        "linode",
        "luadns",
        "nsone",
        "ovh",
        "rfc2136",
        "route53",
        "sakuracloud",
    }
)
"""Providers for which certbot's own project publishes an image."""
CA_FILE = "/acme-ca.pem"


def certbot(project: Project, hosts: Sequence[Host]) -> Commented:
    """Return the service that orders and renews a certificate per host."""
    dns = project.challenge.removeprefix("dns:") if project.challenge.startswith("dns:") else ""
    # A plug-in's own settings go into its file of credentials; others (AWS_…) are variables for it.
    credentials = [n for n in project.acme_env if n.startswith("DNS_") and n != PROPAGATION]
    environment: dict[str, Any] = {
        "HOSTS": Raw(" ".join(h.value for h in hosts)),
        "EMAIL": Raw("${COMPOSEGEN_ACME_EMAIL:?}"),
        "SERVER": Raw(f"${{COMPOSEGEN_ACME_DIRECTORY:-{LETS_ENCRYPT}}}"),
        "REQUESTS_CA_BUNDLE": Raw(f"${{COMPOSEGEN_ACME_CA_FILE:+{CA_FILE}}}"),
    }
    if dns:
        environment |= {"DNS": dns, "CREDENTIALS": " ".join(credentials)}
        for name in project.acme_env:
            own = "PROPAGATION" if name == PROPAGATION else name
            environment[own] = Raw(f"${{COMPOSEGEN_ACME_ENV_{name}:?}}")
    body = {
        "image": f"certbot/{f'dns-{dns}' if dns else 'certbot'}:{VERSION}",
        "restart": "unless-stopped",
        "entrypoint": Flow(["sh", "/certbot/loop"]),
        "environment": environment,
        "volumes": [
            "./composegen.d/certbot:/certbot:ro",
            "letsencrypt:/etc/letsencrypt",
            "tls:/tls",
            {
                "type": "bind",
                "source": Raw("${COMPOSEGEN_ACME_CA_FILE:-/dev/null}"),
                "target": CA_FILE,
                "read_only": True,
            },
        ],
        "tmpfs": ["/tmp", "/var/lib/letsencrypt", "/var/log/letsencrypt"],
        "networks": Flow(["default"]),
        "healthcheck": {
            "test": Flow(["CMD", "test", "-e", "/tmp/complete"]),
            **parts.timing(interval=10, timeout=5, retries=1, budget=60),
        },
        "depends_on": {"nginx": Flow({"condition": "service_healthy"})},
        **parts.HARDENED,
        "labels": parts.UNWATCHED,
        "logging": parts.LOGGING,
    }
    return Commented(
        "Orders a certificate for each https host, and renews it in time: looks every hour. nginx\n"
        "reads them when a client asks, so nothing is reloaded. Unhealthy: a host has none yet.",
        body,
    )


def http_challenge(project: Project) -> bool:
    """Whether nginx answers for certbot."""
    return project.tls == "acme" and not project.challenge.startswith("dns:")


PROPAGATION = "DNS_PROPAGATION_SECONDS"
