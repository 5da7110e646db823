"""`make start` of one service where another one lacks what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.site import Site

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
_SERVICE = """\
# composegen.service = {name}
# composegen.volume = ./state-{name}:/state owner=33:33
# composegen.compose.stop_signal = SIGKILL
# composegen.compose.command = ["sleep", "100000"]
{more}FROM busybox:musl
"""
_B = """\
# composegen.secret = token
# composegen.volume = ${DATA}:/data
# composegen.volume = ./disk-${DISK}/db:/db owner=${OWNER}:1
# composegen.volume = named:/named mode=0700
"""


def test_what_another_service_lacks_does_not_matter(new_site: Callable[[str], Site]) -> None:
    """Neither its variables nor its secret; its folders and volumes are not made. Who lacks it is told."""
    site = new_site("alone")
    site.settings(COMPOSEGEN_FRONTEND="none", COMPOSEGEN_UPDATER="none", COMPOSEGEN_TLS="off")
    site.write(
        a=_SERVICE.format(name="a", more="# composegen.depends = c\n"),
        b=_SERVICE.format(name="b", more=_B),
        c=_SERVICE.format(name="c", more=""),
    )
    site.composegen("build")
    assert "a is ready." in site.make("start", "SERVICE=a")
    assert _made(site) == {"state-a"}
    assert not [line for line in site.left() if line.startswith("volume")]
    said = site.make("start", "SERVICE=b", check=False)
    for name in ("DATA", "DISK", "OWNER"):
        assert f"{name} is missing" in said
    site.settings(DATA=str(site.folder / "data"), DISK="7")
    said = site.make("start", "SERVICE=b", check=False)
    assert "OWNER is missing" in said
    assert "DISK" not in said
    site.settings(OWNER="33")
    site.make("stop", "SERVICE=a")
    assert "a is ready." in site.make("start", "SERVICE=a")
    assert _made(site) == {"state-a", "state-c"}
    assert len(site.containers("c")) == 1
    assert "no folder secrets" in site.make("start", "SERVICE=b", check=False)
    assert _made(site) == {"state-a", "state-c"}


def _made(site: Site) -> set[str]:
    """List the folders that were made for volumes."""
    return {p.name for p in site.folder.iterdir() if p.name.startswith(("state-", "disk-", "data"))}
