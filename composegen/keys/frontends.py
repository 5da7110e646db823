"""The frontends there are: a new one is a word here, a module of this name and a folder of templates."""

from __future__ import annotations

NAMES = ("traefik", "nginx", "shared", "none")
"""The values of COMPOSEGEN_FRONTEND; each names a module of ``composegen.frontends``."""

LISTENING = frozenset(NAMES) - {"shared", "none"}
"""Those that hold the ports of the host, in a compose service that bears their name."""
