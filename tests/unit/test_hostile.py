"""One annotation, one value of `.env` or one file name in the hands of an attacker.

What is refused, and that what is accepted stays in its place: in YAML, a Traefik rule, a shell
word, an ignore file, a message on a terminal.
"""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from composegen import discover
from composegen.diagnostics import Report
from composegen.pipeline import Input, compile_project
from composegen.render import FORMATS
from composegen.source import Source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

WEB = "FROM alpine\n# composegen.service = web\n"
ROUTED = WEB + "# composegen.url = https://example.com\n"


def build(*texts: str, env: str = "", names: tuple[str, ...] = ()) -> tuple[Mapping[str, str], Report]:
    """Compile Dockerfiles in folders of their own."""
    paths = [*names, *(f"f{n}/Dockerfile" for n in range(len(texts)))][: len(texts)]
    report = Report()
    sources = [Source(p, t) for p, t in zip(paths, texts, strict=True)]
    given = Input(sources=sources, env=Source(".env", env), environ={})
    return compile_project(given, report).files, report


def codes(report: Report) -> list[str]:
    """The codes of all errors."""
    return sorted({d.code for d in report if d.severity.label == "error"})


def document(files: Mapping[str, str]) -> dict[str, Any]:
    """The compose file."""
    found: dict[str, Any] = yaml.safe_load(files["docker-compose.yml"])
    return found


REFUSED = [
    # labels that steer the frontend, Compose or the updater, in any case
    ("label = traefik.http.routers.x.rule=Host(`b.test`)", "CG217"),
    ("label = Traefik.Enable=true", "CG217"),
    ("label = composegen.frontend=other", "CG217"),
    ("label = com.docker.compose.oneoff=False", "CG217"),
    ("label = com.centurylinklabs.watchtower.lifecycle.pre-update=id", "CG217"),
    ('compose.labels = {"composegen.frontend": "other"}', "CG217"),
    ('compose.labels = ["com.docker.compose.project=other"]', "CG217"),
    ("compose.labels.composegen.frontend = other", "CG217"),
    # what the probe and the gate go by
    ("env = COMPOSEGEN_SCALE=9", "CG218"),
    ("env = COMPOSEGEN_ROOT=/tmp", "CG218"),
    ("env = COMPOSEGEN_TAG", "CG218"),
    ("volume = x:/dev/shm", "CG102"),
    ("volume = x:/dev", "CG102"),
    ("volume = x://dev//shm/", "CG102"),
    ("volume = x:/.composegen", "CG102"),
    ("volume = x://.composegen/bin", "CG102"),
    ("volume = x:/./.composegen/hold", "CG102"),
    ("volume = x:/${P:-.composegen}", "CG102"),
    ("tmpfs = /dev/shm:ro", "CG102"),
    ("tmpfs = //.composegen/bin", "CG102"),
    ("secret = key=/.composegen/hold/x", "CG102"),
    ("config = ./x:/dev/shm/composegen-drain", "CG102"),
    # networks and volumes that lead to the engine, the certificates or every container
    ("network = socket", "CG307"),
    ("network = frontend", "CG307"),
    ("network = updater-socket", "CG307"),
    ("network = host", "CG307"),
    ("volume = toolbox:/x", "CG307"),
    ("volume = tls:/x", "CG307"),
    ("volume = letsencrypt:/x", "CG307"),
    ("volume = acme:/x", "CG307"),
    ("volume = certificates:/x", "CG307"),
    ("volume = local-ca:/x", "CG307"),
    # paths out of the project
    ("secret = ../x", "CG102"),
    ("secret = a=../../etc/passwd", "CG102"),
    ("auth = ../x", "CG102"),
    ("config = ./../../etc/passwd:/x", "CG102"),
    ("config = a/../../b:/x", "CG102"),
    ("config = /etc/passwd:/x", "CG102"),
    ("config = ~/x:/x", "CG102"),
    ("volume = //:/x", "CG203"),
    ("volume = /./var/run/docker.sock:/x", "CG203"),
    ("volume = /run/containerd/containerd.sock:/x", "CG203"),
    ("volume = /run/podman/podman.sock:/x", "CG203"),
    # files of the project that belong to all services, or that make and other containers run
    ("config = ./.env:/x", "CG203"),
    ("config = ./secrets:/x", "CG203"),
    ("volume = ./a/../secrets:/x", "CG203"),
    ("config = ./composegen.d/traefik:/x", "CG203"),
    ("volume = .:/x", "CG203"),
    ("volume = ./..//..:/x", "CG203"),
    ("volume = ./.git:/x", "CG203"),
    ("volume = ./.composegen:/x", "CG203"),
    ("volume = ./composegen.d/run:/x", "CG203"),
    ("volume = ./docker-compose.yml:/x", "CG203"),
    ("volume = /var/lib/docker/volumes/other/_data:/x", "CG203"),
    ("build = /etc", "CG102"),
    # out of a rule, an image, a host
    ("url = https://a`) || Host(`b.test", "CG102"),
    ("url = https://${H:-a`)||HostRegexp(`.+}", "CG102"),
    ("url = https://${H:+${I-a`)||HostRegexp(`.+}}", "CG102"),
    ("url = https://a.test redirect=https://${H:-x/y}", "CG102"),
    ("url = https://a.test proxy=http://${H:-a:1@b}", "CG102"),
    ("url = https://a.test/`", "CG102"),
    ("url = https://\u0435xample.com", "CG102"),
    ("url = https://a\u202e.test", "CG102"),
    ("image = $(id)", "CG102"),
    ("image = a..b", "CG102"),
    ("maxbody = ${MEM}", "CG102"),
    ("maxbody = 0k", "CG102"),
    ("maxmem = 0", "CG102"),
    ("header = X.Y: z", "CG102"),
    ("header = X: a\rSet-Cookie: b", "CG102"),
    ("user = ${U\u00e9}", "CG102"),
    ("restart = on-failure:\u0663", "CG102"),
    ("extra-host = a:1.2.3", "CG102"),
    ("stop-signal = \u0663", "CG102"),
    # what Compose would cut or refuse
    ("command = migrate && serve", "CG102"),
    ("command = serve > log", "CG102"),
    ("command = serve 'x", "CG102"),
    ("entrypoint = (serve)", "CG102"),
    ('command = ["\\ud800"]', "CG102"),
    ('command = ["\\u0000"]', "CG102"),
    ("build = . target=nowhere", "CG102"),
    ("compose.x = ${", "CG211"),
    ("compose.x = !!bool x", "CG211"),
    ("compose.x = !!int ''", "CG211"),
    ("compose.x = !!timestamp x", "CG211"),
    ("compose.x = &a [*a]", "CG211"),
    ("compose.x = !!python/object/apply:os.system [id]", "CG211"),
    ("compose.network_mode = host", "CG211"),
    ("depends = traefik", "CG304"),
    ("depends = toolbox", "CG304"),
    ("depends = socket-proxy", "CG304"),
]


@pytest.mark.parametrize(("annotation", "code"), REFUSED, ids=[a[:40] for a, _ in REFUSED])
def test_refused(annotation: str, code: str) -> None:
    """With a diagnostic that points at the line; nothing is generated."""
    files, report = build(f"{ROUTED}# composegen.{annotation}\n")
    assert not files
    assert codes(report) == [code]
    assert all(d.span is not None and d.span.text in annotation for d in report if d.code == code)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        *(("toolbox", "CG307"), ("Traefik", "CG307"), ("SOCKET-PROXY", "CG307"), ("watchtower", "CG307")),
        *(("z" * 49, "CG102"), ("\u0430bc", "CG102"), ("a..b", "CG102"), ("web-", "CG102")),
    ],
)
def test_service_names(name: str, code: str) -> None:
    """No generated service's, none that DNS or a registry cannot take."""
    assert codes(build(f"FROM alpine\nRUN x\n# composegen.service = {name}\n")[1]) == [code]


def test_names_of_the_frontend_are_kept_free_in_a_project_that_joins_it() -> None:
    """A `socket-proxy` on the shared network would answer to the other project's Traefik."""
    shared = "COMPOSEGEN_FRONTEND=shared\n"
    assert codes(build("FROM alpine\n# composegen.service = socket-proxy\n", env=shared)[1]) == ["CG307"]


def test_names_that_differ_in_case_only() -> None:
    """One variable, one DNS name, one image name."""
    two = [f"FROM alpine\n# composegen.service = {n}\n" for n in ("web", "Web")]
    assert codes(build(*two)[1]) == ["CG306"]


@pytest.mark.parametrize(
    "second",
    [
        "volume = b:/data/",
        "tmpfs = /data:size=1m",
        "config = ./x:/data",
        "secret = k=/data",
        "volume = c://data",
    ],
)
def test_two_mounts_at_one_path(second: str) -> None:
    """Compose keeps the last one, or refuses the file."""
    assert codes(build(f"{WEB}# composegen.volume = a:/data\n# composegen.{second}\n")[1]) == ["CG219"]


def test_made_up_volume_names_do_not_meet() -> None:
    """Two paths that give one name would share their files."""
    one = "FROM alpine\nVOLUME /b/c\n# composegen.service = a\n"
    other = "FROM alpine\nVOLUME /c\n# composegen.service = a-b\n"
    assert codes(build(one, other)[1]) == ["CG309"]
    assert codes(build("FROM alpine\nVOLUME /\u00e4 /\u00f6\n# composegen.service = a\n")[1]) == ["CG309"]
    assert codes(build("FROM alpine\nVOLUME /ca\n# composegen.service = local\n")[1]) == ["CG307"]


def test_a_manual_service_is_nothing_to_wait_for() -> None:
    """Compose refuses such a project."""
    manual = "FROM alpine\n# composegen.service = job\n# composegen.start = manual\n"
    assert codes(build(WEB + "# composegen.depends = job\n", manual)[1]) == ["CG310"]


@pytest.mark.parametrize("base", ["a}b", "\\${UID}", "UPPER", "a b", "$(id)", "-a", "`id`"])
def test_from_that_is_no_image(base: str) -> None:
    """An only-FROM Dockerfile deploys it, so it stands inside of a reference in the compose file."""
    files, report = build(f"FROM {base}\n# composegen.service = web\n")
    assert not files or "alpine" not in files["docker-compose.yml"]
    assert base == "a b" or codes(report) == ["CG216"]


NAMES = ["a\nb/Dockerfile", "\x1b[2J/Dockerfile", "\u202e/Dockerfile", "\udcff/Dockerfile", "a\tb/Dockerfile"]


@pytest.mark.parametrize("name", NAMES)
def test_file_names_that_cannot_be_written_down(name: str) -> None:
    """They would stand in comments; and the message itself obeys nothing."""
    files, report = build(ROUTED, names=(name,))
    assert not files
    assert codes(report) == ["CG512"]
    for style in FORMATS.values():
        shown = style(report)
        assert shown.encode().isascii()
        assert "\x1b" not in shown


@pytest.mark.parametrize(
    "name", ["it's/Dockerfile", "a b/$X/Dockerfile", "# c/Dockerfile", '"q"/Dockerfile', "{{x}}/Dockerfile"]
)
def test_odd_file_names_stay_text(name: str) -> None:
    """In the comment, the overlay and .env.example."""
    files, report = build(ROUTED + "RUN x\n# composegen.env = A=${B}\n", names=(name,))
    assert codes(report) == []
    assert f"# From {name}." in files["docker-compose.yml"]
    plan = yaml.safe_load(files["docker-compose.build.yml"])["services"]["web"]["build"]
    folder = name.rpartition("/")[0].replace("$", "$$")
    assert plan == {"context": f"./{folder}", "dockerfile": "Dockerfile"}
    assert all(line.startswith("#") or "=" in line or not line for line in files[".env.example"].splitlines())


def test_ignore_files_take_names_as_they_are() -> None:
    """`!` in front would let secrets into the image, `#` make a comment of the line."""
    volumes = ["./!secrets:/a", "./#x:/b", "./a*:/c", "./[b]:/d", "./e f:/e"]
    text = WEB + "RUN x\n# composegen.build = ..\n" + "".join(f"# composegen.volume = {v}\n" for v in volumes)
    files, report = build(text)
    assert codes(report) == []
    lines = files[".dockerignore"].splitlines()
    assert {"\\!secrets/", "\\#x/", "a\\*/", "\\[b\\]/", "e f/"} <= set(lines)
    assert not any(line.startswith("!") for line in lines)


def test_git_agrees_with_the_ignore_lines(tmp_path: Path) -> None:
    """What is written is what git ignores, and nothing beside it."""
    files, _ = build(WEB + "# composegen.volume = ./a*:/c\n# composegen.volume = ./!x:/d\n")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text(files[".gitignore"])
    for name in ("a*", "!x", "ab"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "f").touch()
    done = subprocess.run(
        ["git", "-C", tmp_path, "status", "--porcelain", "-uall", "-z"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert [p for p in done.stdout.split("\0") if p] == ["?? .gitignore", "?? ab/f"]


def test_the_hook_keeps_its_words() -> None:
    """A command is one word for the gate, whatever it holds."""
    command = "echo 'a'\"b\" `id` $(id) $HOME ${ @ALIAS@ ; rm -rf / # x".replace("${", "$ {")
    text = (
        ROUTED + "# composegen.image = reg.test/a:1\n# composegen.update = auto\n# composegen.scale = 2\n"
        f"# composegen.pre-update = {command}\n"
    )
    files, report = build(text)
    assert codes(report) == []
    label = document(files)["services"]["web"]["labels"][
        "com.centurylinklabs.watchtower.lifecycle.pre-update"
    ]
    words = shlex.split(label.replace("${COMPOSE_PROJECT_NAME}", "p").replace("$$", "$"))
    assert f"--user={command}" in words
    assert "--alias=p-web" in words


def test_path_of_an_image_without_shell_keeps_the_tools() -> None:
    """Watchtower runs the hook with `sh`, which only the toolbox has there."""
    text = ROUTED.replace("alpine", "scratch") + 'CMD ["/x"]\n# composegen.env = PATH=/app\n'
    files, report = build(text)
    assert codes(report) == []
    assert document(files)["services"]["web"]["environment"]["PATH"] == "/app:/.composegen/bin"


def test_one_letter_volumes_are_no_drives() -> None:
    """Compose takes `a:/data` for a path of Windows."""
    files, report = build(WEB + "# composegen.volume = a:/data:ro\n")
    assert codes(report) == []
    wanted = {"type": "volume", "source": "a", "target": "/data", "read_only": True}
    assert document(files)["services"]["web"]["volumes"] == [wanted]


def test_a_network_mode_stands_alone() -> None:
    """Compose refuses a service with networks and a network mode."""
    files, report = build(WEB + "# composegen.compose.network_mode = host\n")
    assert codes(report) == []
    assert "networks" not in document(files)["services"]["web"]


def test_labels_of_the_escape_hatch_are_announced() -> None:
    """They are passed on, and a warning says that nobody checks them."""
    files, report = build(
        ROUTED + '# composegen.compose.labels = {"traefik.http.routers.x.rule": "Host(`b`)"}\n'
    )
    assert [d.code for d in report] == ["CG220"]
    assert "traefik.http.routers.x.rule" in files["docker-compose.yml"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("COMPOSEGEN_ACME_CHALLENGE=httpx", "CG402"),
        ("COMPOSEGEN_ACME_CHALLENGE='http\n--api.insecure=true'", "CG402"),
        ("COMPOSEGEN_ACME_CHALLENGE='dns:x\n'", "CG402"),
        ("COMPOSEGEN_ACME_ENV_A-b=x", "CG402"),
        ("COMPOSEGEN_ACME_ENV_=x", "CG402"),
        ("COMPOSEGEN_DASHBOARD_URL=' '", "CG402"),
        ("COMPOSEGEN_DASHBOARD_URL='https://${H:-a`)||Host(`b}'\nCOMPOSEGEN_DASHBOARD_AUTH=a", "CG402"),
        ("COMPOSEGEN_TLS='off\n\x1b[2J'", "CG402"),
    ],
)
def test_values_of_dotenv(line: str, code: str) -> None:
    """One finding; its text is one line per line, and no terminal obeys it."""
    files, report = build(ROUTED, env=line + "\n")
    assert not files
    assert code in codes(report)
    shown = FORMATS["text"](report)
    assert "\x1b" not in shown
    assert all(part[:1] in {" ", "."} or part.startswith("  help") or not part for part in shown.splitlines())


def test_deep_references_end() -> None:
    """A thousand references inside of each other are a mistake, not the end of the stack."""
    assert codes(build(WEB + f"# composegen.env = A={'${A:-' * 5000}{'}' * 5000}\n")[1]) == ["CG102"]


def test_sources_stay_relative(tmp_path: Path) -> None:
    """An absolute path would put this machine's folders into the output; siblings are fine."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "Dockerfile").write_text(WEB)
    (tmp_path / "p").mkdir()
    report = Report()
    assert discover.find(tmp_path / "p", str(tmp_path / "other" / "Dockerfile"), report) == []
    assert codes(report) == ["CG506"]
    assert discover.find(tmp_path / "p", "../other/Dockerfile", Report()) == ["../other/Dockerfile"]


@pytest.mark.parametrize(
    "line",
    [
        "DB_PASSWORD=s3cret${oops",
        'DB_PASSWORD="s3cret',
        "DB PASSWORD=s3cret",
        "COMPOSEGEN_UPDATE_TOKENN=s3cret",
        "COMPOSEGEN_ACME_ENV_a.b=s3cret",
        "KEY='-----BEGIN\ns3cret\n-----END'\nX='s3cret\n${",
        'KEY="-----BEGIN\ns3cret ${"',
    ],
)
@pytest.mark.parametrize("style", FORMATS)
def test_what_is_wrong_in_env_is_said_without_its_value(line: str, style: str) -> None:
    """Where it stands and the name are enough; the log of a pipeline has many readers."""
    _, report = build(WEB, env=f"{line}\n")
    shown = FORMATS[style](report)
    assert ".env" in shown
    assert "s3cret" not in shown


def test_folders_outside_of_the_project_are_in_no_ignore_file() -> None:
    """A pattern with `..` means nothing there."""
    volumes = "# composegen.volume = ./../data:/data\n# composegen.volume = ./own:/own\n"
    files, _ = build(f"{WEB}{volumes}RUN true\n", names=("Dockerfile",))
    for name in (".gitignore", ".dockerignore"):
        assert "own/" in files[name]
        assert ".." not in files[name]
