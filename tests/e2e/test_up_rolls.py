"""`make up` of services with replicas, which composegen rolls: what counts when a release is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.site import Site

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
_WORKER = """\
# composegen.service = worker
# composegen.scale = {scale}
# composegen.stop-grace = 1s
# composegen.compose.restart = always
FROM busybox:musl
ENV RELEASE={release}
CMD {command}
"""
_OLD = """\
# composegen.service = old
# composegen.stop-signal = SIGKILL
FROM busybox:musl
CMD ["sleep", "100000"]
"""
_SLEEPS, _CRASHES = '["sleep", "100000"]', '["false"]'


def test_a_refused_build_is_not_accepted(new_site: Callable[[str], Site]) -> None:
    """One-offs and `make start` have the image that runs; the next good build is taken."""
    site = new_site("refused")
    site.settings(COMPOSEGEN_FRONTEND="none", COMPOSEGEN_UPDATER="none", COMPOSEGEN_TLS="off")
    site.write(worker=_WORKER.format(scale=1, release="one", command=_SLEEPS))
    site.composegen("build")
    site.up()
    accepted, before = _accepted(site), site.starts()
    site.write(worker=_WORKER.format(scale=1, release="bad", command=_CRASHES))
    said = site.up(check=False)
    assert "Error 4" in said, said
    assert _accepted(site) == accepted == set(site.state("{{.Image}}"))
    assert site.starts() == before
    assert "one" in site.composegen("run", "worker", "--", "sh", "-c", "echo $RELEASE").split()
    site.make("stop", "SERVICE=worker")
    site.make("start", "SERVICE=worker")
    assert set(site.state("{{.Image}}")) == accepted
    site.write(worker=_WORKER.format(scale=1, release="two", command=_SLEEPS))
    site.up()
    assert _accepted(site) == set(site.state("{{.Image}}")) != accepted


def test_a_new_scale_is_the_deploys(new_site: Callable[[str], Site]) -> None:
    """Also where every service is rolled: when the deploy refuses it, none of its containers stays."""
    site = new_site("scaled")
    site.settings(COMPOSEGEN_FRONTEND="none", COMPOSEGEN_UPDATER="none", COMPOSEGEN_TLS="off")
    site.write(worker=_WORKER.format(scale=1, release="one", command=_SLEEPS), old=_OLD)
    site.composegen("build")
    site.up()
    worker = site.containers("worker")
    (site.folder / "old" / "Dockerfile").unlink()
    volume = "# composegen.volume = data:/data mode=0700\n"
    site.write(worker=volume + _WORKER.format(scale=2, release="bad", command=_CRASHES))
    site.composegen("build")
    said = site.up(check=False)
    assert "Error 4" in said, said
    assert "old is stopped and removed" in said
    assert site.containers() == worker


def _accepted(site: Site) -> set[str]:
    """Tell which image was accepted for the worker."""
    lines = (site.folder / ".composegen" / "images").read_text().splitlines()
    return {fields[1] for fields in (line.split("\t") for line in lines) if "worker" in fields[0]}
