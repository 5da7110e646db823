"""The pre-commit hook and the GitHub action: both find stale files in a real git repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
HOOK = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())[0]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
BIN = Path(sys.executable).parent
DOCKERFILE = "# composegen.service = web\n# composegen.url = https://${SITE_HOST}\nFROM nginx\nEXPOSE 80\n"


def run(*words: str, cwd: Path, code: int | None = 0, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a program with composegen's own folder first on PATH."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "COMPOSEGEN_"))}
    env = {**inherited, "PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(cwd), **environ}
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert code is None or done.returncode == code, done.stdout + done.stderr
    return done


def git(cwd: Path, *words: str) -> None:
    """Run git with a name of its own."""
    run("git", "-c", "user.name=t", "-c", "user.email=t@example.com", *words, cwd=cwd)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Make a repository with a project that is built and committed."""
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    run("composegen", "build", "--set", "COMPOSEGEN_TLS=local", cwd=tmp_path)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "x")
    return tmp_path


def make_stale(folder: Path) -> None:
    """Change an annotation without building."""
    (folder / "Dockerfile").write_text(
        DOCKERFILE.replace("# composegen.url", "# composegen.maxmem = 64m\n# composegen.url")
    )
    git(folder, "add", "-A")


def test_hook_runs_under_pre_commit(repository: Path) -> None:
    """pre-commit runs the hook as it is declared, but for the installation, and stops a stale commit."""
    config = {"repos": [{"repo": "local", "hooks": [{**HOOK, "language": "system"}]}]}
    (repository / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    git(repository, "add", "-A")
    command = (sys.executable, "-m", "pre_commit", "run", "--all-files")
    assert "Passed" in run(*command, cwd=repository).stdout
    make_stale(repository)
    assert "stale: docker-compose.yml" in run(*command, cwd=repository, code=1).stdout


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("Dockerfile", True),
        ("a/Dockerfile.worker", True),
        ("a/web.Dockerfile", True),
        ("docker-compose.yml", True),
        ("composegen.d/run/up.sh", True),
        (".env.example", True),
        ("src/main.py", False),
        ("README.md", False),
    ],
)
def test_files_of_the_hook(path: str, wanted: bool) -> None:  # noqa: FBT001 - a parameter of pytest's
    """The hook runs for annotations and for what a build writes, and is no burden otherwise."""
    assert bool(re.search(HOOK["files"], path)) is wanted


def test_hook_installs() -> None:
    """What pre-commit would install is a package whose entry point is the hook's command."""
    assert HOOK["language"] == "python"
    assert HOOK["pass_filenames"] is False
    assert f"{HOOK['entry'].split()[0]} = composegen.cli:main" in (ROOT / "setup.cfg").read_text()


def steps() -> list[dict[str, Any]]:
    """Return the steps of the action that run commands."""
    assert ACTION["runs"]["using"] == "composite"
    return [s for s in ACTION["runs"]["steps"] if "run" in s]


def test_action_checks(repository: Path) -> None:
    """The action's command passes on fresh files, and fails with 1 on stale ones and on mistakes."""
    command = steps()[-1]["run"]
    where = {"COMPOSEGEN_DIRECTORY": ACTION["inputs"]["directory"]["default"]}
    run("bash", "-e", "-c", command, cwd=repository, **where)
    make_stale(repository)
    assert (
        "stale: docker-compose.yml"
        in run("bash", "-e", "-c", command, cwd=repository, code=1, **where).stderr
    )
    (repository / "Dockerfile").write_text(DOCKERFILE + "# composegen.prot = 1\n")
    found = run("bash", "-e", "-c", command, cwd=repository, code=1, **where).stdout
    assert found.startswith("::error file=Dockerfile,line=5,col=14,title=CG101::")


def test_action_installs_itself() -> None:
    """The installation is from the action's own path, which is the root of this project."""
    install = steps()[0]
    assert install["env"] == {"COMPOSEGEN_SOURCE": "${{ github.action_path }}"}
    assert install["run"].endswith('"$COMPOSEGEN_SOURCE"')
    assert (ROOT / "action.yml").parent.joinpath("pyproject.toml").exists()


def test_action_pastes_no_input_into_a_script() -> None:
    """An input in a script would be run as a part of it."""
    assert all("${{" not in step["run"] for step in steps())
    assert all(step["shell"] == "bash" for step in steps())
