"""`composegen build`: its modes, exit codes, and what it prints where."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import click
import pytest
import yaml
from click.testing import CliRunner

from composegen import __version__
from composegen.cli import COMMANDS, cli

if TYPE_CHECKING:
    from pathlib import Path

BAD = "# composegen.service = web\n# composegen.port = 80a\nFROM alpine\n"


def test_build_writes_once(project: Path, composegen: Any, snapshot: Any) -> None:
    """The first build names what it wrote, the second writes nothing."""
    first = composegen("build")
    assert first.code == 0
    assert "wrote docker-compose.yml\n" in first.out
    before = snapshot(project)
    again = composegen("build")
    assert (again.code, again.out) == (0, "Nothing to do: all files are up to date.\n")
    assert snapshot(project) == before


def test_folder_argument(project: Path, composegen: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A project elsewhere is built by naming its folder, to the same bytes."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    composegen("build")
    here = (project / "docker-compose.yml").read_bytes()
    assert composegen("build", str(project), "--check", cwd=elsewhere).code == 0
    assert (project / "docker-compose.yml").read_bytes() == here
    assert list(elsewhere.iterdir()) == []


def test_check_mode(project: Path, composegen: Any, snapshot: Any) -> None:
    """--check writes nothing, names what is stale, and ends with 1 until it is built."""
    before = snapshot(project)
    stale = composegen("build", "--check")
    assert stale.code == 1
    assert "stale: docker-compose.yml\n" in stale.err
    assert "run `composegen build`" in stale.err
    assert snapshot(project) == before
    composegen("build")
    fresh = composegen("build", "--check")
    assert (fresh.code, fresh.out, fresh.err) == (0, "", "")


def test_check_needs_no_env(project: Path, composegen: Any) -> None:
    """In a checkout without .env the committed shape counts."""
    composegen("build")
    (project / ".env").unlink()
    assert composegen("build", "--check").code == 0


def test_diff_mode(project: Path, composegen: Any, snapshot: Any) -> None:
    """--diff shows a unified diff of every file that would change, and writes nothing."""
    composegen("build")
    dockerfile = project / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text().replace("8000", "8001"))
    before = snapshot(project)
    done = composegen("build", "--diff")
    assert done.code == 0
    assert "--- a/docker-compose.yml\n+++ b/docker-compose.yml\n" in done.out
    assert '-      PORT: "8000"\n+      PORT: "8001"\n' in done.out
    assert snapshot(project) == before


def test_stdout_mode(project: Path, composegen: Any, snapshot: Any) -> None:
    """--stdout prints the compose file that a build writes, and writes nothing."""
    before = snapshot(project)
    done = composegen("build", "--stdout")
    assert snapshot(project) == before
    composegen("build")
    assert done.out == (project / "docker-compose.yml").read_text()
    assert "web" in yaml.safe_load(done.out)["services"]


def test_edit_by_hand_is_kept(project: Path, composegen: Any) -> None:
    """A file that someone edited is not overwritten, but with --force."""
    composegen("build")
    file = project / "docker-compose.yml"
    generated = file.read_text()
    file.write_text(generated.replace("restart: unless-stopped", "restart: always"))
    edited = file.read_text()
    refused = composegen("build")
    assert refused.code == 1
    assert "CG507" in refused.err
    assert "Nothing was written." in refused.err
    assert file.read_text() == edited
    assert composegen("build", "--force").code == 0
    assert file.read_text() == generated


def test_foreign_file_is_kept(project: Path, composegen: Any, snapshot: Any) -> None:
    """A compose file that composegen did not write is not overwritten, and nothing else is written."""
    (project / "docker-compose.yml").write_text("services: {}\n")
    before = snapshot(project)
    refused = composegen("build")
    assert refused.code == 1
    assert "CG508" in refused.err
    assert snapshot(project) == before


def test_errors_stop(project: Path, composegen: Any, snapshot: Any) -> None:
    """A mistake ends with 1 before anything is written, and --stdout prints no half file."""
    (project / "Dockerfile").write_text(BAD)
    before = snapshot(project)
    for mode in ((), ("--check",), ("--diff",), ("--stdout",)):
        done = composegen("build", *mode)
        assert (done.code, done.out) == (1, "")
        assert "Dockerfile:2:21: error[CG102]" in done.err
    assert snapshot(project) == before


def test_machine_formats(project: Path, composegen: Any) -> None:
    """With a machine format the standard output holds the findings and nothing else."""
    clean = composegen("build", "--format", "json")
    assert (clean.code, json.loads(clean.out)) == (0, [])
    (project / "Dockerfile").write_text(BAD)
    found = composegen("build", "--check", "--format", "github")
    assert found.code == 1
    assert found.out.startswith("::error file=Dockerfile,line=2,col=21,title=CG102::")


def test_set_beats_everything(project: Path, composegen: Any) -> None:
    """--set is stronger than the environment, and that than .env."""
    del project

    def tls(*arguments: str, **environ: str) -> str:
        done = composegen("build", "--stdout", *arguments, **environ)
        return str(yaml.safe_load(done.out)["x-composegen"]["shape"]["COMPOSEGEN_TLS"])

    assert tls() == "local"
    assert tls(COMPOSEGEN_TLS="off") == "off"
    assert tls("--set", "COMPOSEGEN_TLS=files", COMPOSEGEN_TLS="off") == "files"


def test_set_mistakes(project: Path, composegen: Any) -> None:
    """--set without '=' is wrong use; a bad value is a finding."""
    del project
    assert composegen("build", "--set", "COMPOSEGEN_TLS").code == 2
    bad = composegen("build", "--set", "COMPOSEGEN_TLS=maybe")
    assert bad.code == 1
    assert "CG402" in bad.err


def takes_folder(name: str) -> bool:
    """Whether a command is told its folder; the others name services of the project they stand in."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    folders = [p for p in command.params if p.name == "folder" and isinstance(p.type, click.Path)]
    return name != "init" and bool(folders)


@pytest.mark.parametrize("command", [c for c in COMMANDS if takes_folder(c)])
def test_wrong_folder(composegen: Any, command: str) -> None:
    """A folder that is not there, and a file, are wrong use."""
    missing = composegen(command, "nowhere")
    assert missing.code == 2
    assert "nowhere" in missing.err
    assert composegen(command, __file__).code == 2


def test_unreadable_dockerfile(project: Path, composegen: Any) -> None:
    """A Dockerfile that is no text is a finding, not a traceback."""
    (project / "Dockerfile").write_bytes(b"FROM \xff\n")
    done = composegen("build")
    assert done.code == 1
    assert "CG502" in done.err


def test_unknown_command(composegen: Any) -> None:
    """A misspelt command is wrong use, and the nearest one is named."""
    done = composegen("biuld")
    assert done.code == 2
    assert "Did you mean build?" in done.err
    assert composegen("frobnicate").code == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command: str) -> None:
    """Every command of the table is there, has help, and answers -h."""
    for option in ("-h", "--help"):
        result = CliRunner().invoke(cli, [command, option])
        assert result.exit_code == 0
        assert command in result.output
    assert command in CliRunner().invoke(cli, ["--help"]).output


def test_version(composegen: Any) -> None:
    """--version prints the version."""
    done = composegen("--version")
    assert (done.code, done.out) == (0, f"composegen, version {__version__}\n")


def test_version_imports_no_compiler() -> None:
    """Start-up stays short: the group imports none of the compiler, YAML or JSON."""
    code = "import sys, composegen.cli; print(*sorted(m for m in sys.modules))"
    loaded = set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True, text=True
        ).stdout.split()
    )
    ours = {m for m in loaded if m.startswith("composegen.")}
    assert ours == {"composegen.cli", "composegen.errors"}
    assert not loaded & {"yaml", "jinja2", "docker", "json", "socket"}


def test_makefile_that_is_a_folder(project: Path, composegen: Any) -> None:
    """What stands in the Makefile's place is not read and not touched."""
    (project / "Makefile").mkdir()
    assert composegen("build").code == 0
    assert list((project / "Makefile").iterdir()) == []


def test_what_is_no_longer_generated_goes(project: Path, composegen: Any) -> None:
    """A route that is gone leaves no file for nginx to serve, another frontend leaves no folder."""
    url = "# composegen.url = http://{}.example.com\n"
    text = "# composegen.service = web\n" + url.format("a") + url.format("b") + "FROM alpine\n"
    (project / "Dockerfile").write_text(text)
    composegen("build", "--set", "COMPOSEGEN_FRONTEND=nginx")
    hosts = project / "composegen.d" / "nginx" / "hosts"
    assert sorted(p.name for p in hosts.iterdir()) == ["a.example.com.conf", "b.example.com.conf"]
    (project / "Dockerfile").write_text(text.replace(url.format("b"), ""))
    assert "removed composegen.d/nginx/hosts/b.example.com.conf\n" in composegen("build").out
    assert sorted(p.name for p in hosts.iterdir()) == ["a.example.com.conf"]
    composegen("build", "--set", "COMPOSEGEN_FRONTEND=traefik")
    assert not (project / "composegen.d" / "nginx").exists()


def test_a_dockerfile_with_an_ignore_file_of_its_own(project: Path, composegen: Any) -> None:
    """BuildKit reads it in the place of .dockerignore: what must stay out stays out all the same."""
    own = project / "Dockerfile.dockerignore"
    own.write_text("drafts\n")
    assert "wrote Dockerfile.dockerignore\n" in composegen("build").out
    assert {"drafts", ".env", "secrets/", ".composegen/"} <= set(own.read_text().splitlines())
    assert composegen("build", "--check").code == 0


def test_no_ignore_file_is_made_for_one_dockerfile(project: Path, composegen: Any) -> None:
    """It would switch off the .dockerignore that the user has."""
    assert composegen("build").code == 0
    assert not (project / "Dockerfile.dockerignore").exists()


def test_empty_sources_are_not_set(project: Path, composegen: Any) -> None:
    """The files keep which Dockerfiles count, whether .env leaves the setting out or empty."""
    (project / "b.Dockerfile").write_text("# composegen.service = b\nFROM alpine\n")
    composegen("build", "--set", "COMPOSEGEN_SOURCES=Dockerfile")
    with (project / ".env").open("a") as env:
        env.write("COMPOSEGEN_SOURCES=\n")
    assert composegen("build", "--check").code == 0
    assert composegen("build", "--check", COMPOSEGEN_SOURCES="").code == 0
    composegen("build", "--set", "COMPOSEGEN_SOURCES=")
    assert {"web", "b"} <= set(yaml.safe_load((project / "docker-compose.yml").read_text())["services"])
    (project / ".env").unlink()
    assert composegen("build", "--check").code == 0


@pytest.mark.parametrize("pattern", [".", "a**b", "x" * 300, "..", "/"])
def test_sources_that_are_no_pattern(project: Path, composegen: Any, pattern: str) -> None:
    """They match nothing, which is told as such."""
    done = composegen("check", "--set", f"COMPOSEGEN_SOURCES={pattern}")
    assert (done.code, "CG506" in done.err) == (1, True)
    assert project.is_dir()


@pytest.mark.parametrize("name", ["GNUmakefile", "makefile"])
def test_a_makefile_of_another_name(project: Path, composegen: Any, name: str) -> None:
    """Make reads it instead of a Makefile, which therefore would be no use."""
    (project / name).write_text("all:\n")
    done = composegen("build")
    assert f"Your {name} does not include the targets" in done.out
    assert not (project / "Makefile").exists()


def test_context_above_from_anywhere(
    tmp_path: Path, composegen: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The overlay names the project's folder, not the one that composegen was started in."""
    folder = tmp_path / "deploy"
    folder.mkdir()
    (folder / "Dockerfile").write_text(
        "FROM alpine\n# composegen.service = a\n# composegen.build = ..\nRUN x\n"
    )
    for place in (tmp_path, folder, tmp_path_factory.mktemp("elsewhere")):
        composegen("build", str(folder), cwd=place)
        build = yaml.safe_load((folder / "docker-compose.build.yml").read_text())["services"]["a"]["build"]
        assert build == {"context": "..", "dockerfile": "deploy/Dockerfile"}


def test_compose_file_setting_beats_the_other_name(project: Path, composegen: Any) -> None:
    """Where COMPOSE_FILE says what is read, another compose file is in nobody's way."""
    (project / "compose.yaml").write_text("services: {}\n")
    assert composegen("build").code == 1
    assert composegen("build", COMPOSE_FILE="docker-compose.yml").code == 0
    assert composegen("build", "--check").code == 0


def test_a_rewritten_file_keeps_its_mode(project: Path, composegen: Any) -> None:
    """Whoever has taken others' rights away has them stay away."""
    composegen("build")
    compose = project / "docker-compose.yml"
    compose.chmod(0o640)
    assert "wrote docker-compose.yml\n" in composegen("build", "--set", "COMPOSEGEN_TLS=off").out
    assert compose.stat().st_mode & 0o777 == 0o640


def _git(folder: Path, *words: str) -> int:
    names = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    return subprocess.run(["git", *names, *words], cwd=folder, capture_output=True, check=False).returncode


def test_a_build_ends_a_merge_conflict(project: Path, composegen: Any) -> None:
    """Two branches each built: the generated files conflict, and nobody has edited them."""
    composegen("build")
    text = (project / "Dockerfile").read_text()
    _git(project, "init", "-q", "-b", "main")
    _git(project, "add", "-A")
    _git(project, "commit", "-qm", "start")
    _git(project, "checkout", "-qb", "other")
    (project / "Dockerfile").write_text(text + "# composegen.env = B=1\n")
    composegen("build")
    _git(project, "commit", "-qam", "other")
    _git(project, "checkout", "-q", "main")
    (project / "Dockerfile").write_text("# composegen.maxmem = 64m\n" + text)
    composegen("build")
    _git(project, "commit", "-qam", "main")
    assert _git(project, "merge", "other") == 1
    assert "<<<<<<<" in (project / "docker-compose.yml").read_text()
    assert composegen("build").code == 0
    assert "<<<<<<<" not in (project / "docker-compose.yml").read_text()
    _git(project, "commit", "-qam", "merged")
    (project / "docker-compose.yml").write_text("# mine\n" + (project / "docker-compose.yml").read_text())
    edited = composegen("build")
    assert edited.code == 1
    assert edited.err.endswith("docker-compose.yml:\n  -# mine\nNothing was written.\n")


def test_a_page_is_switched_off_in_env(project: Path, composegen: Any) -> None:
    """An empty line keeps what the files have, and is told how; `off` takes the page out, for good."""
    pages = "COMPOSEGEN_DASHBOARD_URL=https://t.test\nCOMPOSEGEN_UPDATE_URL=https://u.test\n"
    rest = "COMPOSEGEN_DASHBOARD_AUTH=staff\nCOMPOSEGEN_UPDATE_TOKEN=x\nCOMPOSEGEN_REGISTRY=r.test\n"
    (project / ".env").write_text(pages + rest)
    assert composegen("build").code == 0
    compose = project / "docker-compose.yml"
    (project / ".env").write_text("COMPOSEGEN_DASHBOARD_URL=\nCOMPOSEGEN_UPDATE_URL=\n" + rest)
    done = composegen("build")
    assert "COMPOSEGEN_DASHBOARD_URL is empty in .env, so docker-compose.yml keeps https://t.test" in done.out
    assert "write COMPOSEGEN_UPDATE_URL=off for the default." in done.out
    assert "t.test" in compose.read_text()
    (project / ".env").write_text("COMPOSEGEN_DASHBOARD_URL=off\nCOMPOSEGEN_UPDATE_URL=off\n" + rest)
    done = composegen("build")
    assert (done.code, done.err) == (0, "")
    built = compose.read_text()
    assert not any(word in built for word in ("t.test", "u.test", "secrets/staff", "UPDATE_TOKEN:"))
    shape = yaml.safe_load(built)["x-composegen"]["shape"]
    assert shape["COMPOSEGEN_DASHBOARD_URL"] == shape["COMPOSEGEN_UPDATE_URL"] == "off"
    (project / ".env").write_text("COMPOSEGEN_DASHBOARD_URL=\n" + rest)
    assert "Nothing to do" in composegen("build").out
