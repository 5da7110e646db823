"""Whatever stands in annotations and `.env`: findings, never a traceback, and findings that hold.

COMPOSEGEN_SOAK=1 tries many more.
"""

from __future__ import annotations

import json
import os
import re

import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from composegen.codes import CODES
from composegen.diagnostics import Report
from composegen.pipeline import Input, Output, compile_project
from composegen.render import FORMATS
from composegen.source import Source
from tests.property import words

SOAK = os.environ.get("COMPOSEGEN_SOAK") == "1"
common = settings(
    max_examples=3_000 if SOAK else 500,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)

CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
FROMS = [
    "FROM alpine",
    "FROM scratch",
    "ARG A=x\nFROM $A",
    "FROM a}b",
    "FROM \\${UID}",
    "FROM db",
    "FROM python AS x\nEXPOSE 80 81\nVOLUME /data /dev/shm\nHEALTHCHECK --interval=1h CMD a 'b'",
    'FROM scratch\nCMD ["/x"]\nENV PATH=/x:$PATH',
    'FROM a\nVOLUME ["/\\u0000"]',
    "",
]
FILES = [
    "Dockerfile",
    "web/Dockerfile",
    "a b/Dockerfile.x",
    "it's/Dockerfile",
    "$A/Dockerfile",
    "..x/Dockerfile",
]
ODD_FILES = [
    "a\nb/Dockerfile",
    "\x1b[2J/Dockerfile",
    "\u202e/Dockerfile",
    "\udcff/Dockerfile",
    "# <<< composegen/Dockerfile",
]


@st.composite
def dockerfiles(draw: st.DrawFn) -> str:
    """Return a Dockerfile with annotations at random places."""
    lines = draw(st.lists(words.annotation(), max_size=6))
    if draw(st.integers(0, 9)):
        lines.insert(0, f"# composegen.service = {draw(st.sampled_from(['web', 'db', 'a', *words.NAMES]))}")
    lines.insert(draw(st.integers(0, len(lines))), draw(st.sampled_from(FROMS)))
    return draw(st.sampled_from(["\n", "\n", "\r\n"])).join(lines)


@st.composite
def dotenvs(draw: st.DrawFn) -> str:
    """Return a `.env` with settings at random."""
    names = [
        *("A", "B", "HOST", "COMPOSEGEN_FRONTEND", "COMPOSEGEN_TLS", "COMPOSEGEN_ACME_CHALLENGE"),
        *("COMPOSEGEN_UPDATER", "COMPOSEGEN_REGISTRY", "COMPOSEGEN_UPDATE_URL", "COMPOSEGEN_DASHBOARD_URL"),
        *("COMPOSEGEN_DASHBOARD_AUTH", "COMPOSEGEN_ACME_ENV_X", "COMPOSEGEN_ACME_ENV_a.b-c", "COMPOSEGEN_X"),
    ]
    values = [
        *("traefik", "shared", "none", "nginx", "local", "files", "off", "http", "httpx", "dns:x", "yes"),
        *("https://a.test", "https://${HOST}", "reg.test/x", "'a\nb'", '"$A"', "${A:?}"),
    ]
    lines = draw(
        st.lists(
            st.tuples(st.sampled_from(names), st.one_of(st.sampled_from(values), words.anything)).map(
                "=".join
            ),
            max_size=4,
        )
    )
    return "\n".join(lines)


@st.composite
def inputs(draw: st.DrawFn) -> Input:
    """Return all that a build may be given."""
    files = st.sampled_from([*FILES * 3, *ODD_FILES])
    names = draw(st.lists(files, min_size=1, max_size=3, unique=True))
    return Input(
        sources=[Source(n, draw(dockerfiles())) for n in names],
        env=Source(".env", draw(dotenvs())),
        environ={},
        exists=lambda _: True,
    )


def build(given_: Input) -> tuple[Output, Report]:
    """Compile in process; what is wrong with the input may show in the report only."""
    report = Report()
    return compile_project(given_, report), report


def holds(report: Report) -> None:
    """Check every finding and that each format can show it."""
    for found in report:
        assert found.code in CODES
        assert found.message
        assert found.help
        assert found.where
        if found.span is not None:
            assert 0 <= found.span.start <= found.span.end <= len(found.span.source.text), found
    shown = {name: render(report) for name, render in FORMATS.items()}
    for text in shown.values():
        text.encode()
    assert not CONTROL.search(shown["text"]), shown["text"]
    assert len(json.loads(shown["json"])) == len(report.diagnostics)
    assert shown["github"].count("\n") == len(report.diagnostics)
    assert not CONTROL.search(shown["github"])


@common
@given(given_=inputs())
def test_random_annotations_give_findings_or_files(given_: Input) -> None:
    """No traceback; no files beside an error; what is written can be read."""
    output, report = build(given_)
    holds(report)
    assert bool(output.files) != report.has_errors
    for path, text in output.files.items():
        text.encode()
        if path.endswith(".yml"):
            assert isinstance(yaml.safe_load(text), dict)
            assert not CONTROL.search(text), path


@common
@given(
    key=st.sampled_from(sorted(words.KEYS)),
    value=st.one_of(words.anything, st.text(max_size=30)),
    data=st.data(),
)
@example(key="user", value="${A\u00e9}", data=None)
@example(key="command", value='["\\ud800"]', data=None)
def test_one_hostile_annotation(key: str, value: str, data: st.DataObject | None) -> None:
    """One bad line in a good file: the finding points at that line."""
    likely = words.LIKELY.get(key)
    if data is not None and likely is not None and data.draw(st.booleans()):
        value = data.draw(likely)
    value = value.replace("\n", " ")
    name = "compose.x" if key == "compose" else key
    text = "FROM alpine\n# composegen.service = web\n# composegen.url = https://a.test\n"
    text += f"# composegen.{name} = {value}\n"
    output, report = build(Input(sources=[Source("Dockerfile", text)], env=Source(".env", "")))
    holds(report)
    assert bool(output.files) != report.has_errors
    for found in report:
        if found.span is not None and found.code == "CG102":
            assert found.span.source.position(found.span.start)[0] == 4
