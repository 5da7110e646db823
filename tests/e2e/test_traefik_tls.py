"""Certificates from files, through Traefik."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.site import wait
from tests.e2e.test_nginx_tls import issue

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.site import Site

_WEB = """\
# composegen.service = web
# composegen.url = https://${SITE_HOST}
# composegen.url = https://${STAR_HOST}
# composegen.port = 8080
FROM testapp:static
"""


def test_files_of_hosts_from_variables(new_site: Callable[[str], Site]) -> None:
    """Capital letters and a star in a value lead to the files that `make up` looks for."""
    site = new_site("files")
    folder = site.folder / "secrets" / "certificates"
    folder.mkdir(parents=True)
    (site.folder / "secrets").chmod(0o700)
    named, star = issue(folder, "web.test", "web.test"), issue(folder, "_.sub.test", "*.sub.test")
    site.write(web=_WEB)
    site.settings(SITE_HOST="Web.Test", STAR_HOST="*.Sub.test")
    site.settings(COMPOSEGEN_TLS="files", COMPOSEGEN_UPDATER="none")
    site.composegen("build")
    site.up()
    wait("the host", lambda: site.get("web.test", ca=named).status == 200)
    wait("a host below the star", lambda: site.get("a.sub.test", ca=star).status == 200)
