"""What single lines mean: the service that comes out, and where a finding points.

Golden cases show whole projects; here are the corners of one key each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from composegen import discover
from composegen.diagnostics import Report
from composegen.pipeline import Input, compile_project
from composegen.project import Folder
from composegen.render import text
from composegen.source import Source

if TYPE_CHECKING:
    from pathlib import Path

WEB = "# composegen.service = web\n"


def compiled(dockerfile: str, *others: str) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return the service `web`, and the codes found with the text that each points at."""
    report = Report()
    sources = [Source(f"{n}/Dockerfile", t) for n, t in enumerate((dockerfile, *others))]
    env = Source(".env", "COMPOSEGEN_TLS=off\n")
    files = compile_project(Input(sources=sources, env=env), report).files
    found = [(d.code, d.span.text if d.span else "") for d in report]
    if not files:
        return {}, found
    service: dict[str, Any] = yaml.safe_load(files["docker-compose.yml"])["services"]["web"]
    return service, found


def service(*lines: str) -> dict[str, Any]:
    """Return the service that annotations make, without a finding."""
    body, found = compiled(WEB + "".join(f"# composegen.{line}\n" for line in lines) + "FROM alpine\n")
    assert not found
    return body


def findings(*lines: str) -> list[tuple[str, str]]:
    """Return what is found in annotations."""
    return compiled(WEB + "".join(f"# composegen.{line}\n" for line in lines) + "FROM alpine\n")[1]


# -- MyPaas


def mypaas(*lines: str) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return the service of a MyPaas Dockerfile, and the findings."""
    comments = "".join(f"# mypaas.{line}\n" for line in ("service = web", *lines))
    return compiled(f"{comments}FROM alpine\n")


def test_mypaas_takes_the_last_value_of_a_variable() -> None:
    """A dict in MyPaas: the last value wins; its own variables come after the user's."""
    body, found = mypaas("env = A=1", "env = A=2", "env = PORT=9", "env = MYPAAS_PORT=3")
    assert {n: body["environment"][n] for n in ("A", "PORT", "MYPAAS_PORT")} == {
        "A": "2",
        "PORT": "9",
        "MYPAAS_PORT": "80",
    }
    assert found == [("CG207", "A=1")]


def test_mypaas_ignores_a_key_without_a_sign() -> None:
    """With a warning, as other empty values; under composegen. it is an error."""
    body, found = mypaas("port 8080")
    assert body["environment"]["MYPAAS_PORT"] == "80"
    assert found == [("CG108", "# mypaas.port 8080")]


@pytest.mark.parametrize(("value", "cpus"), [("2", "2"), (".5", "0.5"), ("1.", "1"), ("1e1", "10")])
def test_mypaas_cpus_are_a_number_of_pythons(value: str, cpus: str) -> None:
    """``str(float(value))`` in MyPaas."""
    body, found = mypaas(f"maxcpu = {value}")
    assert body["deploy"]["resources"]["limits"]["cpus"] == cpus
    assert not found


def test_mypaas_has_no_named_volumes() -> None:
    """The data of an app that moves to composegen lies in the home folder, and stays there."""
    body, found = mypaas("volume = data:/data", "volume = ~/x:/x")
    assert body["volumes"] == ["~/data:/data", "~/x:/x"]
    assert found == [("CG108", "data:/data")]


# -- values


def test_a_variable_with_dots_needs_a_value() -> None:
    """Elasticsearch reads such ones; .env cannot hold them."""
    assert service("env = discovery.type=single-node")["environment"]["discovery.type"] == "single-node"
    assert findings("env = discovery.type") == [("CG102", "discovery.type")]


@pytest.mark.parametrize(
    ("value", "port"), [("53:53/UDP", "53:53/udp"), ("8000-8010:80", "8000-8010:80"), ("90", "90")]
)
def test_publish_is_dockers(value: str, port: str) -> None:
    """Protocols in any case, and a range of host ports for one port."""
    assert service(f"publish = {value}")["ports"] == [port]


def test_a_host_port_contradicts_roll() -> None:
    """Also with one replica, when the word stands there."""
    assert findings("publish = 90:90", "scale = 1 roll") == [("CG201", "90:90")]
    assert not findings("publish = 90:90", "scale = 1")


@pytest.mark.parametrize(
    ("path", "value", "fixed"),
    [
        ("container_name", "xx", True),
        ("ports", '["8080:80"]', True),
        ("ports", '["80", "127.0.0.1:8080:80/tcp"]', True),
        ("ports", '["[::1]:8080:80"]', True),
        ("ports", '["8080-8081:80-81"]', True),
        ("ports", '["${PORT:-8080}:80"]', True),
        ("ports", "[{target: 80, published: 8080}]", True),
        ("ports", '["80", "127.0.0.1::80"]', False),
        ("ports", "[80]", False),
        ("ports", '["8080-8090:80"]', False),
        ("ports", '[{target: 80, published: "8080-8090"}, {target: 81}]', False),
        ("expose", '["8080"]', False),
    ],
)
def test_the_escape_hatch_gives_replicas_nothing_that_only_one_can_have(
    path: str,
    value: str,
    fixed: bool,  # noqa: FBT001 - pytest passes it by name
) -> None:
    """As ``publish`` is refused; a random port and a range are for all of them."""
    line = f"compose.{path} = {value}"
    for scale in ("scale = 2", "scale = 1 roll"):
        assert findings(line, scale, "port = 80") == ([("CG201", value)] if fixed else []), scale
    assert not findings(line, "scale = 1", "port = 80")


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("volume = ./d:/d onwer=1000:1000", "onwer=1000:1000"),
        ("volume = ./d:/d mode=0750 x=1 owner=1:1", "x=1"),
        ("volume = ~user/x:/x", "~user/x"),
        ("tmpfs = /tmp size=64m", "size=64m"),
        ("volume = ./d:/d ro", "ro"),
        ("volume = ./d:/d read-only owner=1:1", "read-only"),
        ("volume = /d ro", "ro"),
        ("config = ./c:/c ro", "ro"),
        ("secret = token=/run/token ro", "ro"),
        ("tmpfs = /tmp ro", "ro"),
        ("build = platform=linux/arm64 .", "platform=linux/arm64"),
        ("build = . target=x foo=1", "foo=1"),
        ("build = . foo=1 target=x", "foo=1"),
        ("build = . target=x platform=a/b foo", "foo"),
        ("build = my folder target=x foo=1 platform=a/b", "foo=1"),
        ("build = . target=", "target="),
        ("healthcheck = /x 5s 0s", "0s"),
        ("healthcheck = port=9 /x 5s 2s 0", "0"),
        ("liveness = /x port=9 5q", "5q"),
        ("startup = /x 70000", "70000"),
        ("startup = /x 5m 9m", "9m"),
    ],
)
def test_a_finding_points_at_the_part_that_is_wrong(line: str, part: str) -> None:
    """Not at the whole value."""
    assert findings(line) == [("CG102", part)]


def test_a_tmpfs_on_run_is_possible() -> None:
    """What is mounted below it, such as secrets, comes after it."""
    assert service("tmpfs = /run")["tmpfs"] == ["/run"]


def test_half_a_cpu() -> None:
    """As Docker takes it."""
    assert service("maxcpu = .5")["deploy"]["resources"]["limits"]["cpus"] == "0.5"


@pytest.mark.parametrize("line", ["cap-add = NET_ADMN", "stop-signal = FOO", "stop-signal = 0"])
def test_a_word_that_the_engine_refuses(line: str) -> None:
    """A capability or a signal that no kernel has."""
    assert findings(line) == [("CG102", line.partition(" = ")[2])]


@pytest.mark.parametrize(
    "line",
    [
        "cap-add = CAP_NET_ADMIN",
        "cap-drop = ALL",
        "stop-signal = SIGRTMIN+3",
        "stop-signal = TERM",
        "stop-signal = 9",
    ],
)
def test_a_word_that_the_engine_takes(line: str) -> None:
    """With and without its prefix."""
    assert not findings(line)


@pytest.mark.parametrize(
    ("lines", "part"),
    [
        (("maxmem = 512",), "512"),
        (("minmem = 5m",), "5m"),
        (("minmem = 1g", "maxmem = 512m"), "1g"),
    ],
)
def test_memory_that_the_engine_refuses(lines: tuple[str, ...], part: str) -> None:
    """Before anything is started; what a variable holds is not known."""
    assert findings(*lines) == [("CG102", part)]
    assert not findings("maxmem = 6m", "minmem = 6m")
    assert not findings("minmem = 1g", "maxmem = ${MEM:-1k}")


@pytest.mark.parametrize("value", ["0.001", ".0099", "0.009999999"])
def test_cpus_that_the_engine_refuses(value: str) -> None:
    """The kernel has no smaller share; 0 is none for MyPaas."""
    assert findings(f"maxcpu = {value}") == [("CG102", value)]
    assert mypaas(f"maxcpu = {value}")[1] == [("CG102", value)]
    assert not findings("maxcpu = 0.01", f"mincpu = {value}")
    assert mypaas("maxcpu = 0")[1] == [("CG108", "0")]


@pytest.mark.parametrize(
    ("line", "good"),
    [
        ("maxmem = ${M:-512m}", True),
        ("maxmem = ${M}m", True),
        ("maxcpu = ${C:-${D:-1.5}}", True),
        ("pids = ${P:?how many}", True),
        ("maxmem = http://${M}/a", False),
        ("maxmem = ${M:-much}", False),
        ("maxcpu = 1${C}:2", False),
        ("maxcpu = ${C:-}", True),
        ("pids = ${P:+x}", False),
    ],
)
def test_a_limit_with_a_reference_can_become_one(line: str, good: bool) -> None:  # noqa: FBT001 - pytest passes it by name
    """Whatever the variable holds: what stands around it, and its default."""
    assert findings(line) == ([] if good else [("CG102", line.partition(" = ")[2])])


@pytest.mark.parametrize(
    "line",
    [
        "pids = 1000000000000",
        f"pids = {'1' * 5000}",
        "port = 00000199999",
        "publish = 00000199999:80",
        "healthcheck = tcp port=00000199999",
        "url = https://a.test port=00000199999",
    ],
)
def test_a_number_is_read_whole(line: str) -> None:
    """However long it is, or what it begins with."""
    assert [code for code, _ in findings(line)] == ["CG102"]


def test_numbers_that_are_none_end_nothing() -> None:
    """In a HEALTHCHECK, and with more zeros in front than Python reads."""
    for retries in ("\u00b2", "1" * 5000):
        text_ = f"{WEB}# composegen.url = https://a.test\nFROM x\nHEALTHCHECK --retries={retries} CMD y\n"
        assert not compiled(text_)[1]
    assert service(f"publish = {'0' * 5000}90:80")["ports"] == ["90:80"]


def test_a_key_that_is_missing_is_shown_with_its_line() -> None:
    """There is nothing else to point at."""
    assert findings(" = x") == [("CG101", "# composegen. = x")]


# -- lines without effect


@pytest.mark.parametrize(
    ("lines", "part"),
    [
        (("env = A=1", "env = B=1", "env = A=2"), "A=1"),
        (("url = https://a.test", "header = X-A: 1", "header = x-a: 2"), "X-A: 1"),
        (("url = https://a.test", "liveness = /x 30s"), "/x 30s"),
        (("healthcheck = tcp", "startup = /x 1m"), "/x 1m"),
        (("build-arg = V=9",), "V=9"),
    ],
)
def test_a_line_without_effect_is_named(lines: tuple[str, ...], part: str) -> None:
    """A warning at the line that does not count."""
    assert findings(*lines) == [("CG207", part)]


def test_liveness_alone_has_its_own_interval() -> None:
    """Nothing else waits for the next run of the probe."""
    assert service("liveness = /x 30s")["healthcheck"]["interval"] == "30s"


# -- the escape hatch


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("environment", "[A=1, B]", {"A": "1", "B": None, "Z": "z"}),
        ("environment", "null", {"Z": "z"}),
        ("labels", "[a=b]", {"a": "b", "com.centurylinklabs.watchtower.enable": "true"}),
        ("networks", "[other]", {"other": {}, "default": {"aliases": ["${COMPOSE_PROJECT_NAME}-web"]}}),
    ],
)
def test_the_other_form_is_merged_too(path: str, value: str, expected: dict[str, Any]) -> None:
    """A list where the file has a mapping throws nothing away."""
    body = service("env = Z=z", f"compose.{path} = {value}")
    assert {n: body[path][n] for n in expected} == expected


def test_a_text_joins_a_list() -> None:
    """Compose takes one text for a list of one."""
    assert service("tmpfs = /a", "compose.tmpfs = /b")["tmpfs"] == ["/a", "/b"]
    assert service("extra-host = a:1.1.1.1", "compose.extra_hosts = {b: 2.2.2.2}")["extra_hosts"] == [
        "a:1.1.1.1",
        "b=2.2.2.2",
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("no", "no"),
        ("[2222:22]", ["2222:22"]),
        ("2001-01-01", "2001-01-01"),
        ("1e3", 1000.0),
        ("true", True),
        ("0x1F", 31),
        ("~", None),
    ],
)
def test_yaml_is_that_of_compose(value: str, expected: Any) -> None:
    """1.2, where `no` is a text and 2222:22 no number to the base of 60."""
    assert service(f"compose.x-a = {value}")["x-a"] == expected


# -- references in hosts


@pytest.mark.parametrize(
    "host", ["${H:?set the host/name?}", "${H:?}", "x.${H?}", "${H:+a.test}", "${H:-${G}}"]
)
def test_a_host_may_hold_every_form_of_reference(host: str) -> None:
    """What stands inside of it divides nothing."""
    assert not findings(f"url = https://{host}/path strip")


@pytest.mark.parametrize("host", ["${H:-a b}", "${H:-e.com:80}", "${H:-e.com/x}", "[::1]", "e.com:"])
def test_a_host_that_is_none_is_shown_whole(host: str) -> None:
    """Also one with a colon, a blank or a slash in a default."""
    assert findings(f"url = https://{host}/path") == [("CG102", host)]


# -- FROM


def overlay(*texts: str) -> dict[str, Any]:
    """Return the services of the build overlay."""
    report = Report()
    sources = [Source(f"{n}/Dockerfile", t) for n, t in enumerate(texts)]
    env = Source(".env", "COMPOSEGEN_TLS=off\n")
    files = compile_project(Input(sources=sources, env=env), report).files
    assert not list(report)
    found: dict[str, Any] = yaml.safe_load(files["docker-compose.build.yml"])["services"]
    return found


def test_an_image_from_a_service_that_is_not_built() -> None:
    """Compose refuses `service:` for one without a build."""
    made = overlay(
        "# composegen.service = db\nFROM postgres:16\n",
        f"{WEB}FROM db\nRUN x\n",
        "# composegen.service = worker\nFROM web\n",
        "# composegen.service = tool\nFROM worker\nRUN x\n",
    )
    assert made["web"]["build"]["additional_contexts"] == {
        "db": "docker-image://${COMPOSEGEN_IMAGE_DB:-postgres:16}"
    }
    assert made["tool"]["build"]["additional_contexts"] == {"worker": "service:web"}
    assert set(made) == {"web", "tool"}


def test_a_build_of_an_only_from_makes_an_image_of_its_own() -> None:
    """It must not be pushed under the name of what it is FROM."""
    body, found = compiled(f"{WEB}# composegen.build = . platform=linux/arm64\nFROM alpine:3\n")
    assert not found
    assert body["image"] == "${COMPOSEGEN_IMAGE_WEB:-${COMPOSE_PROJECT_NAME}-web:latest}"


@pytest.mark.parametrize(("first", "second"), [("", ""), ("RUN x\n", "RUN x\n"), ("", "RUN x\n")])
def test_images_from_each_other(first: str, second: str) -> None:
    """Nobody could build them, or pull them."""
    other = f"# composegen.service = b\nFROM web\n{second}"
    assert [code for code, _ in compiled(f"{WEB}FROM b\n{first}", other)[1]] == ["CG305"]


def test_scratch_is_no_image() -> None:
    """There is nothing to run in it."""
    assert compiled(f"{WEB}FROM scratch\n")[1] == [("CG216", "scratch")]


def test_a_platform_without_a_build_is_named() -> None:
    """The image runs as it is, for the machine that it runs on."""
    line = "FROM --platform=linux/arm64 nginx:1"
    assert compiled(f"{WEB}{line}\n")[1] == [("CG207", line)]
    assert not compiled(f"{WEB}FROM --platform=$BUILDPLATFORM nginx:1\n")[1]


# -- places


def test_a_byte_order_mark_is_no_column() -> None:
    """As an editor counts."""
    for mark in ("", "\ufeff"):
        report = Report()
        source = Source("Dockerfile", f"{mark}# composegen.port = 80a\nFROM alpine\n")
        compile_project(Input(sources=[source]), report)
        shown = text.render(report)
        assert "Dockerfile:1:21: error[CG102]" in shown
        assert "\n  1 | # composegen.port = 80a\n    |                     ^^^\n" in shown


# -- sources


@pytest.mark.parametrize("pattern", ["a**b", ".", "..", "web", "x" * 300, "[", "nothing/*"])
def test_a_source_that_is_none_is_shown_in_its_place(pattern: str, tmp_path: Path) -> None:
    """Whatever the pattern, it is a finding at its text in .env."""
    (tmp_path / "web").mkdir()
    (tmp_path / ".env").write_text(f"COMPOSEGEN_SOURCES={pattern}\n", encoding="utf-8")
    report = Report()
    Folder(tmp_path, {}, {}).load(report)
    assert [(d.code, d.span and d.span.text) for d in report] == [("CG506", pattern)]


def test_a_folder_whose_compose_file_only_mentions_the_mark_is_entered(tmp_path: Path) -> None:
    """Generated is what has the section, not what speaks of it."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile").write_text(WEB, encoding="utf-8")
    compose = tmp_path / "app" / "docker-compose.yml"
    compose.write_text("# no x-composegen: here\n", encoding="utf-8")
    assert discover.find(tmp_path, "", Report()) == ["app/Dockerfile"]
    compose.write_text("x-composegen:\n  a: b\n", encoding="utf-8")
    assert not discover.find(tmp_path, "", Report())
