"""COMPOSEGEN_TLS=local: a one-shot that keeps a certificate authority of the project's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from composegen.emit import parts, templates
from composegen.emit.yaml import Commented, Flow
from composegen.text import Raw

if TYPE_CHECKING:
    from collections.abc import Sequence

IMAGE = "haproxy:3.2"
"""Any image with openssl and a shell would do; this one is there already, or small."""


def service(hosts: Sequence[Raw], volumes: Sequence[str]) -> Commented:
    """Return the service; it leaves certificates for ``hosts`` in the volume ``certificates``."""
    body = {
        "image": IMAGE,
        "user": "0:0",
        "entrypoint": Flow(["sh", "/issue/issue"]),
        "environment": {"HOSTS": Raw(" ".join(hosts))},
        "network_mode": "none",
        "volumes": [
            "./composegen.d/local-ca:/issue:ro",
            *volumes,
            "local-ca:/ca",
            "certificates:/certificates",
        ],
        **parts.HARDENED,
        "labels": parts.UNWATCHED,
        "logging": parts.LOGGING,
    }
    return Commented(
        "Runs once before the frontend: keeps a certificate authority of this project's own and a\n"
        "certificate for its hosts. For development: browsers do not know this authority.",
        body,
    )


def files(frontend: str) -> dict[str, str]:
    """Return its scripts: making certificates, and how ``frontend`` wants to have them."""
    return {
        "composegen.d/local-ca/issue": templates.text("local-ca/issue"),
        "composegen.d/local-ca/publish": templates.text(f"local-ca/publish-{frontend}"),
    }
