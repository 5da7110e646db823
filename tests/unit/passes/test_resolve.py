"""What is decided of a service: its port, its checks, its volumes, and what others wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from composegen.diagnostics import Report
from composegen.pipeline import Input, compile_project
from composegen.source import Source

if TYPE_CHECKING:
    from composegen.model import Service

ENV = Source(".env", "COMPOSEGEN_TLS=off\n")
A = "# composegen.url = https://a.example.com"
B = "# composegen.url = https://b.example.com"
HEALTH = "FROM alpine\nHEALTHCHECK {} CMD true\n"


def resolved(**texts: str) -> tuple[dict[str, Service], list[tuple[str, str]]]:
    """Compile Dockerfiles named after their services: what became of them, codes with messages."""
    sources = [Source(f"{n}/Dockerfile", f"# composegen.service = {n}\n{t}") for n, t in texts.items()]
    report = Report()
    stack = compile_project(Input(sources=sources, env=ENV), report).stack
    assert stack is not None
    return {s.name: s for s in stack.services}, [(d.code, d.message) for d in report]


def one(text: str) -> tuple[Service, list[tuple[str, str]]]:
    """Compile one Dockerfile."""
    found, said = resolved(web=text)
    return found["web"], said


def test_urls_that_all_name_a_port_leave_none_to_80() -> None:
    """The probe asks the first of them, and PORT says the same; nothing listens on 80."""
    service, said = one(f"{A} port=8000\n{B} port=9000\nFROM alpine\n")
    assert service.port == 8000
    assert service.health is not None
    assert service.health.ready.port == 8000
    assert [r.port for r in service.routes] == [8000, 9000]
    assert not said


def test_redirects_name_no_port_of_the_service() -> None:
    """Only urls that lead to the service count."""
    service, said = one(f"{A} port=8000\n{B} redirect=https://a.example.com\nFROM alpine\n")
    assert (service.port, said) == (8000, [])


def test_ports_of_urls_count_beside_lines_of_mypaas() -> None:
    """MyPaas has no such option, so its port 80 stands where nothing else is said."""
    service, _ = one(f"# mypaas.scale = 2\n{A} port=8000\nFROM scratch\nEXPOSE 7000\n")
    assert (service.mypaas, service.port) == (True, 8000)


def test_a_known_port_beats_those_of_the_urls() -> None:
    """The only EXPOSE, and the annotation."""
    assert one(f"{A} port=8000\nFROM scratch\nEXPOSE 7000\n")[0].port == 7000
    assert one(f"{A} port=8000\n# composegen.port = 6000\nFROM scratch\nEXPOSE 7000\n")[0].port == 6000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            f"{A} port=8000\n{B}\nFROM scratch\n",
            "another url names port 8000: port 80 is taken here",
            id="one url names a port",
        ),
        pytest.param(
            f"{A}\nFROM scratch\nEXPOSE 8000 9000\n",
            "the Dockerfile exposes 8000, 9000: port 80 is taken",
            id="several EXPOSE",
        ),
        pytest.param(
            f"{A}\nFROM scratch\nARG P\nEXPOSE $P\n",
            "the Dockerfile exposes $P: port 80 is taken",
            id="an EXPOSE that the build alone knows",
        ),
        pytest.param(
            "# composegen.healthcheck = /health\nFROM scratch\nEXPOSE 8000 9000\n",
            "the Dockerfile exposes 8000, 9000: port 80 is taken",
            id="a check without a url",
        ),
    ],
)
def test_port_80_is_not_assumed_without_a_word(text: str, said: str) -> None:
    """Where a line speaks of another port."""
    assert ("CG208", said) in one(text)[1]


def test_port_80_is_the_default_where_no_line_speaks_of_a_port() -> None:
    """As documented, and so without a warning."""
    service, said = one(f"{A}\nFROM scratch\nEXPOSE 53/udp\n")
    assert (service.port, said) == (80, [])


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("# composegen.build-arg = PORT=9000\nFROM scratch\nARG PORT=7000\nEXPOSE $PORT\n", 9000),
        ("# composegen.build-arg = PORT=9000\nFROM scratch\nARG PORT\nEXPOSE $PORT\n", 9000),
        ("# composegen.build-arg = PORT=9000\nARG PORT=7000\nFROM scratch\nARG PORT\nEXPOSE $PORT\n", 9000),
        ("# composegen.build-arg = OTHER=9000\nFROM scratch\nARG PORT=7000\nEXPOSE $PORT\n", 7000),
        ("# composegen.build-arg = PORT=9000\nFROM scratch\nARG PORT=1\nENV PORT=7000\nEXPOSE $PORT\n", 7000),
        ("# composegen.build-arg = P=9000\nFROM scratch\nARG P=1\nARG PORT=$P\nEXPOSE $PORT\n", 9000),
    ],
)
def test_expose_sees_the_arguments_of_the_build(text: str, port: int) -> None:
    """As the image is built with them: they beat the defaults of ARG, and ENV beats both."""
    assert one(f"{A}\n{text}")[0].port == port


@pytest.mark.parametrize("value", ["PORT=${PORT}", "PORT=90${PORT:-00}"])
@pytest.mark.parametrize("exposed", ["$PORT", "${PORT:-7000}"])
def test_an_argument_from_the_environment_is_not_known(value: str, exposed: str) -> None:
    """Neither the default of ARG nor one of the reference is what the image is built with."""
    text = f"{A}\n# composegen.build-arg = {value}\nFROM scratch\nARG PORT=7000\nEXPOSE {exposed}\n"
    service, said = one(text)
    assert service.port == 80
    assert ("CG208", f"the Dockerfile exposes {exposed}: port 80 is taken") in said


def test_from_sees_the_arguments_of_the_build() -> None:
    """The service that the argument names is the parent, and its EXPOSE counts."""
    found, _ = resolved(
        base="FROM scratch\nEXPOSE 7000\n",
        web=f"{A}\n# composegen.build-arg = BASE=base\nARG BASE=alpine\nFROM $BASE\nRUN true\n",
    )
    assert found["web"].port == 7000
    assert found["web"].build is not None
    assert found["web"].build.parents == (("base", "base"),)


def test_an_argument_without_a_build_changes_nothing() -> None:
    """The Dockerfile is only a FROM, so its own default is what is deployed."""
    text = "# composegen.build-arg = TAG=2\nARG TAG=1\nFROM r.test/app:$TAG\n"
    assert one(text)[0].image.reference == "r.test/app:1"


@pytest.mark.parametrize("line", ["# mypaas.url", "# mypaas.url =", "# mypaas.org = "])
def test_a_line_that_mypaas_ignores_brings_none_of_its_rules(line: str) -> None:
    """No port 80, and no variables of MyPaas."""
    service, _ = one(f"{A}\n{line}\nFROM scratch\nEXPOSE 8000\n")
    assert (service.mypaas, service.port) == (False, 8000)


def test_a_line_of_mypaas_brings_its_rules() -> None:
    """One that it reads."""
    service, _ = one("# mypaas.url = https://a.example.com\nFROM scratch\nEXPOSE 8000\n")
    assert (service.mypaas, service.port) == (True, 80)


def test_a_dockerfiles_own_check_is_waited_for() -> None:
    """As one of an annotation is; also a parent's."""
    found, said = resolved(
        db=HEALTH.format(""),
        child="FROM db\nRUN true\n",
        bare="FROM alpine\n",
        web="".join(f"# composegen.depends = {n}\n" for n in ("db", "child", "bare")) + "FROM alpine\n",
    )
    assert found["web"].depends == (("db", "healthy"), ("child", "healthy"), ("bare", "started"))
    assert not said


@pytest.mark.parametrize(
    "db",
    [
        "# composegen.healthcheck = off\nFROM alpine\n",
        "# composegen.healthcheck = off\nFROM alpine\nHEALTHCHECK CMD true\n",
        "# composegen.healthcheck = off\n# composegen.startup = /ready\nFROM alpine\n",
        "FROM alpine\nHEALTHCHECK NONE\n",
    ],
)
def test_nobody_waits_for_a_check_that_is_off(db: str) -> None:
    """Compose would wait for ever."""
    _, said = resolved(db=db, web="# composegen.depends = db:healthy\nFROM alpine\n")
    assert ("CG312", "db has no health check that could pass") in said


@pytest.mark.parametrize(
    "db",
    [
        f"{A}\n# composegen.healthcheck = off\nFROM alpine\n",
        f"{A}\nFROM alpine\nHEALTHCHECK NONE\n",
        "# composegen.liveness = tcp\n# composegen.port = 1\nFROM alpine\nHEALTHCHECK NONE\n",
        "# composegen.startup = /ready\nFROM alpine\nHEALTHCHECK NONE\n",
        '# composegen.compose.healthcheck = {test: ["CMD", "true"]}\nFROM alpine\nHEALTHCHECK NONE\n',
        "FROM postgres\n",
    ],
)
def test_what_is_checked_or_may_be_can_be_waited_for(db: str) -> None:
    """A generated probe, the escape hatch's check, or one that the base image may bring."""
    _, said = resolved(db=db, web="# composegen.depends = db:healthy\nFROM alpine\n")
    assert not said


@pytest.mark.parametrize(
    ("options", "budget", "timeout"),
    [
        ("", 60, 30),
        ("--start-period=5m", 300, 30),
        ("--start-period=1h30m --timeout=3s", 5400, 3),
        ("--start-period=2s", 60, 30),
        ("--start-period=soon --timeout=0s", 60, 30),
    ],
)
def test_a_dockerfiles_check_keeps_its_figures(options: str, budget: float, timeout: float) -> None:
    """A start may take its --start-period, if that is longer; Docker's own timeout is 30 s."""
    health = one(f"{A}\n{HEALTH.format(options)}")[0].health
    assert health is not None
    assert (health.budget, health.ready.timeout) == (budget, timeout)


@pytest.mark.parametrize("line", ["# composegen.healthcheck = /health", "# composegen.startup = /ready 2m"])
def test_another_check_has_a_start_of_its_own(line: str) -> None:
    """The --start-period belongs to a check that does not run."""
    health = one(f"{A}\n{line}\n{HEALTH.format('--start-period=5m')}")[0].health
    assert health is not None
    assert health.budget == (120 if "startup" in line else 60)


@pytest.mark.parametrize("path", ["/d/${Z}", "/d/$Z", '["/d/${Z}"]', "'/d/${Z}'"])
def test_a_volume_without_a_known_path_is_left_out(path: str) -> None:
    """No reference that nobody annotated gets into the compose file; the volumes beside it stay."""
    service, said = one(f"FROM alpine\nARG Z\nVOLUME {path}\nVOLUME /data\n")
    assert [m.target for m in service.mounts] == ["/data"]
    assert [m for c, m in said if c == "CG212" and "not known" in m]


def test_a_volume_is_known_with_its_default() -> None:
    """The path that the image has."""
    service, said = one("FROM alpine\nARG Z=x\nVOLUME /d/${Z}\n")
    assert [m.target for m in service.mounts] == ["/d/x"]
    assert not [m for _, m in said if "not known" in m]


@pytest.mark.parametrize(
    "line",
    [
        'env = X={"a":${A:-{}},"b":${B:-{}}}',
        "label = x={${A:-{}}}",
        'command = ["run", "{${A:-{}}}"]',
        "healthcheck = cmd: run {${A:-{}}}",
    ],
)
def test_a_reference_that_compose_ends_elsewhere_is_refused(line: str) -> None:
    """It would mean something else than what is written."""
    _, said = one(f"# composegen.{line}\nFROM alpine\n")
    key = line.partition(" ")[0]
    assert said == [("CG102", f"{key}: Compose counts braces, and ends a reference elsewhere")]


@pytest.mark.parametrize("value", ["${A:-{}}", '{"a":${A:-1},"b":${B:-{"x":2}}}', "$x ${A}}{ ${B:-}"])
def test_a_reference_that_compose_reads_alike_is_taken(value: str) -> None:
    """Braces alone are no mistake."""
    assert one(f"# composegen.env = X={value}\nFROM alpine\n")[1] == []
