"""Names of routes: the runner and `deploy` see the same change in the same values."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from composegen.deploys import routes
from composegen.deploys.wanted import WantedService

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# The order is Compose's: sorted.
_FACTS = r"""
x-composegen.services.db.image	COMPOSEGEN_IMAGE_DB
x-composegen.services.web\.one.further	{further}
x-composegen.services.web\.one.routes	COMPOSEGEN_ROUTES_WEB_ONE
x-composegen.urls.0.service	web.one
x-composegen.urls.0.url	https://One.test/
x-composegen.urls.1.service	other
x-composegen.urls.1.url	https://other.test/
x-composegen.urls.2.service	web.one
x-composegen.urls.2.url	http://{host}/a
""".strip()


@pytest.mark.parametrize(
    ("further", "host"),
    [
        ("", "two.test"),
        ("10.0.0.0/8,192.0.2.7", "two.test"),
        ("2001:DB8::/32", "Tw-o.test"),
        (",A.star.test", "two.test"),
    ],
)
def test_runner_and_deploy_agree(
    script: Callable[..., Path], shell: list[str], project: Path, further: str, host: str
) -> None:
    """What was used last is kept; what differs from it raises the revision, to the same digits."""
    service = WantedService(
        name="web.one", image="x", addresses=("https://One.test/", f"http://{host}/a"), further=further
    )
    path = script("FACTS=$(cat facts)\nown() { :; }\nraise_routes", "facts", "urls")
    (project / "facts").write_text(_FACTS.format(further=further, host=host) + "\n")
    state = project / ".composegen"
    state.mkdir()

    def run() -> None:
        subprocess.run([*shell, path], cwd=project, check=True)

    run()
    assert (state / "routes").read_text() == f"web.one\t{routes.digest(service)}\n"
    assert not (project / ".env").exists(), "a first look raises nothing"
    (state / "routes").write_text("web.one\t00000000\n")
    run()
    assert f"\nCOMPOSEGEN_ROUTES_WEB_ONE={routes.digest(service)}\n" in (project / ".env").read_text()


def test_proxies_count_where_a_service_judges_clients() -> None:
    """Without them the digits stay those of the addresses alone."""
    plain = WantedService(name="web", image="x", addresses=("https://one.test/",))
    behind = WantedService(name="web", image="x", addresses=("https://one.test/",), further="10.0.0.0/8")
    assert routes.digest(plain) != routes.digest(behind)
