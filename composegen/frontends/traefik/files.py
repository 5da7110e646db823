"""Traefik's dynamic file and the configuration of HAProxy (allow-list and fixed answers)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from composegen.emit import parts, templates
from composegen.emit.yaml import Commented, dump
from composegen.frontends.forged import FORGEABLE
from composegen.frontends.traefik.labels import transport
from composegen.text import names, split

if TYPE_CHECKING:
    from composegen.model import Service, Stack

CERTIFICATES = "/etc/traefik/certificates"


def dynamic(stack: Stack, hosts: list[str]) -> str:
    """Return the file that Traefik watches: what labels cannot say."""
    http: dict[str, Any] = {"middlewares": _middlewares()}
    transports = _transports(stack)
    if transports:
        http["serversTransports"] = transports
    document: dict[str, Any] = {"http": Commented("What labels cannot say. Traefik watches this file.", http)}
    document["tls"] = {"options": {"default": {"minVersion": "VersionTLS12", "sniStrict": True}}}
    if stack.project.tls == "files":
        document["tls"]["certificates"] = [
            {"certFile": f"{CERTIFICATES}/{name}.crt", "keyFile": f"{CERTIFICATES}/{name}.key"}
            for name in map(_file_name, hosts)
        ]
    # In this file a dollar is a dollar: it is Traefik's, not Compose's.
    return dump(document).replace("$$", "$")


def _middlewares() -> dict[str, Any]:
    return {
        "base": Commented(
            "What every router has, in this order.",
            {"chain": {"middlewares": ["no-forged", "again", "connect"]}},
        ),
        "no-forged": Commented(
            "Dropped from every request: an application could believe them.",
            {"headers": {"customRequestHeaders": dict.fromkeys(FORGEABLE, "")}},
        ),
        "again": Commented(
            "One repeat of a GET, HEAD, PUT, DELETE or OPTIONS whose connection broke before an answer.",
            {"retry": {"attempts": 2, "status": ["502"], "disableRetryOnNetworkError": True}},
        ),
        # Until Traefik has heard of a death, each try meets the dead one of three replicas again by chance:
        # with six tries one request in 700 found no other. Ten stay within two seconds.
        "connect": Commented(
            "A replica that refuses the connection costs nothing: the next one is tried.",
            {"retry": {"attempts": 10, "initialInterval": "20ms"}},
        ),
        "security": Commented(
            "What every answer carries.",
            {
                "headers": {
                    "contentTypeNosniff": True,
                    "customFrameOptionsValue": "SAMEORIGIN",
                    "referrerPolicy": "strict-origin-when-cross-origin",
                }
            },
        ),
    }


def _transports(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for service in stack.services:
        for outside in sorted({r.proxy is not None for r in service.routes if r.redirect is None}):
            name = transport(service, outside=outside)
            if name is not None:
                found[name] = {"forwardingTimeouts": _timeouts(service, outside=outside)}
    return dict(sorted(found.items()))


def _timeouts(service: Service, *, outside: bool) -> dict[str, str]:
    found = {"dialTimeout": "5s" if outside else "150ms"}
    if service.keys.timeout is not None:
        found["responseHeaderTimeout"] = parts.seconds(float(service.keys.timeout.value))
    return found


def _file_name(host: str) -> str:
    """Return the name of a host's certificate files; Traefik fills variables in from its environment.

    They are in lower case with _ for a star, as `make up` looks for them, also where a variable is not.
    """
    return "".join(
        f"{{{{ env `{names(part)[0][0]}` | lower | replace `*` `_` }}}}"  # " would be \\" in YAML
        if is_ref
        else part.replace("*", "_")
        for part, is_ref in split(host)
    )


def haproxy(*, socket: bool, limits: bool) -> str:
    """Return HAProxy's configuration: the allow-list before the engine's ``socket``, the answers."""
    parts = ["head-own", "common", "engine"] if socket else ["head-shared", "common"]
    parts += ["unavailable", "limits"] if limits else ["unavailable"]
    return "".join(templates.text(f"haproxy/{part}.cfg") for part in parts)
