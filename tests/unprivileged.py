"""Builds as a user without rights: root may read and write everything, so its tests need one.

A child process builds a copy first, so that every module and template is in memory: the
checkout and its interpreter may lie where only root gets. Then it gives its rights away. An
ordinary user has none to give away, and builds as it is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOBODY = 65534
_CHILD = """\
import os, sys
from click.testing import CliRunner
from composegen.cli import cli, main
uid, umask, copy, folder, *options = sys.argv[1:]
CliRunner().invoke(cli, ["build", copy, *options])
os.umask(int(umask, 8))
if int(uid):
    os.setgroups([])
    os.setgid(int(uid))
    os.setuid(int(uid))
os.chdir(folder)
sys.argv = ["composegen", "build", *options, "."]
main()
"""


def build(
    folder: Path,
    options: Sequence[str] = (),
    *,
    uid: int = NOBODY,
    umask: str = "022",
    environ: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run ``composegen build`` in ``folder`` as ``uid`` (0: as who runs the tests)."""
    uid = uid if os.geteuid() == 0 else 0
    _open(folder)
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "copy"
        shutil.copytree(folder, copy, symlinks=True)
        return subprocess.run(
            [sys.executable, "-c", _CHILD, str(uid), umask, str(copy), str(folder), *options],
            env={"PATH": os.environ["PATH"], **(environ or {})},
            capture_output=True,
            text=True,
            check=False,
        )


def give(folder: Path, uid: int = NOBODY) -> None:
    """Make ``folder`` and all in it the user's, where we may."""
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, uid, uid)


def _open(folder: Path) -> None:
    """Let others pass through the folders above, which pytest keeps to itself."""
    for parent in folder.parents:
        mode = parent.stat().st_mode & 0o7777
        if not mode & 0o001:
            parent.chmod(mode | 0o001)
