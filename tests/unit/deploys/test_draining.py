"""What nginx is told during a deploy: which addresses, and when."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from composegen.deploys import draining
from composegen.deploys.store import intent
from composegen.deploys.wanted import WantedService
from composegen.errors import DeployFailed
from tests.unit.deploys import scene as scenes
from tests.unit.deploys.scene import REFERENCE, WEB, scene

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NGINX = WantedService(name="nginx", image="nginx:1", networks=("test_frontend",))


def _with_nginx(tmp_path: Path) -> tuple[scenes.Scene, list[str]]:
    made = scene(tmp_path, WEB, NGINX)
    made.engine.files = replace(made.engine.files, reload="nginx")
    told: list[str] = []

    def execute(service: str, words: Sequence[str]) -> tuple[int, str]:
        assert service == "nginx"
        assert words[:2] == ("sh", "/nginx/reload")
        told.append(" ".join(words[2:]))
        return 0, ""

    made.engine.executed = execute
    return made, told


def _addresses(made: scenes.Scene) -> str:
    return ",".join(c.addresses["test_frontend"] for c in made.engine.observe().of("web"))


def test_old_then_both_then_new_then_by_name(tmp_path: Path) -> None:
    """New replicas get no request before they are let in, old ones none once they drain."""
    made, told = _with_nginx(tmp_path)
    old = _addresses(made)
    made.engine.push(REFERENCE, "web 2")
    made.deploy()
    new = _addresses(made)
    assert told == [f"web={old}", f"web={old},{new}", f"--drain=4 web={new}", ""]


def test_by_name_only_once_the_old_ones_are_forgotten(tmp_path: Path) -> None:
    """Docker's DNS answer of before counts for two seconds more, also after an interrupted deploy."""
    made, _ = _with_nginx(tmp_path)
    asked: list[float] = []

    def execute(_service: str, _words: Sequence[str]) -> tuple[int, str]:
        asked.append(made.engine.now())
        return 0, ""

    made.engine.executed = execute
    made.engine.push(REFERENCE, "web 2")
    made.deploy()
    gone = [o.when for o in made.engine.ordered if o.removed]
    assert asked[-1] >= max(gone) + 2
    intent.write(made.stage.state, intent.Intent(command="composegen deploy", who="", since=""))
    before = made.engine.now()
    made.deploy()
    assert asked[-1] >= before + 2


def test_a_bad_release_never_gets_into_the_list(tmp_path: Path) -> None:
    """The old ones are fixed while it is tried, and nothing is fixed afterwards."""
    made, told = _with_nginx(tmp_path)
    old = _addresses(made)
    made.engine.push(REFERENCE, "web 2", scenes.CRASHES)
    with pytest.raises(DeployFailed):
        made.deploy()
    assert told == [f"web={old}", ""]


def _to_another_port(made: scenes.Scene) -> str:
    """Let the files say 9090 where 8000 runs; give the list of those that run."""
    old = ",".join(f"{a}@9090-8000" for a in _addresses(made).split(","))
    web, *rest = made.engine.files.services
    changed = replace(web, port=9090)
    made.engine.files = replace(made.engine.files, services=(changed, *rest))
    return old


def test_another_port_is_that_of_the_new_replicas_alone(tmp_path: Path) -> None:
    """Nginx's files say where the new ones listen; old ones are asked where they do."""
    made, told = _with_nginx(tmp_path)
    old = _to_another_port(made)
    made.engine.push(REFERENCE, "web 2")
    made.deploy()
    new = _addresses(made)
    assert told == [f"web={old}", f"web={old},{new}", f"--drain=4 web={new}", ""]


def test_another_port_that_does_not_come_leaves_the_list(tmp_path: Path) -> None:
    """By name nginx would ask the old ones where they do not listen."""
    made, told = _with_nginx(tmp_path)
    old = _to_another_port(made)
    made.engine.push(REFERENCE, "web 2", scenes.CRASHES)
    with pytest.raises(DeployFailed):
        made.deploy()
    assert told == [f"web={old}", f"web={old}"]
    told.clear()
    draining.refresh(made.stage, made.engine.wanted())
    assert told == [f"web={old}"]


def test_a_list_that_nginx_refuses_ends_the_deploy(tmp_path: Path) -> None:
    """Its reason is told; the old containers are as they were."""
    made, _ = _with_nginx(tmp_path)
    old = made.images()[0]
    made.engine.executed = lambda _, words: (1, "bad configuration") if len(words) > 2 else (0, "")
    made.engine.push(REFERENCE, "web 2")
    with pytest.raises(DeployFailed):
        made.deploy()
    assert "bad configuration" in made.told.text
    made.settled(old, number=1)
