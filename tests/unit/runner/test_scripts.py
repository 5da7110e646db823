"""All scripts: clean for shellcheck and every shell, short, and usable where little is there."""

from __future__ import annotations

import os
import pwd
import re
import shlex
import shutil
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.unit.runner.conftest import RUNNER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_SCRIPTS = sorted(RUNNER.glob("*.sh"))
_TARGETS = [p for p in _SCRIPTS if not p.name.startswith("lib")]
_NAMES = "up down start stop restart ps logs pull update deploy rollback dirs config build push destroy help"
_FAKE = """#!/bin/sh
printf '%s\\n' "$*" >>"$LOG"
case "$*" in
*--no-interpolate*) echo '{"name": "p", "x-composegen": {"required": {"A": "filled"}}}' ;;
*) echo '{"name": "p"}' ;;
esac
"""


def test_shellcheck_has_nothing_to_say() -> None:
    """POSIX sh, and no unquoted value."""
    if shutil.which("shellcheck") is None:
        pytest.skip("no shellcheck here")
    done = subprocess.run(
        ["shellcheck", "-s", "sh", "-x", *_SCRIPTS], capture_output=True, text=True, check=False
    )
    assert done.stdout == ""


def test_every_shell_can_read_them(shell: list[str]) -> None:
    """Dash, bash and busybox parse each script."""
    for path in _SCRIPTS:
        subprocess.run([*shell, "-n", path], check=True)


@pytest.mark.parametrize("path", sorted(RUNNER.iterdir()), ids=lambda p: p.name)
def test_each_is_short_and_says_what_it_is(path: Path) -> None:
    """At most 150 lines, plain ASCII but for the ellipsis, a comment at the top."""
    text = path.read_text()
    assert len(text.splitlines()) <= 150
    assert re.search(r"\A(#!/bin/sh\n)?(# .*\n){2}", text)
    if path in _TARGETS and path.name != "help.sh":
        assert re.search(r"Exit codes?[: ]", text)


def _make(project: Path, *words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *words],
        cwd=project,
        env=env,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def test_every_target_is_listed_and_has_its_script(project: Path) -> None:
    """`make` alone is help."""
    said = _make(project).stdout
    for target in _NAMES.split():
        assert f"  make {target} " in said
    named = set(re.findall(r"([a-z]+)\.sh", (project / "composegen.mk").read_text()))
    assert named == {p.stem for p in _TARGETS}


def test_an_existing_makefile_keeps_its_targets(project: Path) -> None:
    """Included at the end, with a prefix, it is in nobody's way."""
    (project / "Makefile").write_text(
        "up:\n\t@echo mine\nCOMPOSEGEN_PREFIX = stack-\ninclude composegen.mk\n"
    )
    assert _make(project).stdout == "mine\n"
    assert "make stack-up " in _make(project, "stack-help").stdout
    assert _make(project, "stack-deploy").returncode == 2


def _fake(folder: Path) -> dict[str, str]:
    """Give an environment with a docker that only notes what it is asked."""
    (folder / "bin").mkdir()
    docker = folder / "bin" / "docker"
    docker.write_text(_FAKE)
    docker.chmod(docker.stat().st_mode | stat.S_IXUSR)
    return {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "LOG": str(folder / "log")}


@pytest.mark.parametrize(
    "name", ["; touch hacked", "$(touch hacked)", "`touch hacked`", "-f", "no such", "a\nb"]
)
@pytest.mark.parametrize("target", ["start", "stop", "restart", "logs", "pull", "deploy"])
def test_a_service_is_a_name(project: Path, tmp_path: Path, target: str, name: str) -> None:
    """What is none is refused, and never reaches a command."""
    (project / "docker-compose.yml").write_text(
        "services:\n  web:\n    image: x\nx-composegen:\n  required: {}\n"
    )
    env = _fake(tmp_path)
    done = subprocess.run(
        ["sh", f"composegen.d/run/{target}.sh"],
        cwd=project,
        env={**env, "SERVICE": name},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "web" in done.stderr
    assert not (project / "hacked").exists()
    assert f" {name}\n" not in (tmp_path / "log").read_text()


def test_without_home_and_path_of_cron(project: Path, script: Callable[..., Path], shell: list[str]) -> None:
    """The home folder is that of the project's owner; programs are found."""
    path = script('printf "%s|%s|%s\\n" "$HOME" "$OWNER_UID" "$PROJECT_DIR"; command -v awk flock >/dev/null')
    done = subprocess.run([*shell, path], env={}, capture_output=True, text=True, check=True)
    home, uid, folder = done.stdout.strip().split("|")
    assert (int(uid), folder) == (project.stat().st_uid, str(project))
    assert home


@pytest.mark.parametrize(
    ("getent", "home"), [("echo x:*:$2:7:A, B:/net/x:/bin/sh", "/net/x"), ("exit 2", "")]
)
def test_the_owner_may_be_unknown_to_this_machines_file(
    script: Callable[..., Path], shell: list[str], tmp_path: Path, getent: str, home: str
) -> None:
    """The directory that getent asks knows the home; where it does not, /etc/passwd does."""
    (tmp_path / "getent").write_text(f'#!/bin/sh\n[ "$1" = passwd ] || exit 3\n{getent}\n')
    (tmp_path / "getent").chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": "/mine"}
    path = script('echo "$HOME"')
    done = subprocess.run([*shell, path], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == (home or pwd.getpwuid(path.stat().st_uid).pw_dir)


def test_a_project_behind_a_link_has_its_real_path(
    project: Path, script: Callable[..., Path], tmp_path: Path
) -> None:
    """Compose's hashes depend on the path."""
    script('echo "$PROJECT_DIR"; pwd')
    (tmp_path / "link").symlink_to(project)
    done = subprocess.run(
        ["sh", "link/composegen.d/run/try.sh"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{project}\n{project}\n"


def test_make_variables_do_not_reach_containers(project: Path, script: Callable[..., Path]) -> None:
    """`make up TIMEOUT=9` is an argument; a TIMEOUT of the environment is the app's."""
    script('echo "$SERVICE_GIVEN,$TIMEOUT_GIVEN,${TIMEOUT-unset}"')
    (project / "Makefile").write_text("try:\n\t@sh composegen.d/run/try.sh\n")
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    assert _make(project, "try", "SERVICE=web", "TIMEOUT=9", env=env).stdout == "web,9,unset\n"
    assert _make(project, "try", env={**env, "TIMEOUT": "30"}).stdout == ",,30\n"
    assert "a number of seconds" in _make(project, "try", "TIMEOUT=soon", env=env).stderr


def test_arguments_without_make_do_not_reach_containers(
    script: Callable[..., Path], shell: list[str]
) -> None:
    """`TIMEOUT=9 sh up.sh`: Compose, which fills in the variables of its environment, does not see them."""
    path = script(
        'given RELEASE\necho "$SERVICE_GIVEN,$TIMEOUT_GIVEN,$ALL_GIVEN,$YES_GIVEN,$value"\n'
        "env | grep -E '^(SERVICE|TIMEOUT|ALL|YES|RELEASE)=' || echo none"
    )
    bare = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    given = {"SERVICE": "web", "TIMEOUT": "9", "ALL": "1", "YES": "p", "RELEASE": "3"}
    done = subprocess.run([*shell, path], env={**bare, **given}, capture_output=True, text=True, check=True)
    assert done.stdout == "web,9,1,p,3\nnone\n"


def test_a_new_env_is_for_its_owner(project: Path, script: Callable[..., Path]) -> None:
    """Secrets will stand in it."""
    subprocess.run(["sh", script("set_in_env R 2", "urls")], check=True)
    assert (project / ".env").stat().st_mode & 0o777 == 0o600


def test_digests_of_secrets_are_for_the_owner(project: Path, script: Callable[..., Path]) -> None:
    """A weak secret could be guessed by its digest; the other state is nothing to hide."""
    writes = ("echo a | write_state mounts", "echo b | write_state mounts", "echo c | write_state images")
    path = script("\n".join(("state_folder", *writes)))
    subprocess.run(["sh", path], check=True)
    state = project / ".composegen"
    assert {p.name: p.stat().st_mode & 0o777 for p in state.iterdir()} == {"mounts": 0o600, "images": 0o644}
    assert (state / "mounts").read_text() == "b\n"


# A part is written, then there is no room. (A function: busybox does not look for another cat.)
_FULL = 'cat() { [ $# = 0 ] || { command cat "$@"; return; }; head -c 4; return 1; }\n'


def test_a_full_disk_leaves_the_state_as_it_was(
    project: Path, script: Callable[..., Path], shell: list[str]
) -> None:
    """Also where errexit is off: in `apply_all ||`; then nothing is replaced that was not noted."""
    state = project / ".composegen"
    state.mkdir()
    (state / "mounts").write_text("web\t./a\t1\n")
    path = script(
        _FULL + 'MOUNTS="web$TAB./a${TAB}2"\n'
        "remove_odd() { :; }; point_back() { :; }; make_missing() { :; }; release_updater() { :; }\n"
        "compose_up() { echo replaced; }; without_rolled() { command cat; }; column() { echo auto; }\n"
        "SERVICES='' CONTAINERS=$RUNNING COMPARED=\"web${TAB}file\"\n"
        "apply_all || echo stopped",
        "facts", "state", "mounts", "anew", "start",
    )  # fmt: skip
    for containers in ("", "web\t1\tid\trunning\thealthy"):
        done = subprocess.run(
            [*shell, path],
            env={**os.environ, "RUNNING": containers},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == "stopped\n", done.stderr
        assert [p.name for p in state.iterdir()] == ["mounts"]
        assert (state / "mounts").read_text() == "web\t./a\t1\n"


@pytest.mark.parametrize("streams", ["| head -n 1", "2>&1 | head -n 1", "| :"])
def test_work_goes_on_when_nobody_reads(
    project: Path, script: Callable[..., Path], shell: list[str], streams: str
) -> None:
    """`make up | head`: what is begun is finished, and what has to be undone at the end is undone."""
    path = script(
        "AT_EXIT=tidy; tidy() { : >tidied; }\nsay one; sleep 0.3\n"
        "for n in 2 3 4; do say $n; warn $n; done; : >worked"
    )
    line = f"{shlex.join([*shell, str(path)])} {streams}"
    subprocess.run(["bash", "-c", f"set -o pipefail; {line}"], cwd=project, capture_output=True, check=True)
    assert (project / "worked").exists()
    assert (project / "tidied").exists()


def test_goals_keep_their_order(project: Path) -> None:
    """`make -j build push` must not push before it has built."""
    for name in ("build", "push", "up"):
        (project / "composegen.d" / "run" / f"{name}.sh").write_text(f'sleep 0.2; echo "${{1:-{name}}}"\n')
    assert _make(project, "-j4", "build", "push", "up").stdout.split() == ["build", "push", "up"]
    assert _make(project, "-j4", "up", "build").stdout.split() == ["up", "build"]


def test_a_user_without_a_name(script: Callable[..., Path], tmp_path: Path) -> None:
    """`id -un` prints the number and fails."""
    (tmp_path / "id").write_text('#!/bin/sh\necho 1234; [ "$1" = -u ]\n')
    (tmp_path / "id").chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["sh", script("user_name")], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "1234"


@pytest.mark.parametrize(
    ("value", "refused"),
    [
        *((v, True) for v in ("/", "//", "/./", "/etc", "//etc/", "/./var/run/docker.sock")),
        *((v, False) for v in ("/srv", "/etc/app", "./etc", "../data", "~/data")),
    ],
)
def test_a_variable_does_not_give_the_host_away(
    script: Callable[..., Path], shell: list[str], value: str, *, refused: bool
) -> None:
    """Neither the whole machine nor its configuration nor the engine's socket, as a value of .env."""
    key = "x-composegen.folders.0.path"
    facts = f"STATIC='{key}\t${{DATA}}' FACTS='{key}\t{value}'"
    path = script(f"{facts}\ncheck_mounts\nstop_on_problems", "facts", "check", "secrets")
    done = subprocess.run([*shell, path], capture_output=True, text=True, check=False)
    assert done.returncode == int(refused), done.stderr
    assert (f"${{DATA}} would mount {value} of this machine" in done.stderr) == refused


@pytest.mark.parametrize(("mode", "refused"), [(0o700, False), (0o500, False), (0o710, True), (0o701, True)])
def test_nobody_else_enters_the_secrets(
    project: Path, script: Callable[..., Path], mode: int, *, refused: bool
) -> None:
    """Neither the group nor others: the files are readable by all."""
    folder = project / "secrets"
    folder.mkdir()
    (folder / "a").write_text("x")
    (folder / "a").chmod(0o400)
    facts = 'FACTS="secrets.a.file$TAB$PROJECT_DIR/secrets/a"'
    path = script(f"{facts}\ncheck_secrets\nstop_on_problems", "facts", "check", "secrets")
    folder.chmod(mode)
    done = subprocess.run(["sh", path], capture_output=True, text=True, check=False)
    assert done.returncode == int(refused), done.stderr
    assert ("others can enter the folder secrets" in done.stderr) == refused
    assert (folder / "a").stat().st_mode & 0o777 == 0o444


def test_new_parents_of_folders_belong_to_the_owner(
    project: Path, script: Callable[..., Path], shell: list[str], tmp_path: Path
) -> None:
    """Made by root, they would keep the owner from deleting what is in them; others are nobody's business."""
    (project / "there").mkdir()
    outside = tmp_path / "outside"
    places = {
        "./var/my data/web": "7:8",
        "./var/log": "-",
        "there/a/": "-",
        "there/../b/c": "7:8",
        "./../d/e": "7:8",
        f"{outside}/f": "7:8",
    }
    (project / "facts").write_text(
        "".join(
            f"x-composegen.folders.{n}.path\t{path}\nx-composegen.folders.{n}.owner\t{owner}\n"
            for n, (path, owner) in enumerate(places.items())
        )
    )
    path = script(
        "FACTS=$(cat facts) OWNER_UID=5 OWNER_GID=6\n"
        'chown() { printf "%s\\n" "$1 ${2#"$PROJECT_DIR/"}" >>chowned; }\nmake_folders',
        "facts",
        "folders",
    )
    subprocess.run([*shell, path], check=True)
    assert (project / "chowned").read_text().splitlines() == [
        "5:6 var/my data",
        "5:6 var",
        "7:8 var/my data/web",
        "5:6 var/log",
        "5:6 there/a",
        "7:8 there/../b/c",
        "7:8 ../d/e",
        f"7:8 {outside}/f",
    ]


def test_a_config_that_is_not_there_is_named(
    project: Path, script: Callable[..., Path], shell: list[str]
) -> None:
    """With its services, all at once; what is there is not, nor are secrets, which have their own check."""
    for path in ("a.conf", "conf.d/x"):
        (project / path).parent.mkdir(exist_ok=True)
        (project / path).write_text("x")
    (project / "dangling").symlink_to("nothing")
    (project / "facts").write_text(
        f"secrets.key.file\t{project}/secrets/key\n"
        f"configs.own.file\t{project}/own.conf\n"
        "services.web.secrets.0.source\tkey\n"
        "services.web.configs.0.source\town\n"
        "x-composegen.services.web.configs.0\t./a.conf\n"
        "x-composegen.services.web.configs.1\t./conf.d\n"
        "x-composegen.services.web.configs.2\t./a b.conf\n"
        "x-composegen.services.web.configs.3\t./dangling\n"
        "x-composegen.services.web\\.2.configs.0\t./a b.conf\n"
    )
    parts = ("facts", "check", "secrets", "mounts")
    path = script("FACTS=$(cat facts)\ncheck_configs\nstop_on_problems", *parts)
    done = subprocess.run([*shell, path], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert [line.split(": ")[1] for line in done.stderr.splitlines()[:-1]] == [
        "config ./a b.conf of web and web.2", "config ./dangling of web", "config own.conf of web",
    ]  # fmt: skip
    for path_ in ("a b.conf", "nothing", "own.conf"):
        (project / path_).write_text("x")
    subprocess.run([*shell, path], cwd=project, check=True)


def test_digests_are_those_that_containers_were_made_with(
    project: Path, script: Callable[..., Path], shell: list[str]
) -> None:
    """Noted before the first are made; of who is replaced, what changed is unknown until that succeeds."""
    line = "\t1\tid\trunning\t-"
    path = script(
        f"CONTAINERS='web{line}\nweb{line}\nold{line}'\n"
        "MOUNTS='M\t./a\t1\nnew\t./a\t1\nweb\t./a\t1\nweb\t./b\t2'\n"
        "for step; do $step; read_state mounts; echo; done",
        "mounts",
    )
    state = project / ".composegen"
    state.mkdir()

    def run(*steps: str) -> list[str]:
        done = subprocess.run([*shell, path, *steps], capture_output=True, text=True, check=True)
        return [step.replace("\t", " ") for step in done.stdout.split("\n\n")[: len(steps)]]

    assert run("record_first")[0].split("\n")[:2] == ["M ./a 1", "new ./a 1"]
    (state / "mounts").write_text("new\t./a\t0\nold\t./o\t7\nweb\t./a\t0\nweb\t./b\t2\n")
    kept = "old ./o 7\nweb ./a {}\nweb ./b 2"
    assert run("record_first", "record_doubtful web", "record_doubtful old") == [
        "M ./a 1\nnew ./a 1\n" + kept.format("0"),
        "M ./a 1\nnew ./a 1\n" + kept.format("-"),
        "M ./a 1\nnew ./a 1\n" + kept.replace("o 7", "o -").format("-"),
    ]
    (state / "mounts").unlink()
    empty = script("CONTAINERS='' MOUNTS=''\nrecord_first\nrecord_doubtful web", "mounts")
    subprocess.run([*shell, empty], check=True)
    assert (state / "mounts").read_text() == ""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A=1", "A=1\n{begin}\nR=2\n{end}\n"),
        ("{begin}\nR=1\nS=3\n{end}\nA=1\n", "{begin}\nS=3\nR=2\n{end}\nA=1\n"),
        ("{begin}\r\nR=1\r\n{end}\r\nA=1\r\n", "{begin}\r\nR=2\n{end}\r\nA=1\r\n"),
        ("{begin}\nR=1\n", "{begin}\nR=2\n{end}\n"),
    ],
)
def test_a_value_in_the_block_of_env(
    project: Path, script: Callable[..., Path], tmp_path: Path, before: str, after: str
) -> None:
    """It is replaced, wherever the file really is, and nothing else is touched."""
    marks = {"begin": "# >>> composegen: written by make and deploys", "end": "# <<< composegen"}
    real = tmp_path / "production.env"
    real.write_bytes(before.format(**marks).encode())
    real.chmod(0o640)
    (project / ".env").symlink_to(real)
    subprocess.run(["sh", script("set_in_env R 2", "urls")], check=True)
    assert real.read_bytes().decode() == after.format(**marks)
    assert (project / ".env").is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("linked", [False, True], ids=["own", "link"])
@pytest.mark.parametrize("end", ["exit 1", "return 1", "kill -TERM $$; sleep 1", "kill -KILL $$; sleep 1"])
def test_no_draft_of_env_is_left(
    project: Path, script: Callable[..., Path], tmp_path: Path, end: str, *, linked: bool
) -> None:
    """It has secrets. After a hard kill it is in .composegen, which neither git nor an image takes."""
    (project / ".composegen").mkdir()
    real = tmp_path / "production.env" if linked else project / ".env"
    real.write_text("A=secret\n")
    if linked:
        (project / ".env").symlink_to(real)
    path = script(f'mv() {{ echo "drafted $2"; {end}; }}\nset_in_env R 2', "urls")
    done = subprocess.run(["sh", path], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    draft = f"{real}.composegen-new" if linked else ".composegen/env.new"
    assert done.stdout == f"drafted {draft}\n"
    assert not (project / ".env.composegen-new").exists()
    assert (project / draft).exists() == ("KILL" in end)
    assert real.read_text() == "A=secret\n"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("project name must not be empty", "COMPOSE_PROJECT_NAME=…"),
        ("yaml: line 3", "cannot read docker-compose.yml"),
    ],
)
def test_what_compose_says_is_explained(project: Path, tmp_path: Path, said: str, told: str) -> None:
    """A folder such as 日本 has no letter that may stand in the name of a project."""
    (project / "docker-compose.yml").write_text("services: {}\nx-composegen:\n  required: {}\n")
    env = _fake(tmp_path)
    (tmp_path / "bin" / "docker").write_text(
        f"#!/bin/sh\n[ \"$1\" != compose ] || {{ echo '{said}' >&2; exit 1; }}\n"
    )
    done = _make(project, "ps", env={**os.environ, **env})
    assert done.returncode == 2
    assert told in done.stderr
