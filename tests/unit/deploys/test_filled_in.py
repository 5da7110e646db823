"""What Compose makes of the files is asked for once, and anew when something has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from composegen.deploys.docker_machine import DockerMachine

_DOCKER = """\
#!/bin/sh
echo "$*" >>"$ASKED"
case "$*" in
*--hash*) echo "web h" ;;
*) cat shown.json ;;
esac
"""
_SHOWN = """{
    "name": "shop",
    "services": {"web": {"image": "r.test/web:1"}},
    "networks": {"default": {"name": "shop_default"}},
    "x-composegen": {
        "version": "0.1.0", "urls": [],
        "services": {"web": {"image": "I", "configs": ["./app.conf"], "rollout": "roll"}}
    }
}"""


@pytest.fixture
def machine(tmp_path: Path) -> DockerMachine:
    """A project whose Compose says what is in a file."""
    folder, tools = tmp_path / "shop", tmp_path / "bin"
    for made in (folder, tools):
        made.mkdir()
    (tools / "docker").write_text(_DOCKER)
    (tools / "docker").chmod(0o755)
    for name in ("docker-compose.yml", ".env", "app.conf"):
        (folder / name).write_text("")
    (folder / "shown.json").write_text(_SHOWN)
    environ = {"PATH": f"{tools}:/usr/bin:/bin", "ASKED": str(tmp_path / "asked")}
    return DockerMachine(folder, environ)


def _asked(machine: DockerMachine) -> int:
    return len(Path(machine.environ["ASKED"]).read_text().splitlines())


def test_nothing_has_changed(machine: DockerMachine) -> None:
    """Two calls, however often one looks."""
    assert machine.wanted() == machine.wanted() == machine.wanted({})
    assert _asked(machine) == 2


@pytest.mark.parametrize("name", ["docker-compose.yml", ".env"])
def test_a_file_has_changed(machine: DockerMachine, name: str) -> None:
    """A pin that the deploy itself has written, or what somebody has edited."""
    machine.wanted()
    (machine.folder / name).write_text("A=1\n")
    machine.wanted()
    assert _asked(machine) == 4
    (machine.folder / name).unlink()
    machine.wanted()
    assert _asked(machine) == 6


def test_other_assignments(machine: DockerMachine) -> None:
    """They stand in front of what .env says."""
    machine.wanted()
    machine.wanted({"I": "r.test/web:2"})
    assert _asked(machine) == 4


def test_what_is_mounted_is_read_each_time(machine: DockerMachine) -> None:
    """Its digest decides whether a service is made anew, and Compose does not know it."""
    before = machine.wanted()
    (machine.folder / "app.conf").write_text("other")
    assert machine.wanted() != before
    assert _asked(machine) == 2
