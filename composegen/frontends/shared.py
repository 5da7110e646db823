"""Traefik of another project on this host, joined."""

from composegen.frontends.traefik import SHARED as FRONTEND

__all__ = ["FRONTEND"]
