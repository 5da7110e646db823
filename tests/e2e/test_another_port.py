"""A service is to listen on another port: old and new replicas are asked where each of them listens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance import FRONTENDS
from tests.e2e.site import wait
from tests.e2e.test_projects import Asking
from tests.engine import images

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.site import Site

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
HOST = "app.test"
_WEB = """\
# composegen.service = web
# composegen.url = http://app.test
# composegen.port = {port}
# composegen.scale = 2
# composegen.healthcheck = /health 1s
# composegen.startup = /health 5s
# composegen.stop-grace = 1s
{more}FROM testapp:static
"""


@pytest.mark.parametrize("frontend", FRONTENDS)
def test_another_port(new_site: Callable[[str], Site], frontend: str) -> None:
    """No answer is missed, also when the new ones do not get ready and the old ones go on."""
    site = new_site(f"port-{frontend}")
    images.ensure(site.engine, ["testapp", "nginx"])
    site.settings(COMPOSEGEN_FRONTEND=frontend, COMPOSEGEN_TLS="off", COMPOSEGEN_UPDATER="none")
    site.write(web=_WEB.format(port=8080, more=""))
    site.composegen("build")
    site.up()
    wait("the page", lambda: site.get(HOST).status == 200)
    with Asking(site, HOST) as asking:
        site.write(web=_WEB.format(port=9090, more=""))
        site.composegen("build")
        assert "web: done, release 2" in site.up()
        site.write(web=_WEB.format(port=7070, more="# composegen.env = NEVER_READY=1\n"))
        site.composegen("build")
        assert "web runs release 2 as before" in site.up(check=False)
        after = len(asking.seen)
        wait("some answers", lambda: len(asking.seen) > after + 20)
    assert asking.statuses == [200]
