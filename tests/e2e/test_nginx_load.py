"""10,000 requests over https, during which a replica dies, a route comes and a certificate is renewed.

One run per frontend. What the application executed is in its own log, which goes to a listener of
the test's, so that no container takes it away.
"""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests import load
from tests.conformance import FRONTENDS
from tests.e2e.certified import Certified
from tests.e2e.site import wait
from tests.engine import images
from tests.load.executions import counted
from tests.standin.scene.sink import listen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.site import Site
    from tests.standin.scene.sink import Sink

_COUNT = 10_000
_MOMENT, _AT_ONCE = 0.5, 2
_RATE = 200.0
_SECONDS = 150  # at most, for everything that happens meanwhile
_LAG = 2.0  # a client that was late by more has measured little
_LEAD = 3.0
_WEB = """\
# composegen.service = web
# composegen.url = https://web.test
# composegen.port = 8080
# composegen.scale = 3
# composegen.healthcheck = /health
# composegen.compose.logging = {logging}
FROM testapp:static
"""
_OTHER = """\
# composegen.service = other
# composegen.url = https://other.test
{more}# composegen.port = 8080
FROM testapp:static
"""
_MORE = "# composegen.url = https://more.test\n"


@dataclass(frozen=True)
class Stage:
    """A running project and what its service `web` says of itself."""

    certified: Certified
    sink: Sink
    root: str

    @property
    def site(self) -> Site:
        """The project."""
        return self.certified.site


@pytest.fixture(params=FRONTENDS)
def stage(request: pytest.FixtureRequest, new_site: Callable[[str], Site]) -> Iterator[Stage]:
    """Give the project behind one frontend, with its first certificates."""
    frontend: str = request.param
    site = new_site(f"load{frontend}")
    images.ensure(site.engine, ["nginx", "certbot", "pebble", "testapp"])
    with listen() as sink:
        site.write(web=_WEB.format(logging=json.dumps(sink.logging)), other=_OTHER.format(more=""))
        certified = Certified.prepare(site, frontend, COMPOSEGEN_UPDATER="none")
        certified.beside(["web.test", "other.test", "more.test"])
        site.up()
        root = certified.root()
        for host in ("web.test", "other.test"):
            certified.certificate(host, root)
            wait(host, lambda host=host: site.get(host, ca=root).status == 200)  # type: ignore[misc]
        yield Stage(certified, sink, root)
        site.end()


@pytest.mark.e2e
@pytest.mark.load
def test_a_dead_replica_a_new_route_and_a_renewal_lose_nothing(stage: Stage) -> None:
    """Lost is at most what the dead replica had taken when it was killed; no POST is executed twice."""
    authority = stage.site.folder / "root.pem"
    authority.write_text(stage.root)
    wanted = load.Load(
        "https://web.test/post",
        stage.site.https,
        rate=_RATE,
        count=_COUNT,
        limit=int(_RATE * _SECONDS),
        lag=_LAG,
        ca=str(authority),
    )
    first = stage.certified.certificate("web.test", stage.root)
    with load.start(wanted) as running:
        time.sleep(_LEAD)
        stage.site.engine.docker("kill", stage.site.containers("web")[0])
        time.sleep(_LEAD)
        _add_a_route(stage)
        _renew(stage, first)
        time.sleep(_LEAD)
        result = running.finish()
    _check(stage, wanted, result)


def _add_a_route(stage: Stage) -> None:
    """Give `other` one more url; the dead replica of `web` is started again by the way."""
    site = stage.site
    site.write(other=_OTHER.format(more=_MORE))
    site.composegen("build")
    site.up()
    stage.certified.certificate("more.test", stage.root)
    wait("the new route", lambda: site.get("more.test", ca=stage.root).status == 200)


def _renew(stage: Stage, first: bytes) -> None:
    """See another certificate of web.test; a frontend that has renewed it already need not do so again."""
    if stage.certified.certificate("web.test", stage.root) == first:
        stage.certified.frontend.renew(stage.site, "web.test")
    stage.certified.another("web.test", stage.root, first)


def _check(stage: Stage, wanted: load.Load, result: load.Result) -> None:
    logging.getLogger(__name__).info("%s", result)
    load.measured(result)
    assert result.sent >= _COUNT
    executed = counted(stage.sink.lines)
    names = [f"{wanted.method(n)} {wanted.identity(n)}" for n in range(result.sent)]
    assert [n for n in names if n.startswith("POST ") and executed[n] > 1] == [], str(result)
    others = [lost for lost in result.lost if not lost.identity.endswith("-POST")]
    assert others == [], f"a GET was not repeated: {result}"
    # A POST that was sent is not repeated. Lost are those that the kernel of the dead replica had taken at
    # the kill: one or two, as requests take a millisecond. The application may not have read them yet, so
    # that they are not always in its log.
    moments = [lost.at for lost in result.lost]
    assert not moments or max(moments) - min(moments) < _MOMENT, str(result)
    assert result.lost_count <= _AT_ONCE, str(result)
