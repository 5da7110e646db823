"""`pre-deploy` of a service without a second replica: `make up` runs it too, before anything stops."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.engine import images

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.site import Site

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
_WEB = """\
# composegen.service = web
# composegen.pre-deploy = sh -c 'echo migrates to $VERSION; test $VERSION != bad'
# composegen.stop-grace = 1s
FROM testapp:shell
ENV VERSION={version}
"""


def test_make_up_migrates_before_it_restarts(new_site: Callable[[str], Site]) -> None:
    """When the command fails nothing was touched; where it cannot be run, that is said."""
    site = new_site("migrates")
    images.ensure(site.engine, ["testapp"])
    site.settings(COMPOSEGEN_FRONTEND="none", COMPOSEGEN_UPDATER="none", COMPOSEGEN_TLS="off")
    site.write(web=_WEB.format(version="one"))
    site.composegen("build")
    site.up()
    site.write(web=_WEB.format(version="two"))
    said = site.up()
    assert "web is deployed by composegen: its image changed." in said
    assert "web pre-deploy | migrates to two\n" in said
    assert _versions(site) == ["two"]
    before = site.starts()
    assert "nothing was restarted" in site.up()
    site.write(web=_WEB.format(version="bad"))
    said = site.up(check=False)
    assert "its pre-deploy command ended with exit code 1" in said
    assert "Error 4" in said
    assert site.starts() == before
    # On a server that has neither the command nor the image.
    folders = site.env["PATH"].split(":")
    site.environ["PATH"] = ":".join(f for f in folders if not (Path(f) / "composegen").exists())
    site.environ["COMPOSEGEN_RUNNER_IMAGE"] = "none"
    site.write(web=_WEB.format(version="three"))
    said = site.up()
    assert "web restarts: its image changed. Without its pre-deploy command, as there is no" in said
    assert _versions(site) == ["three"]
    # A first start with it is the deploy's.
    site.make("down")
    assert "web pre-deploy | migrates to three\n" in site.composegen("deploy", "--yes")
    assert _versions(site) == ["three"]


def _versions(site: Site) -> list[str]:
    """Tell which release runs, by the environment of its containers."""
    found = site.state("{{range .Config.Env}}{{println .}}{{end}}", "web")
    return [line.partition("=")[2] for text in found for line in text.split() if line.startswith("VERSION=")]
