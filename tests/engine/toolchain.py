"""The engine's programs, unpacked from Debian packages into the cache.

Nothing is installed: an engine that the machine has already stays as it is, and removing
the cache folder removes these programs.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.engine import apt
from tests.engine.places import home, locked

if TYPE_CHECKING:
    from pathlib import Path

NEW = ("docker.io", "docker-cli", "docker-compose", "docker-buildx")
# These talk to this machine's kernel and C library, so they are of its own release.
OWN = (
    "containerd",
    "runc",
    "tini",
    "iptables",
    "libip4tc2",
    "libip6tc2",
    "libxtables12",
    "libmnl0",
    "libnftnl11",
    "libnfnetlink0",
    "libnetfilter-conntrack3",
    "libseccomp2",
)


@dataclass(frozen=True)
class Toolchain:
    """The unpacked programs, below one folder."""

    root: Path

    @property
    def cli(self) -> Path:
        """A folder for PATH that holds the client and nothing else."""
        return self.root / "cli"

    @property
    def config(self) -> Path:
        """A DOCKER_CONFIG with the plugins, so that the user's own is left alone."""
        return self.root / "config"

    def daemon_env(self) -> dict[str, str]:
        """The environment in which dockerd finds its helpers before the machine's."""
        usr = self.root / "root" / "usr"
        path = [self.root / "sbin", usr / "sbin", usr / "bin"]
        libraries = sorted({str(lib.parent) for lib in usr.glob("lib/**/lib*.so.*")})
        env = dict(os.environ)
        env["PATH"] = ":".join([*map(str, path), env.get("PATH", ""), "/usr/sbin:/sbin"])
        env["LD_LIBRARY_PATH"] = ":".join(libraries)
        env["XTABLES_LIBDIR"] = ":".join(map(str, usr.glob("lib/*/xtables")))
        return env


def toolchain() -> Toolchain:
    """The programs; the first call downloads them (ten seconds)."""
    packages = [f"{name}/{apt.UNSTABLE}" for name in NEW]
    packages += [f"{name}/{apt.release()}" for name in OWN]
    mark = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:12]
    folder = home() / "tools" / mark
    with locked("tools"):
        if not folder.exists():
            new = folder.with_suffix(".new")
            shutil.rmtree(new, ignore_errors=True)
            apt.unpack(apt.download(packages, new / "debs"), new / "root")
            shutil.rmtree(new / "debs")
            _arrange(new)
            new.rename(folder)
    return Toolchain(folder)


def _arrange(folder: Path) -> None:
    """Link what callers need by name; links are relative, so the folder can be moved."""
    plugins = folder / "config" / "cli-plugins"
    for made in (plugins, folder / "cli", folder / "sbin"):
        made.mkdir(parents=True)
    (folder / "config" / "config.json").write_text("{}\n")
    (folder / "cli" / "docker").symlink_to("../root/usr/bin/docker")
    for name in ("docker-compose", "docker-buildx"):
        (plugins / name).symlink_to(f"../../root/usr/libexec/docker/cli-plugins/{name}")
    flavour = _packet_filter(folder)
    for family in ("iptables", "ip6tables"):
        for suffix in ("", "-save", "-restore"):
            link = folder / "sbin" / f"{family}{suffix}"
            link.symlink_to(f"../root/usr/sbin/xtables-{flavour}-multi")


def _packet_filter(folder: Path) -> str:
    """Find the kind of iptables this kernel has: nft on new kernels, legacy on old ones."""
    for flavour in ("nft", "legacy"):
        program = folder / "root" / "usr" / "sbin" / f"xtables-{flavour}-multi"
        tried = subprocess.run(
            [str(program), "iptables", "-t", "nat", "-L", "-n"],
            env=Toolchain(folder).daemon_env(),
            capture_output=True,
            check=False,
        )
        if tried.returncode == 0:
            return flavour
    return "legacy"
