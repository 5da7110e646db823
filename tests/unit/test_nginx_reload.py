"""nginx's `reload`, with files for its processes: it says whether the new configuration is in use."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.toolbox.conftest import SUITES, debian

_RELOAD = Path(__file__).parents[2] / "templates" / "nginx" / "reload"
# `kill` is the master, which starts a worker; the rest is what fill has, cut short.
_FILL = """
sleep() { echo waited; }
kill() { [ -z "$TAKES" ] || { mkdir proc/30; echo '30 (nginx) S 1' >proc/30/stat; rm -r proc/20; }; }
complain() { echo "nginx: $*" >&2; }
next=tmp/nginx/next now=tmp/nginx/now
fill() { mkdir -p "$next"; echo "$FILLED" >"$next/nginx.conf"; }
take_over() { mv "$now" tmp/nginx/before; mv "$next" "$now"; }
"""


@pytest.fixture(params=SUITES)
def container(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with busybox's commands, where a process ends while the list of them is read."""
    busybox = debian(request.param)
    (tmp_path / "fill").write_text(_FILL)
    (tmp_path / "reload").write_text(
        _RELOAD.read_text()
        .replace("/nginx/fill", "./fill")
        .replace("/proc/", "proc/")
        .replace("/tmp/", "tmp/")
    )
    (tmp_path / "tmp/nginx/now").mkdir(parents=True)
    (tmp_path / "tmp/nginx/now/nginx.conf").write_text("old\n")
    for pid, stat in ((1, "1 (nginx) S 0"), (20, "20 (nginx) S 1"), (40, "40 (sh) S 1")):
        (tmp_path / f"proc/{pid}").mkdir(parents=True)
        (tmp_path / f"proc/{pid}/stat").write_text(stat + "\n")
    (tmp_path / "proc/10").mkdir()
    (tmp_path / "proc/10/stat").symlink_to("gone")
    (tmp_path / "bin").mkdir()
    for applet in ("sh", "awk", "cat", "find", "sort", "mkdir", "mv", "rm", "date"):
        (tmp_path / "bin" / applet).symlink_to(busybox)
    (tmp_path / "bin/cksum").symlink_to(shutil.which("cksum") or "")  # Debian's busybox has none
    return tmp_path


def _reload(container: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [container / "bin/sh", "reload", *words],
        cwd=container,
        env={"PATH": str(container / "bin"), "TAKES": "", "FILLED": "new", **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.mark.parametrize("words", [(), ("--drain=5",)])
def test_new_workers_are_seen(container: Path, words: tuple[str, ...]) -> None:
    """Also when a process ends while they are looked for."""
    done = _reload(container, *words, TAKES="yes")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (container / "tmp/nginx/now/nginx.conf").read_text() == "new\n"


def test_what_nginx_did_not_take_is_told(container: Path) -> None:
    """A deploy must not go on as if requests went elsewhere by now; the next reload tries once more."""
    for _ in range(2):
        done = _reload(container, "--drain=1")
        assert done.returncode == 1
        assert "did not take the new configuration" in done.stderr
        assert (container / "tmp/nginx/now/nginx.conf").read_text() == "old\n"
    assert _reload(container, TAKES="yes").returncode == 0


def test_what_is_in_use_is_not_taken_again(container: Path) -> None:
    """Nothing is done, and no new worker is waited for."""
    done = _reload(container, FILLED="old")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
