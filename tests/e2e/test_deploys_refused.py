"""Deploys that are refused or fail on a real engine: nothing was changed. They need no load."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.e2e.deployed import deployed, read_until
from tests.standin.scene import apps, registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.e2e.site import Site
    from tests.engine import Engine

pytestmark = pytest.mark.e2e
_QUICK = (f"healthcheck = {apps.HEALTH} 1s",)


@pytest.fixture(scope="module")
def images(running_engine: Engine) -> Iterator[registry.Registry]:
    """Give a registry on a loopback port."""
    with registry.running(running_engine) as found:
        yield found


def test_two_deploys_at_once(new_site: Callable[[str], Site], images: registry.Registry) -> None:
    """The second one ends with 5, names the first, and changes nothing; `make up` waits as well."""
    with deployed(new_site, images, apps.good("abrupt"), scale=1) as made:
        image = made.publish(apps.good("abrupt"))
        first = made.begin("deploy", "--yes", "web")
        read_until(first, "created")
        said = made.command("deploy", "--yes", code=5, environ={"COMPOSEGEN_LOCK_WAIT": "1"})
        assert "ocked: composegen deploy web (user " in said
        said = first.communicate()[0]
        assert first.returncode == 0, said
        made.settled(image, 2)


def test_what_cannot_be_deployed_changes_nothing(
    new_site: Callable[[str], Site], running_engine: Engine
) -> None:
    """A pre-deploy that fails, a registry that is down: exit 4, nothing touched."""
    lines = (*_QUICK, 'pre-deploy = ["/testapp", "fail"]')
    with (
        registry.running(running_engine) as images,
        deployed(new_site, images, apps.good("abrupt"), scale=1, lines=lines) as made,
    ):
        old, starts = made.images()[0], made.site.starts()
        made.publish(apps.App("no-pre-deploy", {"CRASH_AT_START": "1"}))
        said = made.command("deploy", "--yes", code=4)
        assert "its pre-deploy command ended with exit code 1" in said
        made.site.engine.docker("stop", images.container)
        said = made.command("deploy", "--yes", "web", code=4)
        assert "web cannot be deployed; nothing was changed" in said
        made.settled(old, 1)
        assert made.site.starts() == starts


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_changes_nothing(new_site: Callable[[str], Site], images: registry.Registry) -> None:
    """No room for the intent: exit 4, the reason is told, and nothing was touched."""
    with deployed(new_site, images, apps.good("abrupt"), scale=1) as made:
        made.command("releases")
        old, starts = made.images()[0], made.site.starts()
        made.publish(apps.good("abrupt"))
        state = made.site.folder / ".composegen"
        with _full(state, made.site.folder.parent / "kept"):
            said = made.command("deploy", "--yes", code=4)
        assert "no space left on device" in said
        made.settled(old, 1)
        assert made.site.starts() == starts


@contextmanager
def _full(state: Path, kept: Path) -> Iterator[None]:
    """Let the folder be a disk on which two files of a few lines have room."""
    shutil.copytree(state, kept)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(state)], check=True)
    try:
        shutil.copytree(kept, state, dirs_exist_ok=True)
        with contextlib.suppress(OSError), (state / "filler").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        size = (state / "filler").stat().st_size
        os.truncate(state / "filler", size - 4096)
        yield
    finally:
        subprocess.run(["umount", str(state)], check=True)
