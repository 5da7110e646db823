"""The runner on a real engine: what `make up` starts, leaves alone, refuses and explains."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.site import wait
from tests.standin.scene import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.site import Site

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

_TEMPLATES = Path(__file__).parents[2] / "templates"
_HEALTH = (
    "{test: [CMD, wget, -q, -O, /dev/null, 'http://127.0.0.1:8000/app.conf'],"
    " interval: 1s, timeout: 3s, retries: 2, start_period: 2s, start_interval: 500ms}"
)
_COMPOSE = f"""\
services:
  web:
    image: ${{COMPOSEGEN_IMAGE_WEB:-${{COMPOSE_PROJECT_NAME}}-web:latest}}
    scale: 2
    restart: unless-stopped
    stop_signal: SIGKILL
    command: [sh, -c, "echo web; mkdir -p /tmp/w; cp /app.conf /tmp/w/ && exec httpd -f -p 8000 -h $${{ROOT:-/tmp/w}}"]
    environment: {{SITE_HOST: "${{SITE_HOST:?}}", WHO: "${{UID}}:${{GID}}", ROOT: "${{ROOT:-}}", TIMEOUT: "${{TIMEOUT:-none}}"}}
    volumes: ["./app.conf:/app.conf:ro", "data:/data", "./my data:/folder"]
    secrets: [token]
    healthcheck: {_HEALTH}
    depends_on: {{db: {{condition: service_started}}, toolbox: {{condition: service_completed_successfully}}}}
  db:
    image: busybox:musl
    restart: unless-stopped
    stop_signal: SIGKILL
    command: [sh, -c, "exec sleep 100000"]
  job:
    image: busybox:musl
    restart: "no"
    command: [sh, -c, "echo the job speaks; exit ${{JOB:-0}}"]
  extra:
    image: busybox:musl
    profiles: [manual]
    restart: unless-stopped
    stop_signal: SIGKILL
    command: [sleep, "100000"]
  toolbox: {{image: busybox:musl, command: ["true"], network_mode: none}}
volumes: {{data: {{}}, acme: {{}}}}
secrets: {{token: {{file: ./secrets/token}}}}
x-composegen:
  version: "0"
  shape: {{COMPOSEGEN_TLS: acme, COMPOSEGEN_FRONTEND: traefik, COMPOSEGEN_REGISTRY: ""}}
  required:
    SITE_HOST: filled
    OTHER: set
  urls:
    - {{service: web, url: "https://${{SITE_HOST:?}}/"}}
    - {{service: db, url: "https://${{DB_HOST:-db.example}}/"}}
  folders:
    - {{path: "./my data", owner: "1234:1234", mode: "0750"}}
  volumes:
    - {{name: data, owner: "77:78", mode: "0710"}}
  services:
    web: {{image: COMPOSEGEN_IMAGE_WEB, reference: "${{COMPOSE_PROJECT_NAME}}-web:latest", update: auto, rollout: roll, replicas: 2, configs: [./app.conf]}}
    db: {{image: COMPOSEGEN_IMAGE_DB, reference: busybox:musl, update: notify, rollout: stop, replicas: 0}}
    job: {{image: COMPOSEGEN_IMAGE_DB, reference: busybox:musl, update: "off", rollout: stop, replicas: 0, oneshot: true}}
    extra: {{image: COMPOSEGEN_IMAGE_DB, reference: busybox:musl, update: "off", rollout: stop, replicas: 0, manual: true}}
"""  # noqa: E501 - a compose file as it is generated


@pytest.fixture
def site(new_site: Callable[[str], Site]) -> Iterator[Site]:
    """A project that has all that it needs, in a folder with an odd name; nothing is started."""
    site = new_site("run")
    odd = site.folder.parent / "an $odd 'name\""
    site.folder.rename(odd)
    site.folder = odd
    shutil.copytree(_TEMPLATES / "runner", odd / "composegen.d" / "run")
    for name in ("composegen.mk", "Makefile"):
        shutil.copy(_TEMPLATES / name, odd)
    (odd / "docker-compose.yml").write_text(_COMPOSE)
    (odd / "app.conf").write_text("one\n")
    (odd / "secrets").mkdir(mode=0o700)
    (odd / "secrets" / "token").write_text("secret")
    site.settings(SITE_HOST="a.example", OTHER="", COMPOSEGEN_RUNNER_IMAGE="none")
    image(site, "first")
    yield site
    found = site.engine.docker("images", "--quiet", f"--filter=label=runner-test={site.name}").split()
    site.end()
    if found:
        site.engine.docker("rmi", "--force", *dict.fromkeys(found), check=False)


def image(site: Site, text: str, *more: str, tag: str = "") -> str:
    """Build an image and give its id; /data in it belongs to somebody else."""
    lines = [
        "FROM busybox:musl",
        "RUN mkdir -p /data && chown 33:33 /data",
        f"LABEL runner-test={site.name} text={text}",
        *more,
    ]
    return site.engine.docker(
        "build", "--quiet", "--tag", tag or f"{site.name}-web:latest", "-", stdin="\n".join(lines)
    ).strip()


def script(site: Site, name: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a script of the runner as make does, to see its own exit code."""
    return subprocess.run(
        ["sh", f"composegen.d/run/{name}.sh"],
        cwd=site.folder,
        env={**site.env, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def updated(site: Site, service: str, new: str) -> None:
    """Replace each container as watchtower does: the new image, everything else as it was."""
    for old in site.containers(service):
        (told,) = json.loads(site.engine.docker("inspect", old))
        config, host = told["Config"], told["HostConfig"]
        health = config["Healthcheck"]
        words = [f"--name={told['Name'][1:]}", f"--hostname={config['Hostname']}", "--restart=unless-stopped"]
        words += [f"--label={k}={v}" for k, v in config["Labels"].items()]
        words += [f"--env={e}" for e in config["Env"]]
        for mount in host["Mounts"] or []:
            source = mount["Source"].replace('"', '""')
            words.append(f'--mount=type={mount["Type"]},"source={source}",target={mount["Target"]}')
        words += [f"--volume={b}" for b in host["Binds"] or []]
        words += [f"--network={n}" for n in told["NetworkSettings"]["Networks"]]
        words += [
            f"--health-cmd={' '.join(health['Test'][1:])}",
            "--health-interval=1s",
            "--health-retries=2",
        ]
        site.engine.docker("rm", "--force", old)
        assert site.engine.docker("images", "--quiet", "--no-trunc", config["Image"]).strip() == new
        site.engine.docker("run", "--detach", *words, config["Image"], *config["Cmd"])
    wait("healthy again", lambda: set(site.state("{{.State.Health.Status}}", service)) == {"healthy"})


def test_a_second_up_changes_nothing(site: Site) -> None:
    """First everything is made, with owners and modes; then ids and start times stay."""
    said = site.up()
    assert "Everything is ready." in said
    assert "  https://a.example:" in said
    folder = (site.folder / "my data").stat()
    assert (folder.st_uid, folder.st_gid, oct(folder.st_mode)) == (1234, 1234, "0o40750")
    (web, _) = site.containers("web")
    owner = site.engine.docker("exec", web, "stat", "-c", "%u:%g %a", "/data").strip()
    assert owner == "77:78 710", "although the image gives it to another"
    mine = site.folder.stat()
    assert f"WHO={mine.st_uid}:{mine.st_gid}" in site.engine.docker("inspect", web)
    before = site.starts()
    assert "nothing was restarted" in site.make("up", "TIMEOUT=99")
    assert site.starts() == before
    assert site.containers("extra") == []
    # From cron, with nothing in the environment, and once more: the same containers.
    done = subprocess.run(
        ["sh", str(site.folder / "composegen.d/run/up.sh")],
        cwd="/",
        env={**site.engine.exports, "PATH": site.env["PATH"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert site.starts() == before


def test_owners_are_set_without_the_right_to(site: Site, tmp_path: Path) -> None:
    """Who may use the engine but not chown gets the same; what is in a folder keeps its owner."""
    for name in ("chown", "chmod"):
        (tmp_path / name).write_text(
            f"#!/bin/sh\ncase $* in *'my data'*) exit 1 ;; esac\nexec /bin/{name} \"$@\"\n"
        )
        (tmp_path / name).chmod(0o755)
    folder = site.folder / "my data"
    folder.mkdir(mode=0o755)
    (folder / "file").write_text("")
    (site.folder / "secrets" / "token").chmod(0o444)
    done = script(site, "dirs", PATH=f"{tmp_path}:{site.env['PATH']}")
    assert done.returncode == 0, done.stderr
    assert "Changed the folder my data (not what is in it): owner 1234:1234, mode 0750." in done.stdout
    assert (folder.stat().st_uid, oct(folder.stat().st_mode)) == (1234, "0o40750")
    assert (folder / "file").stat().st_uid == os.getuid()
    assert script(site, "dirs").stdout == ""


def test_what_watchtower_updated_is_left_alone(site: Site) -> None:
    """Compose by itself would restart it. A real change then touches that service only."""
    site.up()
    new = image(site, "second")
    updated(site, "web", new)
    before = site.starts()
    said = site.up()
    assert "nothing was restarted" in said
    assert "update by watchtower is accepted" in said
    assert site.starts() == before
    web = site.containers("web")
    text = (site.folder / "docker-compose.yml").read_text()
    (site.folder / "docker-compose.yml").write_text(text.replace("exec sleep 100000", "exec sleep 100001"))
    said = site.up()
    assert "db restarts: its configuration changed." in said
    assert "web restarts" not in said
    assert site.containers("web") == web


def test_an_image_that_merely_lies_here_is_not_started(site: Site) -> None:
    """Whoever moved the tag: it is pointed back, and the way to take the image is named."""
    site.up()
    first = site.state("{{.Image}}", "web")
    before = site.starts()
    image(site, "bad", "CMD false")
    said = site.up()
    assert "newer image" in said
    assert "nothing was restarted" in said
    assert site.starts() == before
    site.make("stop", "SERVICE=web")
    site.make("start", "SERVICE=web")
    assert site.state("{{.Image}}", "web") == first


def test_another_reference_means_another_image(site: Site) -> None:
    """What ran under the old name was never accepted for the new one."""
    site.up()
    new = image(site, "next", tag=f"{site.name}-web:next")
    path = site.folder / "docker-compose.yml"
    path.write_text(path.read_text().replace("-web:latest", "-web:next"))
    assert "web restarts" in site.up()
    assert set(site.state("{{.Image}}", "web")) == {new}
    assert "nothing was restarted" in site.up()


def test_a_replica_that_a_gate_left_with_a_bad_image_is_made_anew(site: Site) -> None:
    """Only that one; Compose takes it for up to date."""
    site.up()
    bad = image(site, "bad")
    one, other = site.containers("web")
    (told,) = json.loads(site.engine.docker("inspect", one))
    labels = [f"--label={k}={v}" for k, v in told["Config"]["Labels"].items()]
    site.engine.docker("rm", "--force", one)
    network = next(iter(told["NetworkSettings"]["Networks"]))
    site.engine.docker(
        "run",
        "--detach",
        f"--name={told['Name'][1:]}",
        *labels,
        f"--network={network}",
        "--restart=always",
        bad,
        "false",
    )
    said = site.up()
    assert "its image was not accepted" in said
    assert other in site.containers("web")
    assert len(site.containers("web")) == 2
    assert bad not in site.state("{{.Image}}", "web")


@pytest.mark.parametrize("what", ["config", "secret"])
def test_an_edited_file_recreates_its_service(site: Site, what: str) -> None:
    """Compose alone would not notice."""
    site.up()
    db, web = site.containers("db"), site.containers("web")
    path = site.folder / ("app.conf" if what == "config" else "secrets/token")
    path.unlink()
    path.write_text("two\n")
    said = site.up()
    assert f"web restarts: {'./app.conf' if what == 'config' else 'secrets/token'} changed." in said
    assert site.containers("db") == db
    assert not set(site.containers("web")) & set(web)
    place = "/app.conf" if what == "config" else "/run/secrets/token"
    assert site.engine.docker("exec", site.containers("web")[0], "cat", place) == "two\n"
    assert "nothing was restarted" in site.up()


def test_no_edit_is_forgotten(site: Site) -> None:
    """Not after a first start that failed, not by `make start` on what runs, not when it was taken back."""

    def edit(text: str) -> None:
        (site.folder / "app.conf").unlink()
        (site.folder / "app.conf").write_text(text)

    site.settings(JOB="1")
    assert "job: ended with exit code 1" in site.up(check=False)
    edit("two\n")
    assert "web restarts: ./app.conf changed." in site.up(check=False)
    edit("one\n")
    site.settings(JOB="0")
    assert "web restarts: ./app.conf changed." in site.up()
    edit("three\n")
    web = site.containers("web")
    site.make("start", "SERVICE=web")
    assert site.containers("web") == web
    assert "web restarts: ./app.conf changed." in site.up()
    assert site.engine.docker("exec", site.containers("web")[0], "cat", "/app.conf") == "three\n"
    assert "nothing was restarted" in site.up()


def test_everything_missing_is_named_before_anything_is_made(site: Site) -> None:
    """All variables; all bad settings; all secrets, modes, hosts and a deploy's intent: each at once."""
    (site.folder / ".env").write_text(f"COMPOSE_PROJECT_NAME={site.name}\nSITE_HOST=\n")
    done = script(site, "up")
    assert done.returncode == 1
    assert "SITE_HOST is empty" in done.stderr
    assert "OTHER is missing: add OTHER=… to .env" in done.stderr
    site.settings(SITE_HOST="a.example", OTHER="", DB_HOST="A.example", COMPOSEGEN_TLS="local")
    done = script(site, "up")
    assert "built with COMPOSEGEN_TLS=acme, .env asks for local: run composegen build" in done.stderr
    site.settings(COMPOSEGEN_TLS="acme", COMPOSEGEN_HSTS_SECONDS="1y")
    site.settings(COMPOSEGEN_TRUSTED_PROXIES="::1 10.0.0.1")
    done = script(site, "up")
    assert "COMPOSEGEN_HSTS_SECONDS is '1y': a number of seconds" in done.stderr
    assert "COMPOSEGEN_TRUSTED_PROXIES is '::1 10.0.0.1': addresses" in done.stderr
    site.settings(COMPOSEGEN_HSTS_SECONDS="", COMPOSEGEN_TRUSTED_PROXIES="::1 , 10.0.0.0/8")
    (site.folder / "secrets" / "token").unlink()
    (site.folder / "app.conf").unlink()
    (site.folder / "secrets").chmod(0o755)
    (site.folder / ".composegen" / "intent.json").write_text("{}")
    done = script(site, "up")
    assert done.returncode == 1
    for text in (
        "secrets/token",
        "config ./app.conf of web: it is not there",
        "chmod 0700 secrets",
        "web and db both claim https://a.example/",
        "composegen deploy",
    ):
        assert text in done.stderr
    assert "Nothing was started or changed." in done.stderr
    assert site.left() == []
    assert not (site.folder / "my data").exists()
    assert not (site.folder / "app.conf").exists()


def test_values_of_env_are_read_as_compose_reads_them(site: Site) -> None:
    """Quotes, several lines, dollars; and nothing of them is run. Profiles start what is manual."""
    odd = 'a $(touch hacked) `touch hacked`\n"b\\ $x'
    with (site.folder / ".env").open("a") as file:
        file.write(f"OTHER='{odd}'\nUID=4711\nCOMPOSE_PROFILES='other, manual'\n")
    site.up()
    assert len(site.containers("extra")) == 1
    assert not (site.folder / "hacked").exists()
    assert f"WHO=4711:{site.folder.stat().st_gid}" in site.engine.docker("inspect", site.containers("web")[0])


def test_a_job_that_fails_fails_the_start(site: Site) -> None:
    """With its exit code and its log; the others run on."""
    site.settings(JOB="3")
    done = script(site, "up")
    assert done.returncode == 1
    assert "error: job: ended with exit code 3" in done.stderr
    assert "    the job speaks" in done.stderr
    assert len(site.containers("web")) == 2


def test_an_app_that_never_gets_ready_is_explained(site: Site) -> None:
    """What the health check said last, and the log."""
    site.settings(ROOT="/nowhere")
    done = script(site, "up", TIMEOUT="15", COMPOSEGEN_PATIENCE="5")
    assert done.returncode == 1
    assert "error: web: 0 of 2 ready" in done.stderr
    assert "its last log lines:\n    " in done.stderr
    assert "'/nowhere': No such file" in done.stderr
    assert len(site.containers("web")) == 2, "left for inspection"


def test_commands_that_need_no_variable(site: Site) -> None:
    """down, stop, restart, ps, logs and start of another service work with an incomplete .env."""
    site.up()
    site.make("start", "SERVICE=extra")
    (site.folder / ".env").write_text(f"COMPOSE_PROJECT_NAME={site.name}\n")
    web = site.containers("web")
    assert "extra" in site.make("ps")
    site.make("stop", "SERVICE=extra")
    assert site.containers("extra") == []
    site.make("start", "SERVICE=extra")
    assert len(site.containers("extra")) == 1
    assert "SITE_HOST is missing" in site.make("start", "SERVICE=web", check=False)
    assert "ready" in site.make("restart", "SERVICE=web")
    assert site.containers("web") == web
    assert "the job speaks" in site.make("logs", "SERVICE=job")
    site.make("down")
    assert site.containers() == []
    assert [line.split()[0] for line in site.left()] == ["volume"]


def test_two_at_once(site: Site) -> None:
    """The second names the first; who looks need not wait."""
    state = site.folder / ".composegen"
    state.mkdir()
    (state / "lock.holder").write_text("ann\t42\tmake up\t2026-01-01 00:00:00 UTC\n")
    with (state / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = script(site, "up", COMPOSEGEN_LOCK_WAIT="1")
        assert script(site, "ps").returncode == 0
    assert done.returncode == 5
    assert "make up (user ann, process 42, since 2026-01-01 00:00:00 UTC)" in done.stderr
    assert site.left() == []


def test_destroy_asks_and_deletes_what_is_the_projects(site: Site, tmp_path: Path) -> None:
    """Not what lies elsewhere, behind a link, in git or in a volume of certificates."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "keep").write_text("")
    text = (site.folder / "docker-compose.yml").read_text()
    more = f'  folders:\n    - {{path: ./link}}\n    - {{path: "{outside}"}}\n    - {{path: ./source}}\n'
    text = text.replace("  folders:\n", more).replace('"data:/data"', '"data:/data", "acme:/acme"')
    (site.folder / "docker-compose.yml").write_text(text)
    (site.folder / "link").symlink_to(outside)
    (site.folder / "source").mkdir()
    (site.folder / "source" / "code").write_text("")
    for words in (["init", "-q"], ["add", "source"]):
        subprocess.run(["git", *words], cwd=site.folder, check=True)
    site.up()
    done = script(site, "destroy")
    assert done.returncode == 2
    assert len(site.containers("web")) == 2
    assert script(site, "destroy", YES="other").returncode == 1
    assert "folder " + str(site.folder / "my data") in answered(site, "wrong")
    assert len(site.containers("web")) == 2
    assert "is gone" in answered(site, site.name)
    assert site.containers() == []
    assert site.engine.docker("volume", "ls", "-q", f"--filter=name={site.name}_").split() == [
        f"{site.name}_acme"
    ]
    assert (outside / "keep").exists()
    assert (site.folder / "source" / "code").exists()
    assert (site.folder / "secrets" / "token").exists()
    assert not (site.folder / "my data").exists()
    assert not (site.folder / ".composegen").exists()
    site.make("destroy", "ALL=1", f"YES={site.name}", check=False)
    assert script(site, "destroy", YES=site.name, ALL="1").returncode == 0
    assert site.left() == []


def test_destroy_deletes_what_containers_own(site: Site, tmp_path: Path) -> None:
    """Who may use the engine but not delete the files of a container's user."""
    (tmp_path / "rm").write_text(
        '#!/bin/sh\ncase $* in *\'my data\'*) shift 2; exec rmdir "$1" ;; esac\nexec /bin/rm "$@"\n'
    )
    (tmp_path / "rm").chmod(0o755)
    site.up()
    folder = site.folder / "my data"
    (folder / "below").mkdir()
    for name in ("-rf", ".hidden", "below/file"):
        (folder / name).write_text("")
    folder.chmod(0)
    done = script(site, "destroy", YES=site.name, PATH=f"{tmp_path}:{site.env['PATH']}")
    assert done.returncode == 0, done.stderr
    assert not folder.exists()


def answered(site: Site, answer: str) -> str:
    """Run destroy on a terminal and type an answer."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["sh", "composegen.d/run/destroy.sh"],
        cwd=site.folder,
        env=site.env,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        said, _ = process.communicate(timeout=120)
    os.close(ours)
    return said


def built_here(site: Site) -> str:
    """Make web a service without a registry; give its Dockerfile, to which a text is added."""
    text = (site.folder / "docker-compose.yml").read_text()
    text = text.replace("update: auto, rollout", "build: true, update: auto, rollout")
    (site.folder / "docker-compose.yml").write_text(text)
    (site.folder / "docker-compose.build.yml").write_text("services: {web: {build: ./web}}\n")
    return f"FROM busybox:musl\nRUN mkdir /data\nLABEL runner-test={site.name} text="


def test_local_images_are_built_by_every_up(site: Site) -> None:
    """An unchanged one stays; a changed one is taken at once, as it is what was asked for."""
    dockerfile = built_here(site)
    site.write(web=dockerfile + "one\n")
    site.up()
    before = site.starts()
    assert "nothing was restarted" in site.up()
    assert site.starts() == before
    site.write(web=dockerfile + "two\n")
    assert "web restarts: its image changed." in site.up()
    assert set(site.state('{{index .Config.Labels "text"}}', "web")) == {"two"}


def test_a_start_builds_nothing_that_is_there(site: Site) -> None:
    """What was built and not started is not taken: the accepted image is; without any it is built."""
    dockerfile = built_here(site)
    site.write(web=dockerfile + "one\n")
    site.engine.docker("rmi", f"{site.name}-web:latest")
    site.make("start", "SERVICE=web")
    first = site.state("{{.Image}}", "web")
    accepted = (site.folder / ".composegen" / "images").read_text()
    site.write(web=dockerfile + "two\nCMD false\n")
    site.make("build")
    site.make("stop", "SERVICE=web")
    assert "what was built since is not started; `make up`" in site.make("start", "SERVICE=web")
    assert site.state("{{.Image}}", "web") == first
    assert (site.folder / ".composegen" / "images").read_text() == accepted


def test_what_is_manual_is_not_started_by_up(site: Site) -> None:
    """Not what has ended, changed or not; what runs is replaced. A start takes the files as they are now."""
    text = (site.folder / "docker-compose.yml").read_text()
    ends, stays = '[sh, -c, "test ${ENDS:-yes} = yes || exec sleep 5555"]', '[sleep, "100000"]'
    manual = "profiles: [manual]\n    restart: "
    text = text.replace(manual + "unless-stopped", manual + '"no"').replace(stays, ends)
    oneshot = text.replace("manual: true}", "manual: true, oneshot: true}")
    (site.folder / "docker-compose.yml").write_text(oneshot)
    site.make("start", "SERVICE=extra")
    before = site.starts()
    site.settings(ENDS="no")
    said = site.up()
    assert "extra" not in said
    assert set(before) <= set(site.starts())
    (site.folder / "docker-compose.yml").write_text(text)
    site.make("start", "SERVICE=extra")
    assert site.state("{{.State.Status}}", "extra") == ["running"]
    (site.folder / "docker-compose.yml").write_text(text.replace("exec sleep 5555", "exec sleep 6666"))
    assert "extra restarts: its configuration changed." in site.up()
    site.engine.docker("stop", "--time=0", *site.containers("extra"))
    before = site.starts()
    (site.folder / "docker-compose.yml").write_text(text)
    assert "extra" not in site.up()
    assert site.starts() == before


def test_everything_is_manual(site: Site) -> None:
    """Nothing starts by itself, which is no failure; what is not in the file any more goes all the same."""
    site.up()
    text = (site.folder / "docker-compose.yml").read_text()
    extra = text[text.index("  extra:") : text.index("  toolbox:")]
    head, facts = text[: text.index("  web:")], text[text.index("x-composegen:") :]
    (site.folder / "docker-compose.yml").write_text(f"{head}{extra}volumes: {{data: {{}}}}\n{facts}")
    site.engine.docker("volume", "rm", "--force", f"{site.name}_data", check=False)
    said = site.up()
    assert "web is stopped and removed" in said
    assert "Nothing starts by itself: make start SERVICE=name starts one (extra)." in said
    assert site.containers() == []
    site.make("start", "SERVICE=extra")
    before = site.starts()
    assert "nothing was restarted" in site.up()
    assert site.starts() == before
    assert "extra is stopped; make start SERVICE=extra starts it again." in site.make("stop", "SERVICE=extra")


def test_pull_takes_what_can_be_had(site: Site) -> None:
    """It accepts what it pulled and restarts nothing; what has no registry is named and stays."""
    with registry.running(site.engine) as images:
        tag, none = f"{images.address}/{site.name}/web:latest", f"127.0.0.1:1/{site.name}/none:1"
        text = (site.folder / "docker-compose.yml").read_text()
        text = text.replace("${COMPOSE_PROJECT_NAME}-web:latest", tag).replace("busybox:musl", none)
        (site.folder / "docker-compose.yml").write_text(text)
        site.engine.docker("tag", "busybox:musl", none)
        try:
            image(site, "one", tag=tag)
            site.engine.docker("push", tag)
            site.up()
            before = site.starts()
            new = image(site, "two", tag=tag)
            site.engine.docker("push", tag)
            assert "newer image" in site.up()
            assert site.starts() == before
            done = script(site, "pull")
            assert done.returncode == 1
            assert f"web: {tag} is new." in done.stdout
            assert "Not pulled:" in done.stderr
            assert site.starts() == before
            assert "web restarts: its image changed." in site.up()
            assert set(site.state("{{.Image}}", "web")) == {new}
            updated(site, "web", image(site, "three", tag=tag))
            assert "update by watchtower is accepted" in site.up()
            image(site, "four", tag=tag)
            site.engine.docker("push", tag)
            assert "is new" in script(site, "pull").stdout
            assert "web restarts" in site.up(), "although what ran came from watchtower"
        finally:
            # What uses their images goes before the registry and its images do.
            site.end()
            site.engine.docker("rmi", none, check=False)


def test_a_correction_of_what_never_got_ready_is_applied(new_site: Callable[[str], Site]) -> None:
    """Neither what cannot start nor what others wait for is started once more as it was."""
    site = new_site("corrected")
    site.settings(COMPOSEGEN_FRONTEND="none", COMPOSEGEN_UPDATER="none", COMPOSEGEN_TLS="off")
    head = "FROM testapp:static\n# composegen.stop-grace = 1s\n"
    site.write(
        app=f"{head}# composegen.service = app\n# composegen.depends = db:healthy\n",
        db=f"{head}# composegen.service = db\n# composegen.healthcheck = tcp 1s 1s 1 port=9\n",
        odd=f"{head}# composegen.service = odd\n# composegen.entrypoint = /nope\n",
    )
    site.composegen("build")
    site.make("up", "TIMEOUT=20", check=False)
    site.write(
        db=f"{head}# composegen.service = db\n# composegen.healthcheck = tcp 1s 1s 1 port=8080\n",
        odd=f"{head}# composegen.service = odd\n",
    )
    site.composegen("build")
    assert "Everything is ready" in site.up()
    assert site.state("{{.State.Status}}", "app", "db", "odd") == ["running"] * 3
    before = site.starts()
    site.up()
    assert site.starts() == before
