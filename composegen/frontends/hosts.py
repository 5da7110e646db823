"""The hosts that a project needs certificates for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from composegen.model import Stack


def https_hosts(stack: Stack) -> list[str]:
    """Return the hosts that need a certificate, in order, as annotations write them."""
    project = stack.project
    if project.tls == "off":
        return []
    found = [r.host for s in stack.services for r in s.routes if r.tls]
    if project.dashboard_host and project.dashboard_tls:
        found.append(project.dashboard_host)
    if project.update_host and project.update_tls:
        found.append(project.update_host)
    return list(dict.fromkeys(found))
