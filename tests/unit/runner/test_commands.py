"""Whole commands, with a docker and a composegen that note what they are asked, and answer from files."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from composegen import __version__

if TYPE_CHECKING:
    from pathlib import Path

# `lacks` has the volumes and images that are not there; `ids` what an image is.
_DOCKER = """#!/bin/sh
printf 'docker %s\\n' "$*" >>"$SCENE/log"
case "$*" in
'compose version'*) echo 2.30.0 ;;
version*) echo 27 ;;
'compose -f - config --no-interpolate'*) cat "$SCENE/static" ;;
'compose -f - config'*) cat "$SCENE/probe" ;;
'compose --profile * config --format json') cat "$SCENE/facts" ;;
*' pull '*) for bad in $(cat "$SCENE/unpullable"); do case " $* " in *" $bad "*) exit 1 ;; esac; done ;;
'volume inspect '*) ! grep -Fxq -e "$3" "$SCENE/lacks" ;;
'image inspect '*) for last; do :; done; ! grep -Fxq -e "$last" "$SCENE/lacks" && echo "sha256:$last" ;;
esac
"""
_COMPOSEGEN = f"""#!/bin/sh
[ "$*" != --version ] || {{ echo "composegen {__version__}"; exit; }}
printf 'composegen %s\\n' "$*" >>"$SCENE/log"
"""


@dataclass
class Scene:
    """A project of which Compose says what `facts` has."""

    project: Path
    folder: Path
    facts: dict[str, object]
    lacks: list[str] = field(default_factory=list)
    unpullable: list[str] = field(default_factory=list)

    def program(self, name: str, text: str) -> None:
        """Put a program before the machine's own."""
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def run(self, target: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a script as make does, with nobody to ask."""
        inner = {"version": __version__, "required": {}, "settings": {}, "shape": {}}
        own = self.facts.get("x-composegen", {})
        assert isinstance(own, dict)
        static = {"name": "p", "x-composegen": {**inner, **own}}
        for name, value in (
            ("static", static),
            ("facts", {**self.facts, **static}),
            ("probe", {"name": "p", "x-composegen": own}),
        ):
            (self.folder / name).write_text(json.dumps(value))
        (self.folder / "lacks").write_text("".join(f"{name}\n" for name in self.lacks))
        (self.folder / "unpullable").write_text(" ".join(self.unpullable))
        services = self.facts["services"]
        assert isinstance(services, dict)
        (self.project / "docker-compose.yml").write_text(
            "name: p\nservices:\n" + "".join(f"  {name}:\n" for name in services) + "x-composegen:\n  a: b\n"
        )
        bare = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "COMPOSE", "DOCKER"))}
        return subprocess.run(
            ["sh", f"composegen.d/run/{target}.sh"],
            cwd=self.project,
            env={
                **bare,
                "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
                "SCENE": str(self.folder),
                **env,
            },
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def asked(self, start: str) -> list[str]:
        """Give what was asked that starts so."""
        lines = (self.folder / "log").read_text().splitlines()
        return [line for line in lines if line.startswith(start)]


@pytest.fixture
def scene(project: Path, tmp_path: Path) -> Scene:
    """A project of one service."""
    folder = tmp_path / "scene"
    folder.mkdir()
    made = Scene(project, folder, {"services": {"web": {"image": "web:1"}}})
    made.program("docker", _DOCKER)
    made.program("composegen", _COMPOSEGEN)
    return made


@pytest.mark.parametrize("lacks", [[], ["p_data"]], ids=["there", "new"])
@pytest.mark.parametrize("service", ["", "web"])
def test_deploy_is_asked_for_the_service(scene: Scene, service: str, lacks: list[str]) -> None:
    """Or for all of them; never for a volume that was looked at, or made, on the way."""
    scene.facts["volumes"] = {"data": {"name": "p_data"}}
    scene.facts["x-composegen"] = {"volumes": [{"name": "data", "owner": "7:8", "mode": "0700"}]}
    scene.lacks = lacks
    done = scene.run("deploy", SERVICE=service)
    assert done.returncode == 0, done.stderr
    assert scene.asked("composegen") == [f"composegen deploy --yes {service}".strip()]
    assert len(scene.asked("docker volume create")) == len(lacks)
    assert len([line for line in scene.asked("docker run") if "source=p_data" in line]) == 2 * len(lacks)


_REFUSES = "#!/bin/sh\necho 'fatal: no, not here' >&2; exit 128\n"
_MISSING = "#!/bin/sh\nexec /no/such/git\n"


def _destroy(scene: Scene, *tracked: str) -> str:
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for name in ("code", "data"):
        (scene.project / name).mkdir()
        (scene.project / name / "file").write_text("x")
    scene.facts["x-composegen"] = {"folders": [{"path": "./code"}, {"path": "./data/"}]}
    if tracked:
        subprocess.run([*git, "init", "-q"], cwd=scene.project, check=True)
        subprocess.run([*git, "add", *tracked], cwd=scene.project, check=True)
    # git's own way to make believe that the folder is somebody else's
    env = {
        "GIT_TEST_ASSUME_DIFFERENT_OWNER": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    done = scene.run("destroy", YES="p", **env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_destroy_keeps_what_git_has_of_another_owner(scene: Scene) -> None:
    """Run by sudo, git refuses a folder that is somebody else's, and its files would be lost."""
    said = _destroy(scene, "code/file")
    assert "Kept: code, as git has files in it." in said
    assert (scene.project / "code" / "file").exists()
    assert not (scene.project / "data").exists()


@pytest.mark.parametrize(
    ("git", "why"), [(_REFUSES, "fatal: no, not here"), (_MISSING, "not found")], ids=["fails", "missing"]
)
def test_destroy_keeps_what_git_cannot_speak_of(scene: Scene, git: str, why: str) -> None:
    """Where git fails or is not installed, every folder of a project in git stays, and why is said."""
    (scene.project.parent / ".git").mkdir()  # above the folder of the project
    scene.program("git", git)
    said = _destroy(scene)
    assert said.count("git cannot say whether it has files in it (") == 2
    assert why in said
    assert (scene.project / "code").exists()
    assert (scene.project / "data").exists()


def test_destroy_without_git(scene: Scene) -> None:
    """Where no .git is, nothing can be in git, and all folders go."""
    scene.program("git", _MISSING)
    assert "Kept" not in _destroy(scene)
    assert not (scene.project / "code").exists()
    assert not (scene.project / "data").exists()


def _accepted(scene: Scene) -> list[str]:
    return [line.split("\t")[0] for line in (scene.project / ".composegen/images").read_text().splitlines()]


def test_pull_accepts_what_it_pulled(scene: Scene) -> None:
    """Not what a tag of a manual service, which nobody asked the registry for, means on this machine."""
    manual = {"image": "tool:1", "profiles": ["manual"]}
    scene.facts["services"] = {"web": {"image": "web:1"}, "again": {"image": "web:1"}, "tool": manual}
    scene.facts["services"]["db"] = {"image": "db:1"}  # type: ignore[index]
    done = scene.run("pull")
    assert done.returncode == 0, done.stderr
    assert scene.asked("docker compose pull") == ["docker compose pull web db"]
    assert _accepted(scene) == ["db:1", "web:1"]
    assert scene.run("pull", SERVICE="tool").returncode == 0
    assert _accepted(scene) == ["db:1", "tool:1", "web:1"]


def test_pull_of_nothing_pulls_nothing(scene: Scene) -> None:
    """Where all services are manual; `compose pull` without a name would take them all."""
    scene.facts["services"] = {"tool": {"image": "tool:1", "profiles": ["manual"]}}
    done = scene.run("pull")
    assert (done.returncode, done.stderr) == (0, "")
    assert "all services are manual" in done.stdout
    assert not scene.asked("docker compose pull")


def test_pull_keeps_what_could_not_be_had(scene: Scene) -> None:
    """The rest is accepted."""
    scene.facts["services"] = {"web": {"image": "web:1"}, "db": {"image": "db:1"}}
    scene.unpullable = ["db"]
    done = scene.run("pull")
    assert done.returncode == 1
    assert "Not pulled: db." in done.stderr
    assert _accepted(scene) == ["web:1"]
