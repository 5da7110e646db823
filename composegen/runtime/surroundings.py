"""The environment in which Compose runs, so that it fills in what the runner's Compose does.

The configuration hash of a service covers its volumes and its user; ``~``, ``${UID}`` and ``${GID}``
therefore mean the owner of the project folder, whoever runs the command (``lib.sh`` of the runner).
"""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

from composegen.passes.dotenv import parse_env
from composegen.source import Source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PLACES = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def surroundings(folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for ``docker`` in ``folder``, which is absolute and without links."""
    found = {k: v for k, v in environ.items() if k not in {"UID", "GID"}}
    about = folder.stat()
    home = found.get("HOME", "")
    if home and not found.get("DOCKER_CONFIG"):
        found["DOCKER_CONFIG"] = os.path.join(home, ".docker")  # noqa: PTH118 - text as the shell joins it
    found["HOME"] = _home(about.st_uid) or home or "/"
    found["PATH"] = ":".join(filter(None, (found.get("PATH"), _PLACES)))
    found["PWD"] = str(folder)
    given = dotenv(folder, found)
    found.update({k: str(v) for k, v in (("UID", about.st_uid), ("GID", about.st_gid)) if k not in given})
    return found


def dotenv(folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what ``.env`` alone says, with Compose's rules; nothing when it is not there or broken."""
    try:
        text = (folder / ".env").read_text("utf-8-sig", errors="replace")
    except OSError:
        return {}
    read = parse_env(Source(".env", text), environ)
    return {b.name: b.value for b in read.bindings if b.name and b.value is not None}


def _home(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_dir
    except KeyError:
        return ""
