"""The Traefik frontend, its own (``traefik``) or another project's (``shared``)."""

from composegen.frontends.traefik.frontend import SHARED
from composegen.frontends.traefik.frontend import TRAEFIK as FRONTEND

__all__ = ["FRONTEND", "SHARED"]
