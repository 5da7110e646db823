"""nginx without a container: the program of the tests' nginx image in a folder of its own.

The folder is a small system: nginx, envsubst and busybox, from the same Debian suite as the
image `nginx:1.30` of tests/engine. A command is run in it with the caller's folders mounted
at the places they have in the container, without a network, and in a few milliseconds. What
is mounted is gone with the command, so any number of commands can run at once.

    done = check({"/nginx": folder}, "/nginx/nginx.conf")      # nginx -t, and the dump of -T
    done = run(["sh", "-c", "..."], {"/nginx": folder}, env)   # any command, such as a script

Needs root and Debian; `why_not()` says what is missing, for `pytest.skip`.
"""

from __future__ import annotations

import functools
import hashlib
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.engine import apt
from tests.engine.places import EngineError, home, locked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# nginx with the libraries that it is linked with, and what the frontend's scripts call.
PACKAGES = (
    "nginx",
    "nginx-common",
    "libc6",
    "libcrypt1",
    "libpcre2-8-0",
    "libssl3t64",
    "libzstd1",
    "zlib1g",
    "gettext-base",
    "busybox-static",
)
# The accounts of the image; nobody is who workers are when the configuration does not say.
_FILES = {
    "etc/passwd": "root:x:0:0::/:/bin/sh\nnginx:x:101:101::/:/bin/false\nnobody:x:101:101::/:/bin/false\n",
    "etc/group": "root:x:0:\nnginx:x:101:\nnogroup:x:101:\n",
}
_PATH = "/usr/sbin:/usr/bin:/bin"
_LAYOUT = "1"  # to be raised when _make or _FILES change

# Arguments: the folder, pairs of what to mount and where, "--", the command. An address that
# the empty network does not have can be listened on all the same.
_ENTER = """\
set -e
root=$1
shift
mount --rbind /dev "$root/dev"
mount --rbind /proc "$root/proc"
for place in tmp run var/lib/nginx; do mount -t tmpfs -o mode=1777 tmpfs "$root/$place"; done
while [ "$1" != -- ]; do
    [ -d "$root$2" ] || mkdir -p "$root$2"
    mount -o bind,ro "$1" "$root$2"
    shift 2
done
shift
for family in ipv4 ipv6; do
    echo 1 2>/dev/null >/proc/sys/net/$family/ip_nonlocal_bind || :
done
exec chroot "$root" "$@"
"""
# With the program's name before the log is open, with time and process number after that.
_ISSUE = re.compile(
    r"^(?:nginx: |\S+ \S+ (?=\S+ \d+#))(\[(?:warn|error|crit|alert|emerg)\]) (?:\d+#\d+: )?(.*)", re.MULTILINE
)


@dataclass(frozen=True)
class Checked:
    """What nginx says of a configuration.

    `dump` is what `nginx -T` prints for tests.nginx.parse, and empty when it is refused.
    """

    good: bool
    dump: str
    messages: str

    @property
    def issues(self) -> list[str]:
        """The warnings and errors, each as `[warn] what`."""
        return [" ".join(found) for found in _ISSUE.findall(self.messages)]


@functools.cache
def why_not() -> str:
    """Say what this machine lacks; empty when nginx can be run."""
    if not apt.usable():
        return "only root on a Debian can run nginx without a container"
    probe = ["unshare", "--mount", "--net", "true"]
    if shutil.which("unshare") is None or subprocess.run(probe, check=False, capture_output=True).returncode:
        return "this machine does not let root make namespaces"
    return ""


def check(folders: Mapping[str, Path], conf: str, env: Mapping[str, str] | None = None) -> Checked:
    """Test the configuration at `conf`, a path inside, with these folders mounted."""
    done = run(["nginx", "-T", "-c", conf], folders, env)
    return Checked(done.returncode == 0, done.stdout if done.returncode == 0 else "", done.stderr)


def run(
    command: Sequence[str],
    folders: Mapping[str, Path],
    env: Mapping[str, str] | None = None,
    timeout: float = 60,
) -> subprocess.CompletedProcess[str]:
    """Run a command inside.

    `folders` says what is mounted, read-only, at which path; /tmp and /run are empty and
    writable. The environment is `env` and a PATH. Bytes that are no UTF-8 come as surrogates,
    and line ends as they were written.
    """
    root = system()
    mounts = [word for place, folder in folders.items() for word in (str(folder.absolute()), place)]
    enter = ["unshare", "--mount", "--net", "--propagation=private", "sh", "-c", _ENTER, "sh"]
    done = subprocess.run(
        [*enter, str(root), *mounts, "--", *command],
        env={"PATH": _PATH, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=timeout,
    )
    stdout, stderr = (out.decode(errors="surrogateescape") for out in (done.stdout, done.stderr))
    return subprocess.CompletedProcess(done.args, done.returncode, stdout, stderr)


@functools.cache
def system() -> Path:
    """The folder that holds nginx; the first call on a machine downloads it (five seconds)."""
    reason = why_not()
    if reason:
        raise EngineError(reason)
    mark = hashlib.sha256(" ".join((_LAYOUT, *PACKAGES)).encode()).hexdigest()[:12]
    folder = home() / "tools" / f"nginx-{mark}"
    with locked("nginx"):
        if not folder.exists():
            new = folder.with_suffix(".new")
            shutil.rmtree(new, ignore_errors=True)
            _make(new)
            new.rename(folder)
    return folder


def _make(root: Path) -> None:
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    debs = apt.download([f"{name}/{apt.UNSTABLE}" for name in PACKAGES], root / "debs")
    apt.unpack(debs, root)
    shutil.rmtree(root / "debs")
    for name in ("dev", "proc", "run", "tmp", "var/log/nginx", "var/lib/nginx"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for path, text in _FILES.items():
        (root / path).write_text(text)
    subprocess.run(["chroot", str(root), "/bin/busybox", "--install", "-s", "/usr/bin"], check=True)
