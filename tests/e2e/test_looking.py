"""plan, ps, logs and destroy on the real engine: what they show is what runs, and looking changes nothing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from composegen.deploys import traits
from composegen.deploys.docker_machine import DockerMachine

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.site import Site

pytestmark = pytest.mark.e2e

# As many keys as one service can have without a registry, so that a field that composegen reads
# differently from the engine shows.
RICH = """\
# composegen.service = rich
# composegen.url = http://rich.localhost
# composegen.port = 8080
# composegen.scale = 2
# composegen.env = GREETING=it's $HOME "quoted"
# composegen.env = EMPTY=
# composegen.config = ./a.conf:/etc/a.conf
# composegen.volume = data:/data
# composegen.volume = ./files:/files:ro
# composegen.tmpfs = /cache
# composegen.harden = yes
# composegen.maxmem = 64m
# composegen.maxcpu = 0.5
# composegen.pids = 64
# composegen.cap-add = NET_BIND_SERVICE
# composegen.extra-host = other:10.1.2.3
# composegen.label = com.example.note=some text
# composegen.stop-grace = 3s
# composegen.stop-signal = SIGINT
# composegen.workdir = /tmp
# composegen.user = 1000:1000
# composegen.init = yes
# composegen.healthcheck = tcp 2s
FROM busybox:musl
ENV FROM_IMAGE=1
LABEL of.image=1
CMD ["httpd", "-f", "-p", "8080"]
"""
SINGLE = """\
# composegen.service = single
# composegen.volume = single-data:/data
# composegen.command = sh -c "echo started; exec sleep 1000"
# composegen.restart = on-failure:3
# composegen.stop-grace = 1s
FROM busybox:musl
"""
ONCE = """\
# composegen.service = once
# composegen.restart = no
# composegen.command = ["echo", "done"]
FROM busybox:musl
"""


def lines(text: str) -> dict[str, str]:
    """Return a plan's or a table's lines by their first word."""
    return {line.split()[0]: line for line in text.splitlines() if line.strip()}


@pytest.fixture
def site(new_site: Callable[[str], Site]) -> Site:
    """Give the project, built and not started."""
    made = new_site("looking")
    made.write(rich=RICH, single=SINGLE, once=ONCE)
    (made.folder / "a.conf").write_text("a\n")
    (made.folder / "files").mkdir()
    made.settings(COMPOSEGEN_TLS="off", COMPOSEGEN_UPDATER="none")
    made.composegen("build")
    return made


def plan(site: Site, *words: str) -> dict[str, Any]:
    """Return the plan as data, by service."""
    data = json.loads(site.composegen("plan", "--format", "json", *words))
    return {one["service"]: one for one in data["services"]}


def test_from_nothing_to_destroyed(site: Site) -> None:
    """One project through its life, and what each command says of it."""
    first = site.composegen("plan", check=False)
    assert "! rich: cannot be deployed" in first
    assert "`make build` makes it" in first
    assert "+ single: nothing of it is there" in first
    site.up()
    assert site.composegen("plan").endswith("Nothing to do: what runs is what the files ask for.\n")
    machine = DockerMachine.of(site.folder, site.env)
    wanted, observed = machine.wanted(), machine.observe()
    for service in wanted.services:
        for container in observed.of(service.name):
            assert container.config_hash == service.config_hash, service.name
            image = observed.images[container.image]
            assert traits.differences(service.traits, container.traits, image.traits) == (), service.name
    _ps(site)
    _logs(site)
    _changes(site)
    _orphan(site)
    refused = site.composegen("destroy", check=False)
    assert "there is no terminal to ask on" in refused
    assert "write --yes too" in site.composegen("destroy", "--format", "json", check=False)
    gone = json.loads(site.composegen("destroy", "--yes", "--format", "json"))
    assert (gone["project"], gone["destroyed"]) == (site.name, True)
    assert any("is gone" in line for line in gone["said"])
    assert machine.observe().containers == ()


def _ps(site: Site) -> None:
    text = site.composegen("ps")
    assert text.startswith("once\nACTIVE 0 / 0 running tasks (0 pending)\n")
    rich = site.composegen("ps", "rich").splitlines()
    assert rich[:2] == ["rich", "ACTIVE 2 / 2 running tasks (0 pending)"]
    assert rich[2].split() == ["ID", "RELEASE", "STATUS", "HEALTH", "STARTED", "STOPPED"]
    for row in rich[3:]:
        assert re.fullmatch(r"[0-9a-f]{12} +1 +RUNNING +HEALTHY +\d{4}-\d\d-\d\dT[\d:]{8}Z +-", row), row
    (single,) = json.loads(site.composegen("ps", "single", "--format", "json"))
    (task,) = single["tasks"]
    assert (task["status"], task["health"], task["name"]) == (
        "RUNNING", "UNKNOWN", f"{site.name}-single-1",
    )  # fmt: skip
    assert "services of this project: " in site.composegen("ps", "nothing", check=False)


def _logs(site: Site) -> None:
    assert "single-1  | started" in site.composegen("logs", "single")
    (line,) = site.composegen("logs", "once", "--format", "json", "-n", "1").splitlines()
    found = json.loads(line)
    assert (found["container"], found["text"]) == ("once-1", "done")
    assert re.match(r"\d{4}-\d\d-\d\dT", found["time"])
    assert "there is no service 'nothing'" in site.composegen("logs", "nothing", check=False)


def _changes(site: Site) -> None:
    """Each kind of change is told by its field; nothing else is said to change."""
    (site.folder / "rich" / "Dockerfile").write_text(
        RICH.replace("maxmem = 64m", "maxmem = 96m").replace("some text", "other text")
    )
    (site.folder / "single" / "Dockerfile").write_text(SINGLE.replace("1s", "2s"))
    site.composegen("build")
    found = plan(site)
    assert {n for n, one in found.items() if one["action"] != "none"} == {"rich", "single"}
    assert found["rich"]["changes"] == ["label com.example.note", "maxmem"]
    assert (found["rich"]["how"], found["rich"]["create"], len(found["rich"]["replace"])) == ("roll", 2, 2)
    assert found["single"]["changes"] == ["stop-grace"]
    assert "it writes single-data" in found["single"]["downtime"]
    assert list(plan(site, "single", "--no-pull")) == ["single"]
    site.write(rich=RICH, single=SINGLE)
    site.composegen("build")
    (site.folder / "a.conf").write_text("b\n")
    found = plan(site)
    assert {n: one["changes"] for n, one in found.items() if one["changes"]} == {"rich": ["file ./a.conf"]}
    (site.folder / "a.conf").write_text("a\n")
    assert not any(one["changes"] for one in plan(site).values())
    # A container that ended, and one too many.
    ended = site.engine.docker("ps", "-q", "--filter", f"name={site.name}-rich-1").strip()
    site.engine.docker("stop", "--time", "0", ended)
    one = plan(site)["rich"]
    assert (one["action"], one["create"], len(one["remove"]), len(one["keep"])) == ("repair", 1, 1, 1)
    assert "STOPPED" in lines(site.composegen("ps", "rich"))[ended[:12]]
    site.engine.docker("start", ended)


def _orphan(site: Site) -> None:
    """A service that is in no file any more goes."""
    (site.folder / "once" / "Dockerfile").unlink()
    site.composegen("build")
    one = plan(site)["once"]
    assert (one["action"], one["how"], len(one["remove"])) == ("remove", "remove", 1)


def test_a_missing_variable(site: Site) -> None:
    """The plan says what Compose misses; ps and logs show what runs all the same."""
    site.write(single=SINGLE.replace("FROM", "# composegen.env = NEEDED\nFROM"))
    site.composegen("build")
    said = site.composegen("plan", check=False)
    assert "NEEDED" in said
    assert "composegen doctor" in said
    assert "ACTIVE 0 / ? running tasks (0 pending)" in site.composegen("ps")
    site.composegen("logs")
