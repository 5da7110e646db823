"""What the suite has to know of each frontend; everything else is asked over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.e2e.site import Site

Compose = dict[str, Any]


@dataclass(frozen=True)
class Frontend:
    """One frontend.

    ``service`` is the compose service that holds the ports, ``client`` the one that speaks to the
    ACME server. ``validity`` is how long pebble's certificates live, in seconds. For a renewal within
    a minute ``hasten`` gives what an override file has to say, per service, from the generated compose
    file, and ``renew`` does what is to be done while the project runs.
    """

    name: str
    service: str
    client: str
    validity: int
    hasten: Callable[[Compose], Mapping[str, Compose]] = field(default=lambda _: {})
    renew: Callable[[Site, str], None] = field(default=lambda _site, _host: None)


def _traefik(compose: Compose) -> Mapping[str, Compose]:
    """Tell Traefik of short certificates: it then looks each minute, and renews in the last 20."""
    command = list(compose["services"]["traefik"]["command"])
    return {"traefik": {"command": [*command, "--certificatesresolvers.acme.acme.certificatesduration=1"]}}


def _certbot(site: Site, host: str) -> None:
    """Tell certbot that a host's certificate is due at any age; it looks when it starts, then hourly."""
    files = "/etc/letsencrypt/*/renewal"
    first = f"sed -i '1i renew_before_expiry = 3650 days' {files}/{host}.conf"
    site.compose("exec", "-T", "certbot", "sh", "-c", first)
    site.compose("restart", "certbot")


KNOWN = {
    "traefik": Frontend("traefik", "traefik", "traefik", 900, _traefik),
    "nginx": Frontend("nginx", "nginx", "certbot", 86_400, renew=_certbot),
}
