"""The server blocks of one host: https, and http with what leads to it.

Locations are regular expressions, the longest path first: nginx takes the first that matches, and
one of them covers a path and everything below it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from composegen.frontends.nginx.conf import Bare, Directive, block, joined, line, quoted, regex
from composegen.frontends.nginx.services import common, upstream_name
from composegen.text import has_reference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from composegen.frontends.nginx.hosts import Claim, Host
    from composegen.keys.routes import Upstream
    from composegen.model import Route

CHALLENGE = block(
    "location",
    Bare("^~"),
    "/.well-known/acme-challenge/",
    inside=[line("root", "/tls/challenges"), line("default_type", "text/plain")],
)
NOT_FOUND = block("location", "/", inside=[line("return", Bare("404"))])


def servers(host: Host, claims: Sequence[Claim], names: Names, *, challenge: bool) -> list[Directive]:
    """Return the blocks of ``host``: on the https port what is served there, and the http port's."""
    secure = [c for c in claims if c.route.tls]
    clear = [c for c in claims if not c.route.tls]
    served = {c.route.path for c in clear}
    found = []
    if secure:
        hsts = any(c.route.hsts for c in secure)
        age = "max-age=${HSTS_SECONDS}" if hsts else ""
        inside = [
            line("listen", Bare("443"), Bare("ssl")),
            line("server_name", host.word),
            *variables(age),
            *_locations(secure, names),
        ]
        found.append(block("server", inside=inside))
    inside = [
        line("listen", Bare("80")),
        line("server_name", host.word),
        *variables(),
        *([CHALLENGE] if challenge and secure else []),
        *_locations(clear, names, [c.route for c in secure if c.route.path not in served]),
    ]
    found.append(block("server", inside=inside))
    return found


def variables(hsts: str = "") -> list[Directive]:
    """Return the variables that a server block sets and the shared files use."""
    about = "For the shared files: this host's HSTS, and what was cut off the path."
    return [
        line("set", Bare("$hsts"), Bare(f'"{hsts}"'), comment=about),
        line("set", Bare("$stripped"), Bare('""')),
    ]


def _locations(claims: Sequence[Claim], names: Names, upgraded: Sequence[Route] = ()) -> list[Directive]:
    """Return the locations of one server, those ``upgraded`` to https among them."""
    found = [(c.route.path, _claimed(c, names)) for c in claims]
    found += [(r.path, [line("include", "to-https.conf")]) for r in upgraded]
    found.sort(key=lambda one: (-len(one[0]), one[0]))
    blocks = [block("location", *_match(path), inside=inside) for path, inside in found]
    if all(path for path, _ in found):
        blocks.append(NOT_FOUND)
    again = {}
    for claim in claims:
        if claim.route.redirect is None and claim.route.proxy is None:
            again[_again(claim, names)] = _second_tries(claim, names)
    return blocks + [block for both in again.values() for block in both]


def _match(path: str) -> tuple[str, ...]:
    return ("/",) if not path else (Bare("~"), regex(f"^{quoted(path)}(/|$)"))


def _claimed(claim: Claim, names: Names) -> list[Directive]:
    route = claim.route
    if route.redirect is not None:
        return _redirect(route, route.redirect, names)
    if route.proxy is not None:
        return _external(claim, route.proxy, names)
    return [
        *_stripped(route),
        line("include", f"services/{claim.service.name}.conf"),
        line("proxy_pass", _target(claim, names)),
        line("error_page", Bare("502"), Bare("="), Bare(f"{_again(claim, names)}$had")),
    ]


def _stripped(route: Route) -> list[Directive]:
    return [line("set", Bare("$stripped"), route.path)] if route.strip and route.path else []


def _target(claim: Claim, names: Names) -> Bare:
    route = claim.route
    below = names.below(route.path) if route.strip and route.path else ""
    return Bare(f"http://{upstream_name(claim.service, route.port)}{below}")


def _again(claim: Claim, names: Names) -> str:
    route = claim.route
    below = f"-{names.below(route.path)[1:]}" if route.strip and route.path else ""
    return f"@{upstream_name(claim.service, route.port)}{below}"


def _second_tries(claim: Claim, names: Names) -> list[Directive]:
    """Return the second tries of a GET or HEAD: one that no replica has got, and one that broke off.

    nginx gives a request up when the list of replicas has changed since it began. ``$had`` tells the two
    apart, by the end of the location's name.
    """
    name = _again(claim, names)

    def location(name: str, tries: int, comment: str) -> Directive:
        inside = [
            line("include", f"services/{claim.service.name}.conf"),
            line("proxy_next_upstream_tries", Bare(str(tries))),
            block("if", Bare("($not_again)"), inside=[line("return", Bare("502"))]),
            line("proxy_pass", _target(claim, names)),
        ]
        return block("location", Bare(name), inside=inside, comment=comment)

    return [
        location(name, 4, "A second try for a GET or HEAD that no replica has had."),
        location(f"{name}-once", 1, "For one that a replica has had, and broke off."),
    ]


def _redirect(route: Route, target: Upstream, names: Names) -> list[Directive]:
    to = joined(_address(target, names), target.path, names.rest(route.path))
    return [
        *([line("include", "security.conf")] if route.tls else []),
        block("if", Bare("($once_only)"), inside=[line("return", Bare("308"), to)]),
        line("return", Bare("301"), to),
    ]


def _external(claim: Claim, target: Upstream, names: Names) -> list[Directive]:
    """Proxy to an address outside of the project; its certificate is checked."""
    route = claim.route
    name = names.external(target)
    host = names.word(target.host)
    secure = target.scheme == "https"
    path = "$request_uri" if target.path else ""
    if route.strip and route.path:
        path = names.below(route.path)
    found = [
        *_stripped(route),
        *common(claim.service, Bare(f"{host}{f':{target.port}' if target.port else ''}")),
        line("proxy_connect_timeout", Bare("5s")),
        line("proxy_pass", joined(Bare(f"{target.scheme}://{name}"), target.path, Bare(path))),
    ]
    if secure:
        found += [line("include", "verify.conf"), line("proxy_ssl_name", host)]
    return found


def _address(target: Upstream, names: Names) -> Bare:
    port = f":{target.port}" if target.port else ""
    return Bare(f"{target.scheme}://{names.word(target.host)}{port}")


class Names:
    """Hands out the names that server blocks share: hosts, variables of paths, external upstreams."""

    def __init__(self, hosts: Mapping[str, Host]) -> None:
        self._hosts = hosts
        self._below: dict[str, str] = {}
        self._rest: dict[str, str] = {}
        self._external: dict[tuple[str, str, int], str] = {}

    def word(self, host: str) -> Bare:
        """Return a host, or a placeholder for one with references."""
        return self._hosts[host].word if has_reference(host) else Bare(host)

    def below(self, path: str) -> Bare:
        """Return the variable that holds the request's path and query without ``path`` before it."""
        return Bare(f"${self._below.setdefault(path, f'below_{len(self._below) + 1}')}")

    def rest(self, path: str) -> Bare:
        """Return the variable that holds what follows ``path``, which may be nothing."""
        return Bare(f"${self._rest.setdefault(path, f'rest_{len(self._rest) + 1}')}")

    def external(self, target: Upstream) -> str:
        """Return the name of the upstream for an address outside of the project."""
        port = target.port or (443 if target.scheme == "https" else 80)
        key = (target.scheme, target.host, port)
        return self._external.setdefault(key, f"external-{len(self._external) + 1}")

    def definitions(self) -> list[Directive]:
        """Return what stands in http{} for the names that were handed out."""
        found = []
        for path, name in self._below.items():
            inside = [
                line("default", Bare("$request_uri")),
                line(regex(f"^{quoted(path)}(?<{name}_path>/.*)$", "~"), Bare(f"${name}_path")),
                line(regex(f"^{quoted(path)}(?<{name}_query>[?].*)?$", "~"), Bare(f"/${name}_query")),
            ]
            found.append(
                block("map", Bare("$request_uri"), Bare(f"${name}"), inside=inside, comment=f"Below {path}.")
            )
        for path, name in self._rest.items():
            pattern = regex(f"^{quoted(path)}(?<{name}_rest>([/?].*)?)$", "~")
            inside = [line("default", Bare("$is_args$args")), line(pattern, Bare(f"${name}_rest"))]
            found.append(
                block(
                    "map",
                    Bare("$request_uri"),
                    Bare(f"${name}"),
                    inside=inside,
                    comment=f"Behind {path or 'the host'}.",
                )
            )
        for (_, host, port), name in self._external.items():
            inside = [
                line("zone", name, Bare("128k")),
                line("resolver", Bare("127.0.0.11"), Bare("valid=30s"), Bare("ipv6=off")),
                line("keepalive", Bare("0")),
                line("server", Bare(f"{self.word(host)}:{port}"), Bare("resolve")),
            ]
            found.append(block("upstream", name, inside=inside))
        return found
