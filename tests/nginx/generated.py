"""What composegen generates for nginx, filled in and tested as its container does, without one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from tests.nginx import run

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACE = "composegen.d/nginx/"
_CERTIFICATES = Path("/etc/ssl/certs")  # this machine's; the image has its own there
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::?[-?+]([^${}]*))?\}")
# nginx's program as the script calls it, and then once more, to see what it made of the result.
_FILL = """\
. /nginx/fill
mkdir -p /tmp/nginx
fill "$@" || exit 1
exec nginx -T -c "$next/nginx.conf"
"""


@dataclass(frozen=True)
class Filled:
    """What came of it: nginx's own reading of the whole (for tests.nginx.parse), and what was said."""

    good: bool
    dump: str
    said: str

    @property
    def issues(self) -> list[str]:
        """Whatever nginx or the script complained of."""
        fine = ("syntax is ok", "test is successful")
        return [line for line in self.said.splitlines() if line.strip() and not line.endswith(fine)]


def write(files: Mapping[str, str], folder: Path) -> Path:
    """Write nginx's part of generated files, and give its folder."""
    for path, text in files.items():
        if path.startswith(_PLACE):
            place = folder / path.removeprefix(_PLACE)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
    return folder


def environment(compose: str, **values: str) -> dict[str, str]:
    """Give the environment of nginx's container: references are filled in from ``values``."""
    declared = yaml.safe_load(compose)["services"]["nginx"]["environment"]

    def value(match: re.Match[str]) -> str:
        return values.get(match[1]) or (match[2] or "")

    return {name: _REFERENCE.sub(value, str(text)) for name, text in declared.items()}


def fill(folder: Path, env: Mapping[str, str], *pins: str, secrets: Path | None = None) -> Filled:
    """Run the container's own script on the files in ``folder``."""
    mounts = {"/nginx": folder, "/etc/ssl/certs": _CERTIFICATES}
    mounts |= {"/run/secrets": secrets} if secrets else {}
    done = run.run(["sh", "-c", _FILL, "sh", *pins], mounts, env)
    return Filled(done.returncode == 0, done.stdout if done.returncode == 0 else "", done.stderr)
