"""`fill`: what the one-shot service `toolbox` does to its volumes."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.unit.toolbox.conftest import SCRIPTS

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://acme-v02.api.letsencrypt.org/directory"
NAMES = {path.name for path in SCRIPTS.iterdir()} - {"fill"}


@dataclass
class Place:
    """The container of the service `toolbox`."""

    root: Path
    busybox: Path

    @property
    def volume(self) -> Path:
        """What other containers see at /.composegen/bin."""
        return self.root / ".composegen" / "bin"

    def start(self, **env: str) -> subprocess.Popen[str]:
        """Start fill the way its container does."""
        told = {
            "COMPOSEGEN_ROOT": str(self.root),
            "COMPOSEGEN_TRAEFIK_OWNER": f"{os.getuid()}:{os.getgid()}",
            "PATH": str(self.busybox.parent),
        }
        command = [str(self.busybox), "sh", str(self.root / "toolbox" / "fill")]
        return subprocess.Popen(
            command, env=told | env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def fill(self, **env: str) -> tuple[int, str]:
        """Run it to its end."""
        with self.start(**env) as running:
            said, _ = running.communicate(timeout=60)
        return running.returncode, said

    def complete(self) -> bool:
        """Say whether a probe that starts now finds all it needs, of one version."""
        run = subprocess.run(
            [str(self.volume / "sh"), str(self.volume / "probe"), "none"],
            env={"COMPOSEGEN_ROOT": str(self.root)},
            capture_output=True,
            check=False,
        )
        return run.stdout == b"ready\n"


@pytest.fixture
def place(tmp_path: Path, busybox: Path) -> Place:
    """An empty volume and the folder of scripts."""
    root = tmp_path / "root"
    (root / ".composegen" / "bin").mkdir(parents=True)
    shutil.copytree(SCRIPTS, root / "toolbox")
    (root / "etc").mkdir()
    (root / "etc" / "hosts").touch()
    (root / "proc/sys/kernel").mkdir(parents=True)
    (root / "proc/sys/kernel/hostname").write_text("box\n")
    named = tmp_path / "path" / "busybox"
    named.parent.mkdir()
    shutil.copy2(busybox, named)
    return Place(root, named)


def state(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Inode, mode and change time of everything below a folder."""
    found = {}
    for path in folder.rglob("*"):
        stat = path.lstat()
        found[str(path)] = (stat.st_ino, stat.st_mode, stat.st_ctime_ns)
    return found


def test_fills_an_empty_volume(place: Place) -> None:
    """All is there, the same bytes, readable and executable by any uid; nothing else is."""
    assert place.fill() == (0, "")
    there = {path.name for path in place.volume.iterdir()}
    assert {name for name in there if not name.startswith("scripts-")} == NAMES | {
        "busybox",
        "sh",
        "current",
    }
    assert (place.volume / "busybox").read_bytes() == place.busybox.read_bytes()
    for name in NAMES:
        assert (place.volume / name).read_bytes() == (SCRIPTS / name).read_bytes()
    for path in (place.volume, *place.volume.rglob("*")):
        assert path.stat().st_mode & 0o777 == 0o755, path
    assert place.complete()


def test_second_run_changes_nothing(place: Place) -> None:
    """When all is there, no file is touched."""
    place.fill()
    before = state(place.volume)
    assert place.fill() == (0, "")
    assert state(place.volume) == before


def test_refresh(place: Place) -> None:
    """New scripts and a new busybox take their places; scripts that are gone leave."""
    (place.root / "toolbox" / "gone").write_text("exit 0\n")
    place.fill()
    (place.root / "toolbox" / "gone").unlink()
    with (place.root / "toolbox" / "probe").open("a") as probe:
        probe.write("# new\n")
    with place.busybox.open("ab") as binary:
        binary.write(b"\0")
    assert place.fill() == (0, "")
    assert (place.volume / "probe").read_text().endswith("# new\n")
    assert (place.volume / "busybox").read_bytes() == place.busybox.read_bytes()
    assert not (place.volume / "gone").is_symlink()
    assert len(list(place.volume.glob("scripts-*"))) == 1
    assert place.complete()


def test_busybox_in_use(place: Place) -> None:
    """A busybox that runs is replaced all the same, and goes on running."""
    place.fill()
    with subprocess.Popen([place.volume / "busybox", "sleep", "30"]) as running:
        with place.busybox.open("ab") as binary:
            binary.write(b"\0")
        assert place.fill() == (0, "")
        assert running.poll() is None
        running.kill()


def test_killed_at_any_point(place: Place) -> None:
    """Killed anywhere in a refresh, the volume still works; the next run finishes it."""
    place.fill()
    for step in range(25):
        with (place.root / "toolbox" / "probe").open("a") as probe:
            probe.write(f"# {step}\n")
        with place.busybox.open("ab") as binary:
            binary.write(b"\0")
        running = place.start()
        time.sleep(0.0025 * step)
        running.kill()
        running.communicate()
        assert place.complete(), step
    assert place.fill() == (0, "")
    assert (place.volume / "probe").read_bytes() == (place.root / "toolbox/probe").read_bytes()
    assert not list(place.volume.glob("*.new"))


def test_probes_run_meanwhile(place: Place) -> None:
    """A probe that starts while the volume is refreshed never fails for that."""
    place.fill()
    failed: list[int] = []
    stop = threading.Event()

    def probe() -> None:
        while not stop.is_set():
            if not place.complete():
                failed.append(1)

    thread = threading.Thread(target=probe)
    thread.start()
    for step in range(10):
        (place.root / "toolbox" / "peers").write_text(f"# {step}\n")
        place.fill()
    stop.set()
    thread.join()
    assert not failed


def test_acme_folder(place: Place) -> None:
    """Traefik's folder is made, closed to others; the folders above it can be passed."""
    acme = place.root / "acme"
    acme.mkdir()
    assert place.fill(ACME_DIRECTORY=URL) == (0, "")
    folder = acme / URL
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.parent.stat().st_mode & 0o777 == 0o755
    certificate = folder / "acme.json"
    certificate.write_text("{}")
    certificate.chmod(0o600)
    assert place.fill(ACME_DIRECTORY=URL) == (0, "")
    assert certificate.read_text() == "{}"
    assert certificate.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_acme_owner(place: Place) -> None:
    """The folder and what is in it belong to Traefik; nothing beside it is touched."""
    folder = place.root / "acme" / URL
    folder.mkdir(parents=True)
    (folder / "acme.json").touch()
    (folder / "link").symlink_to(place.root / "etc" / "hosts")
    other = place.root / "acme" / "other"
    other.touch()
    assert place.fill(ACME_DIRECTORY=URL, COMPOSEGEN_TRAEFIK_OWNER="65532:65532") == (0, "")
    for path in (folder, folder / "acme.json"):
        assert (path.stat().st_uid, path.stat().st_gid) == (65532, 65532)
    for path in (folder.parent, other, place.root / "etc" / "hosts"):
        assert path.stat().st_uid == 0


@pytest.mark.parametrize(
    "url",
    ["", "/", "..", "../x", "https://a/../../x", "a/..", "./a", "a b", "a\nb", "a;b", "$(id)", "é"],
)
def test_hostile_acme_directory(place: Place, url: str) -> None:
    """What would lead out of the volume, or is no address, is refused and named."""
    (place.root / "acme").mkdir()
    code, said = place.fill(ACME_DIRECTORY=url)
    assert code == 1
    assert "COMPOSEGEN_ACME_DIRECTORY" in said
    assert list((place.root / "acme").iterdir()) == []


def test_links_are_not_followed(place: Place) -> None:
    """A link planted in the certificates' volume leads nowhere."""
    acme = place.root / "acme"
    acme.mkdir()
    (acme / "https:").symlink_to(place.root / "etc")
    code, said = place.fill(ACME_DIRECTORY=URL)
    assert code == 1
    assert "is a link" in said
    assert not (place.root / "etc" / "acme-v02.api.letsencrypt.org").exists()
