"""A host's variable changes while releases overlap.

Traefik drops a router that two containers define differently under one name, so the names
carry COMPOSEGEN_ROUTES_<SERVICE>, which `make up` raises when a host's value has changed.
"""

from __future__ import annotations

import http.client
import re
from typing import TYPE_CHECKING

from tests.e2e.site import wait
from tests.e2e.test_projects import APP, Asking

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.site import Site

OLD, NEW, THIRD, FOURTH = "old.test", "new.test", "third.test", "fourth.test"
_ROUTER = re.compile(r"routers\.[a-z0-9-]+-([0-9a-f]+)\.rule")
PAGE = {(200, "page")}


def test_a_renamed_host(new_site: Callable[[str], Site]) -> None:
    """By hand with the revision, by `make up`, and by hand without it, which loses both names."""
    site = new_site("renamed")
    site.write(web=APP.format(body="page"))
    site.settings(HOST_NAME=OLD, COMPOSEGEN_UPDATER="none")
    site.composegen("build")
    site.up()
    _two_generations_overlap_without_a_404(site)
    _make_up_raises_the_revision(site)
    _without_the_revision_both_names_are_lost(site)


def _two_generations_overlap_without_a_404(site: Site) -> None:
    """Both names answer while both generations run; the old one ends with its containers."""
    before = site.containers("web")
    with Asking(site, OLD) as old:
        _overlap(site, NEW, COMPOSEGEN_ROUTES_WEB="1")
        wait("the new name", lambda: site.get(NEW).status == 200)
        with Asking(site, NEW) as new:
            wait("some answers", lambda: len(new.seen) > 20)
    assert set(old.seen) == PAGE
    assert set(new.seen) == PAGE
    with Asking(site, NEW) as new:
        site.compose("up", "--detach", "--no-deps", "socket-proxy")
        site.engine.docker("rm", "--force", *before)
        wait("the old name's end", lambda: site.get(OLD).status == 404)
        after = len(new.seen)
        wait("some answers", lambda: len(new.seen) > after + 20)
    # Killed, not drained: a request may break, but no router is missing.
    assert {status for status, _ in new.seen} <= {200, 502, 504}


def _make_up_raises_the_revision(site: Site) -> None:
    """Nobody has to know of it: `make up` sees that the host's value has changed."""
    revision = _revision(site)
    site.settings(HOST_NAME=THIRD)
    site.up()
    assert len(site.containers("web")) == 2
    assert _revision(site) != revision
    wait("the new name", lambda: site.get(THIRD).status == 200)
    assert site.get(NEW).status == 404
    before = site.starts()
    site.up()
    assert site.starts() == before


def _without_the_revision_both_names_are_lost(site: Site) -> None:
    """What the revision is for; when Traefik learns better, it can go."""
    _overlap(site, FOURTH, COMPOSEGEN_ROUTES_WEB=_revision(site))
    wait("both are lost", lambda: 200 not in {site.get(THIRD).status, site.get(FOURTH).status})


def _revision(site: Site) -> str:
    """Give what the name of the service's router ends in; all replicas have the same."""
    labels = site.state("{{json .Config.Labels}}", "web")
    found = {match[1] for line in labels if (match := _ROUTER.search(line))}
    assert len(found) == 1
    return found.pop()


def _overlap(site: Site, name: str, **settings: str) -> None:
    """Start two containers of the new generation beside the two old ones."""
    site.settings(HOST_NAME=name, **settings)
    site.compose("up", "--detach", "--no-deps", "--no-recreate", "--scale=web=4", "web")
    form = "{{.State.Health.Status}}"
    wait("four ready replicas", lambda: site.state(form, "web") == ["healthy"] * 4)


class _Enduring(Asking):
    """One that goes on while nobody listens."""

    def _run(self) -> None:
        while not self._end.wait(0.02):
            self.seen.append((self._status(), ""))

    def _status(self) -> int:
        try:
            return self.site.get(self.host).status
        except (OSError, http.client.HTTPException):
            return 0


def test_new_trusted_proxies(new_site: Callable[[str], Site]) -> None:
    """Traefik restarts for them; old and new replicas, which judge clients by them, overlap all the same."""
    site = new_site("proxies")
    judging = "# composegen.allow = 0.0.0.0/0\n# composegen.ratelimit = 1000/s\n"
    site.write(web=judging + APP.format(body="page"))
    site.settings(HOST_NAME=OLD, COMPOSEGEN_UPDATER="none")
    site.composegen("build")
    site.up()
    revision = _revision(site)
    site.settings(COMPOSEGEN_TRUSTED_PROXIES="192.0.2.7")
    with _Enduring(site, OLD) as asking:
        said = site.up()
        wait("some answers", lambda: asking.seen[-9:] == [(200, "")] * 9)
    assert "traefik restarts" in said
    assert _revision(site) != revision
    # None: its listener is away. 404: the first moments of Traefik's own start.
    assert set(asking.statuses) <= {0, 200, 404}, asking.statuses
    assert asking.statuses[-1] == 200
    assert asking.statuses.count(404) <= 1, asking.statuses
    before = site.starts()
    site.up()
    assert site.starts() == before
