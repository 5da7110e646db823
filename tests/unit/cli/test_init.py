"""`composegen init`: what it writes, what it leaves alone, and that the result compiles."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

WEB = "FROM python:3.12-slim\nEXPOSE 8000\n"
HADOLINT = str(Path(sys.executable).parent / "hadolint")


def put(folder: Path, **files: str) -> None:
    """Write files; ``__`` in a name stands for '/', ``_d_`` for '.'."""
    for name, text in files.items():
        path = folder / name.replace("_d_", ".").replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def builds(folder: Path, composegen: Any) -> None:
    """Check that the project compiles without a finding."""
    done = composegen("check", str(folder))
    assert (done.code, done.err) == (0, "")


def test_example(tmp_path: Path, composegen: Any) -> None:
    """An empty folder becomes a project: page, Dockerfile, private .env, and the next two commands."""
    done = composegen("init", "shop")
    assert done.code == 0
    folder = tmp_path / "shop"
    assert sorted(p.name for p in folder.iterdir()) == [".env", "Dockerfile", "public"]
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600
    assert "# composegen.service = shop\n" in (folder / "Dockerfile").read_text()
    assert done.out.endswith("Next:\n  composegen build shop\n  make -C shop up\n")
    builds(folder, composegen)


def test_commands_can_be_pasted(tmp_path: Path, composegen: Any) -> None:
    """The folder's name stands in them as a shell wants it."""
    done = composegen("init", "my $shop")
    assert done.out.endswith("Next:\n  composegen build 'my $shop'\n  make -C 'my $shop' up\n")
    assert (tmp_path / "my $shop").is_dir()


def test_twice_changes_nothing(tmp_path: Path, composegen: Any, snapshot: Any) -> None:
    """A second run finds everything there."""
    composegen("init")
    before = snapshot(tmp_path)
    again = composegen("init")
    assert again.code == 0
    assert "Nothing to do." in again.out
    assert snapshot(tmp_path) == before


def test_env_for_a_public_host(tmp_path: Path, composegen: Any) -> None:
    """A public host gets acme, and what is still empty is named."""
    done = composegen("init", "--host", "Shop.example.com")
    env = (tmp_path / ".env").read_text()
    assert "\nSITE_HOST=shop.example.com\n" in env
    assert "\nCOMPOSEGEN_TLS=acme\n" in env
    assert "\nCOMPOSEGEN_ACME_EMAIL=\n" in env
    assert ".env: still to be filled in: COMPOSEGEN_ACME_EMAIL" in done.out
    assert ">>>" not in env


def test_an_address_is_no_host_for_https(tmp_path: Path, composegen: Any) -> None:
    """No certificate can be chosen for one; where the committed files have no TLS it is a host like any."""
    for address in ("192.168.1.5", "::1", "[::1]"):
        done = composegen("init", "--host", address)
        assert done.code == 2
        assert "https needs a name" in done.err
        assert "NAME.localhost" in done.err
    assert list(tmp_path.iterdir()) == []
    assert composegen("init").code == 0
    (tmp_path / ".env").unlink()
    assert composegen("build", "--set", "COMPOSEGEN_TLS=off").code == 0
    assert composegen("init", "--host", "192.168.1.5").code == 0
    assert "SITE_HOST=192.168.1.5\n" in (tmp_path / ".env").read_text()


def test_env_with_email(tmp_path: Path, composegen: Any) -> None:
    """With an address nothing is missing."""
    done = composegen("init", "--host", "shop.example.com", "--email", "ops@example.com")
    assert "COMPOSEGEN_ACME_EMAIL=ops@example.com\n" in (tmp_path / ".env").read_text()
    assert "still to be filled in" not in done.out


def test_env_of_a_committed_project(project: Path, composegen: Any) -> None:
    """A clone takes the committed example and keeps the shape of the committed files."""
    composegen("build")
    (project / ".env").unlink()
    done = composegen("init", "--host", "localhost")
    env = (project / ".env").read_text()
    assert "wrote .env" in done.out
    assert "SITE_HOST=localhost" in env
    assert "COMPOSEGEN_TLS=" not in env
    assert composegen("build", "--check").code == 0


def test_env_is_never_touched(project: Path, composegen: Any) -> None:
    """An .env that is there stays, rights included; so does a link to one that is not there."""
    before = (project / ".env").read_bytes()
    (project / ".env").chmod(0o640)
    assert ".env: is there already" in composegen("init").out
    assert (project / ".env").read_bytes() == before
    (project / ".env").unlink()
    (project / ".env").symlink_to(project / "nowhere")
    composegen("init")
    assert not (project / "nowhere").exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("FROM a\nEXPOSE 8000\n", "@FROM a\nEXPOSE 8000\n"),
        (
            "# syntax=docker/dockerfile:1\nFROM a\nEXPOSE 8000\n",
            "# syntax=docker/dockerfile:1\n@FROM a\nEXPOSE 8000\n",
        ),
        ("# escape=`\n# about\nFROM a\nEXPOSE `\n 8000\n", "# escape=`\n@# about\nFROM a\nEXPOSE `\n 8000\n"),
        ("\ufeffFROM a\nEXPOSE 8000\n", "\ufeff@FROM a\nEXPOSE 8000\n"),
        ("\ufeff# escape=`\r\nFROM a\r\nEXPOSE 8000\r\n", "\ufeff# escape=`\r\n@FROM a\r\nEXPOSE 8000\r\n"),
    ],
)
def test_place_of_the_block(tmp_path: Path, composegen: Any, before: str, after: str) -> None:
    """Annotations stand below directives and byte order mark, with the file's line ends."""
    path = tmp_path / "Dockerfile"
    path.write_bytes(before.encode())
    path.chmod(0o640)
    assert composegen("init", "--service", "web").code == 0
    block = (
        "# composegen.service = web\n# composegen.url = https://${SITE_HOST}\n# composegen.port = 8000\n\n"
    )
    wanted = after.replace("@", block.replace("\n", "\r\n") if "\r\n" in before else block)
    assert path.read_bytes().decode() == wanted
    assert path.stat().st_mode & 0o777 == 0o640
    builds(tmp_path, composegen)


def test_several_dockerfiles(tmp_path: Path, composegen: Any) -> None:
    """Names come from folders and suffixes; one service gets the address, the others can have one."""
    put(tmp_path, api__Dockerfile=WEB, web__Dockerfile=WEB, db__Dockerfile="FROM postgres:16\nEXPOSE 5432\n")
    put(tmp_path, Dockerfile_d_worker="FROM python:3.12-slim\nCMD celery\n")
    done = composegen("init")
    assert (
        (tmp_path / "web/Dockerfile")
        .read_text()
        .startswith("# composegen.service = web\n# composegen.url = https://${SITE_HOST}\n")
    )
    assert (
        (tmp_path / "api/Dockerfile")
        .read_text()
        .startswith(
            "# composegen.service = api\n#--- composegen.url = https://api.${SITE_HOST}\n# composegen.port"
        )
    )
    assert (tmp_path / "db/Dockerfile").read_text().startswith("# composegen.service = db\n\nFROM")
    assert (tmp_path / "Dockerfile.worker").read_text().startswith("# composegen.service = worker\n\nFROM")
    assert "api/Dockerfile: its url is switched off" in done.out
    assert composegen("check").code == 0


def test_what_is_left_alone(tmp_path: Path, composegen: Any) -> None:
    """Annotated and misspelt ones, variants, links and files without FROM stay as they are."""
    put(tmp_path, Dockerfile="# composegen.service = web\nFROM a\n", Dockerfile_d_dev="FROM a\n")
    put(tmp_path, x__Dockerfile="# composgen.service = x\nFROM a\n", y__Dockerfile="RUN x\n")
    (tmp_path / "z.Dockerfile").symlink_to("Dockerfile")
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    done = composegen("init")
    assert done.code == 0
    assert {p: p.read_bytes() for p in before} == before
    for name in ("Dockerfile.dev", "x/Dockerfile", "y/Dockerfile", "z.Dockerfile"):
        assert f"{name}: left alone" in done.out


def test_names_are_distinct(tmp_path: Path, composegen: Any) -> None:
    """Equal names, taken names and reserved names are told apart; the result compiles."""
    put(tmp_path, a__web__Dockerfile=WEB, b__web__Dockerfile=WEB, traefik__Dockerfile="FROM a\n")
    put(tmp_path, Dockerfile="# composegen.service = a-web\nFROM a\n")
    (tmp_path / "Über Uns").mkdir()
    (tmp_path / "Über Uns/Dockerfile").write_text("FROM a\n")
    composegen("init")
    first = {
        str(p.relative_to(tmp_path)): p.read_text().splitlines()[0] for p in tmp_path.rglob("Dockerfile")
    }
    assert len(set(first.values())) == len(first) == 5
    assert first["traefik/Dockerfile"].endswith("= traefik-app")
    assert first["Über Uns/Dockerfile"].endswith("= ber-uns")
    assert composegen("check").code == 0


def test_options(tmp_path: Path, composegen: Any) -> None:
    """--service and --port are for one Dockerfile; mistakes are wrong use and write nothing."""
    put(tmp_path, Dockerfile="FROM a\n")
    assert composegen("init", "--service", "a b").code == 2
    assert composegen("init", "--host", "not a host").code == 2
    assert composegen("init", "--port", "0").code == 2
    assert (tmp_path / "Dockerfile").read_text() == "FROM a\n"
    assert composegen("init", "--service", "x", "--port", "9").code == 0
    assert (
        "# composegen.service = x\n# composegen.url = https://${SITE_HOST}\n# composegen.port = 9\n"
        in (tmp_path / "Dockerfile").read_text()
    )


def test_a_port_that_nothing_tells(tmp_path: Path, composegen: Any) -> None:
    """The note names all three lines that make a url; beside a served one it names another host."""
    put(tmp_path, Dockerfile="FROM a\n")
    said = composegen("init", "--service", "x").out
    assert "composegen.url = https://${SITE_HOST}` and `# composegen.port = N`" in said
    assert "SITE_HOST=localhost to .env" in said
    put(tmp_path, web__Dockerfile=WEB, worker__Dockerfile="FROM a\n")
    said = composegen("init").out
    assert "composegen.url = https://worker.${SITE_HOST}`" in said
    assert "SITE_HOST=" not in said


def test_service_for_two(tmp_path: Path, composegen: Any) -> None:
    """One name cannot be two services'."""
    put(tmp_path, a__Dockerfile=WEB, b__Dockerfile=WEB)
    assert composegen("init", "--service", "x").code == 2


PACKAGE = json.dumps({"scripts": {"start": "node server.js --x", "build": "tsc"}})
FRAMEWORKS: dict[str, tuple[dict[str, str], list[str]]] = {
    "flask": (
        {
            "requirements_d_txt": "Flask==3.0\n",
            "app_d_py": "from flask import Flask\napp = Flask(__name__)\n",
        },
        ['-r requirements.txt "gunicorn>=23"\n', 'CMD ["gunicorn", "--bind", "0.0.0.0:8000", "app:app"]'],
    ),
    "fastapi": (
        {
            "requirements_d_txt": "fastapi\nuvicorn\n",
            "api__main_d_py": "import fastapi\nx = fastapi.FastAPI()\n",
        },
        ["-r requirements.txt\n", '"api.main:x"]'],
    ),
    "django": (
        {"requirements_d_txt": "django>5\ngunicorn\n", "manage_d_py": "", "site1__wsgi_d_py": ""},
        ["-r requirements.txt\n", '"site1.wsgi:application"]'],
    ),
    "node": (
        {"package_d_json": PACKAGE, "package-lock_d_json": "{}"},
        ["COPY package.json package-lock.json ./", "RUN npm ci\n", 'CMD ["node", "server.js", "--x"]'],
    ),
    "node-with-an-open-quote": (
        {"package_d_json": json.dumps({"scripts": {"start": "node server.js --name 'abc"}})},
        ['CMD ["npm", "start"]'],
    ),
    "pnpm": (
        {"package_d_json": '{"scripts": {"start": "A=1 next start"}}', "pnpm-lock_d_yaml": ""},
        ["corepack enable && pnpm install --frozen-lockfile --prod", 'CMD ["pnpm", "start"]'],
    ),
    "go": (
        {
            "go_d_mod": "module x\n\ngo 1.24.1\n",
            "cmd__srv__main_d_go": 'package main\n// ListenAndServe(":9000"',
        },
        ["FROM golang:1.24 AS build", "go build -o /app ./cmd/srv", "# composegen.port = 9000"],
    ),
    "static": ({"index_d_html": "x"}, ["FROM nginx:", "COPY . /usr/share/nginx/html"]),
    "built-static": ({"dist__index_d_html": "x"}, ["COPY dist /usr/share/nginx/html"]),
    "nothing": ({}, ["FROM busybox:musl", "COPY public /www"]),
    "nothing-but-prose": (
        {
            "README_d_md": "",
            "LICENSE-APACHE-2_d_0": "",
            "Licence_d_txt": "",
            "docs__a_d_md": "",
            "_d_gitignore": "",
            "NOTES_d_md": "",
        },
        ["FROM busybox:musl", "COPY public /www"],
    ),
}


@pytest.mark.parametrize("kind", FRAMEWORKS)
def test_frameworks(tmp_path: Path, composegen: Any, kind: str) -> None:
    """Each kind of project gets a Dockerfile that hadolint accepts and that compiles."""
    files, wanted = FRAMEWORKS[kind]
    put(tmp_path, **files)
    assert composegen("init").code == 0
    text = (tmp_path / "Dockerfile").read_text()
    for part in wanted:
        assert part in text
    assert "@" not in text
    linted = subprocess.run(
        [HADOLINT, "Dockerfile"], cwd=tmp_path, capture_output=True, check=False, text=True
    )
    assert (linted.returncode, linted.stdout) == (0, "")
    builds(tmp_path, composegen)


@pytest.mark.parametrize(
    "files",
    [
        {"requirements_d_txt": "flask\n"},
        {"requirements_d_txt": "flask\n", "a_d_py": "x = Flask(1)\n", "b_d_py": "y = Flask(1)\n"},
        {"package_d_json": '{"scripts": {}}'},
        {"package_d_json": "{"},
        {"pyproject_d_toml": '[project]\ndependencies = ["flask"]\n', "wsgi_d_py": "app = Flask(1)\n"},
        {"requirements_d_txt": "bottle\n", "main_d_py": "print()\n"},
        {"Cargo_d_toml": "[package]\n", "src__main_d_rs": ""},
        {"index_d_php": "<?php"},
        {"docker-compose_d_yml": "services: {}\n", "README_d_md": ""},
        {"public__robots_d_txt": ""},
        {"license-server_d_py": ""},
    ],
)
def test_uncertain_frameworks(tmp_path: Path, composegen: Any, snapshot: Any, files: dict[str, str]) -> None:
    """Where the application cannot be told for certain, nothing is written."""
    put(tmp_path, **files)
    before = snapshot(tmp_path)
    done = composegen("init")
    assert done.code == 1
    assert "write a Dockerfile" in done.err
    assert snapshot(tmp_path) == before


def test_static_site_serves_no_private_file(tmp_path: Path, composegen: Any) -> None:
    """A site in the project's own folder keeps .env, secrets, git and the generated files out."""
    put(tmp_path, index_d_html="x", _d_dockerignore="drafts\n")
    composegen("init")
    composegen("build")
    lines = (tmp_path / ".dockerignore").read_text().splitlines()
    assert lines[0] == "drafts"
    assert {".*", "secrets/", "composegen.d/", "docker-compose*.yml", "*Dockerfile*", "Makefile"} <= set(
        lines
    )


def test_unwritable(tmp_path: Path, composegen: Any) -> None:
    """A target that cannot be made is a message."""
    (tmp_path / "file").write_text("")
    assert composegen("init", "file/sub").code == 2


def test_prompts_on_a_terminal(tmp_path: Path) -> None:
    """On a terminal each Dockerfile, the host and the contact are asked for; No leaves a file alone."""
    put(tmp_path, a__Dockerfile=WEB, b__Dockerfile=WEB)
    answers = b"n\ny\nshop.example.com\nops@example.com\n"
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "composegen", "init"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.write(ours, answers)
        assert process.wait(30) == 0
    os.close(theirs)
    os.close(ours)
    assert (tmp_path / "a/Dockerfile").read_text() == WEB
    assert "composegen.service = b" in (tmp_path / "b/Dockerfile").read_text()
    env = (tmp_path / ".env").read_text()
    assert "SITE_HOST=shop.example.com" in env
    assert "COMPOSEGEN_ACME_EMAIL=ops@example.com" in env


def test_a_bad_answer_is_asked_for_again(tmp_path: Path) -> None:
    """What is no host, or an address where https needs a name, is said; nothing ends in a traceback."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "composegen", "init"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.write(ours, b"not a host\n192.168.1.5\nlocalhost\n")
        assert process.wait(30) == 0
    said = os.read(ours, 1 << 16).decode()
    os.close(theirs)
    os.close(ours)
    assert "'not a host' is no host name" in said
    assert "https needs a name" in said
    assert "SITE_HOST=localhost" in (tmp_path / ".env").read_text()


def test_yes_asks_nothing(tmp_path: Path) -> None:
    """--yes asks nothing on a terminal either."""
    put(tmp_path, Dockerfile=WEB)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "composegen", "init", "--yes"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        assert process.wait(30) == 0
    os.close(theirs)
    os.close(ours)
    assert "composegen.service" in (tmp_path / "Dockerfile").read_text()


def test_hadolint_is_there() -> None:
    """The lint tests cannot pass for want of the program."""
    assert shutil.which(HADOLINT)


def test_foreign_compose_file(tmp_path: Path, composegen: Any) -> None:
    """A compose file of the user's own stays, and what to do with it is said before the build refuses."""
    put(tmp_path, Dockerfile=WEB)
    (tmp_path / "docker-compose.yml").write_text("services: {}\n")
    done = composegen("init")
    assert "docker-compose.yml: not composegen's; move it away" in done.out
    assert (tmp_path / "docker-compose.yml").read_text() == "services: {}\n"
