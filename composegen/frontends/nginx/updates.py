"""COMPOSEGEN_UPDATE_URL: POST /v1/update goes to the updater, and nothing else of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from composegen.frontends.nginx.conf import Bare, Directive, block, line
from composegen.frontends.nginx.servers import CHALLENGE, NOT_FOUND, variables
from composegen.frontends.nginx.services import HOST

if TYPE_CHECKING:
    from composegen.frontends.nginx.hosts import Host
    from composegen.model import Stack

UPDATER = "watchtower:8080"


def update_servers(stack: Stack, host: Host, present: list[Directive], *, challenge: bool) -> list[Directive]:
    """Return the blocks of ``host`` with the updater's location, in those ``present`` or in new ones."""
    secure = stack.project.update_tls and stack.project.tls != "off"
    port = "443" if secure else "80"
    wanted = block(
        "location",
        Bare("="),
        "/v1/update",
        inside=[
            block("if", Bare("($request_method != POST)"), inside=[line("return", Bare("404"))]),
            line("include", "proxy.conf"),
            line("proxy_set_header", "Host", HOST),
            line("include", "security.conf"),
            line("proxy_pass", Bare("http://updater")),
        ],
    )
    found = [
        block("server", inside=(*(server.block or ()), wanted)) if _listens(server, port) else server
        for server in present
    ]
    if not any(_listens(server, port) for server in found):
        found.append(_server(host, port, [wanted, NOT_FOUND], "max-age=${HSTS_SECONDS}" if secure else ""))
    if secure and not any(_listens(server, "80") for server in found):
        upgraded = block("location", "/", inside=[line("include", "to-https.conf")])
        found.append(_server(host, "80", [*([CHALLENGE] if challenge else []), upgraded], ""))
    return [_upstream(), *found]


def _upstream() -> Directive:
    inside = [
        line("zone", "updater", Bare("128k")),
        line("keepalive", Bare("0")),
        line("server", UPDATER, Bare("resolve")),
    ]
    return block("upstream", "updater", inside=inside)


def _server(host: Host, port: str, inside: list[Directive], hsts: str) -> Directive:
    listen = line("listen", Bare(port), Bare("ssl")) if port == "443" else line("listen", Bare(port))
    head = [listen, line("server_name", host.word), *variables(hsts)]
    return block("server", inside=[*head, *inside])


def _listens(server: Directive, port: str) -> bool:
    return bool(server.block) and any(d.name == "listen" and d.words[0] == port for d in server.block or ())
