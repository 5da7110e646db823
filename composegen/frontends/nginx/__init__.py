"""The nginx frontend, with certbot beside it."""

from composegen.frontends.nginx.frontend import NGINX as FRONTEND

__all__ = ["FRONTEND"]
