"""Whatever stands in an annotation or in .env, nginx reads the configuration that was meant.

A project with hostile values is compiled beside one with harmless words in their places. What
nginx itself makes of the two (``nginx -T``) must be one tree, with other words in those places.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from composegen.diagnostics import Report
from composegen.frontends.nginx.conf import DOLLAR, quoted
from composegen.pipeline import Input, compile_project
from composegen.source import Source
from tests.nginx import generated, run
from tests.nginx.parse import Directive, expanded, mapped, walk

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.skipif(bool(run.why_not()), reason=run.why_not() or "nginx can be run")
SOAK = bool(os.environ.get("COMPOSEGEN_SOAK"))
SETTINGS = "COMPOSEGEN_FRONTEND=nginx\nCOMPOSEGEN_TLS=local\nCOMPOSE_PROJECT_NAME=x\n"
SIGNS = st.one_of(
    st.sampled_from([*";;;{}{}$$\"\"''\\\\##()~^*.-_/@:= \taZ09", "${", "$host", "}server{", "\\n", "//"]),
    st.characters(exclude_categories=["Cs", "Cc"]),
)
TEXT = st.lists(SIGNS, max_size=8).map("".join)
# Shrinking would compile thousands of projects; the failing values are told without it.
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]
SERVICES = 24
# The kinds of annotations whose values reach nginx's files, with the place of the value.
KINDS = {
    "host": "url = https://{}.test",
    "path": "url = https://h{n}.test/{}",
    "strip": "url = https://h{n}.test/u{n}/{} strip",  # equal paths would share a variable
    "redirect": "url = https://h{n}.test/r redirect=https://to.test/{}",
    "redirect host": "url = https://h{n}.test/r redirect=https://{}.test/x",
    "proxy": "url = https://h{n}.test/p proxy=https://to.test/{}",
    "header": "header = X-Value: {}",
    "header name": "header = X-{}: value",
    "auth": "auth = {}",
    "allow": "allow = {}",
    "rate": "ratelimit = {}",
    "body": "maxbody = {}",
    "timeout": "timeout = {}",
    "service": "service = s{n}{}",
}
# Any text in any place, which is mostly refused; and what is mostly taken, and means something to nginx.
PATH = st.text("ab._~!&'()*+,;=:@-/", min_size=1, max_size=8)
DRAWN = st.one_of(
    st.tuples(st.sampled_from(sorted(KINDS)), TEXT),
    st.tuples(st.sampled_from(["path", "strip", "redirect", "proxy"]), PATH),
    st.tuples(st.just("header"), st.lists(SIGNS, min_size=1, max_size=8).map("".join)),
    st.tuples(st.just("header name"), st.text("ab!#%&'*+^_|~-", min_size=1, max_size=5)),
)
WORD = re.compile(r"zq[0-9]+zq")


def dockerfile(number: int, kind: str, value: str) -> str:
    """One service with one value in its place."""
    line = KINDS[kind].replace("{n}", str(number)).replace("{}", value)
    name = "" if kind == "service" else f"# composegen.service = s{number}\n"
    url = "" if kind == "host" else f"# composegen.url = https://own{number}.test\n"
    return f"{name}# composegen.{line}\n{url}# composegen.port = 80\nFROM alpine\n"


def compiled(texts: list[str]) -> tuple[Mapping[str, str], Report]:
    """Compile services, each in a folder of its own."""
    report = Report()
    sources = [Source(f"f{n}/Dockerfile", text) for n, text in enumerate(texts)]
    given_ = Input(sources=sources, env=Source(".env", SETTINGS), environ={})
    return compile_project(given_, report).files, report


def accepted(number: int, kind: str, value: str) -> bool:
    """Whether composegen takes this value: a refusal is as good as a harmless result."""
    if KINDS[kind].startswith("url") and any(map(str.isspace, value)):
        return False  # a blank begins an option
    if kind in {"path", "strip", "redirect", "proxy"} and not value.rstrip("/"):
        return False  # the whole host is another tree, and no value
    if kind == "header name" and ":" in value:
        return False  # the rest would be the value
    files, _ = compiled([dockerfile(number, kind, value)])
    return bool(files)


def read(folder: Path, texts: list[str]) -> tuple[Directive, ...]:
    """What nginx makes of these services."""
    files, report = compiled(texts)
    assert files, [d.message for d in report]
    generated.write(files, folder)
    filled = generated.fill(
        folder, generated.environment(files["docker-compose.yml"], COMPOSE_PROJECT_NAME="x")
    )
    assert filled.good, filled.said
    assert not filled.issues, filled.said
    return expanded(filled.dump)


def meant(kind: str, value: str) -> str:
    """How a value is written as one word of nginx's."""
    if kind in {"host", "redirect host"}:
        return value.lower()
    if kind in {"header", "header name"}:
        return value.strip().replace("$", DOLLAR)
    return value


@settings(
    max_examples=80 if SOAK else 12, deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES
)
@given(st.lists(DRAWN, min_size=SERVICES, max_size=SERVICES))
def test_values_stay_in_their_places(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[str, str]]
) -> None:
    """The tree of hostile values is the tree of harmless ones, word for word."""
    folder = tmp_path_factory.mktemp("hostile")
    kept = [(n, kind, value) for n, (kind, value) in enumerate(drawn) if accepted(n, kind, value)]
    free = [(n, k, v) for n, k, v in kept if k in FREE]
    # What is no text has no second tree; nginx must take it all the same.
    rest = [dockerfile(*one) for one in kept if one[1] not in FREE]
    if rest and compiled(rest)[0]:
        read(folder / "rest", rest)
    texts = [dockerfile(*one) for one in free]
    if not texts or not compiled(texts)[0]:
        return  # two of them clash, which is a diagnostic of its own
    harmless = [dockerfile(n, kind, f"zq{n}zq") for n, kind, _ in free]
    hostile_tree = read(folder / "hostile", texts)
    harmless_tree = read(folder / "harmless", harmless)
    values = {f"zq{n}zq": (kind, value) for n, kind, value in free}
    wanted = _flat(mapped(harmless_tree, lambda word: _replaced(word, values)))
    found = _flat(hostile_tree)
    assert wanted == found, (sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted)))


FREE = frozenset({"host", "header", "header name", "path", "strip", "redirect", "proxy"})
"""Kinds with values of any form; the others are numbers, addresses or file names."""


def _replaced(word: str, values: Mapping[str, tuple[str, str]]) -> str:
    """Put the hostile values in; a path in a regular expression is quoted."""

    def value(match: re.Match[str]) -> str:
        kind, text = values[match[0]]
        said = meant(kind, text)
        if kind in {"path", "strip"}:
            said = said.rstrip("/")
            return quoted(said) if word.startswith(("^", "~^")) else said
        return said.rstrip("/") if kind in {"redirect", "proxy"} else said

    return WORD.sub(value, word)


def _flat(tree: tuple[Directive, ...]) -> list[str]:
    """Every directive with the blocks around it; their order is that of files and lengths of paths."""
    return sorted(
        " > ".join(repr((d.name, d.args)) for d in (*around, one)) + (" {" if one.block is not None else "")
        for around, one in walk(tree)
    )


@settings(
    max_examples=150 if SOAK else 40, deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES
)
@given(
    st.sampled_from(["HOST_SITE", "PROJECT", "HTTPS_PORT", "HSTS_SECONDS", "TRUSTED_PROXIES"]),
    st.text(max_size=12),
)
def test_values_of_env_cannot_leave_their_places(base: Path, name: str, value: str) -> None:
    """Whatever .env says: the script refuses it, or nginx reads the same tree with this word in it."""
    if "\0" in value:
        return
    env = {
        "HOST_SITE": "zq1zq",
        "PROJECT": "zq2zq",
        "HTTPS_PORT": "443",
        "HSTS_SECONDS": "31536000",
        "TRUSTED_PROXIES": "",
    }
    usual = generated.fill(base, env)
    given_ = generated.fill(base, env | {name: value})
    if not given_.good:
        assert "nginx: " in given_.said
        return
    assert _shape(expanded(given_.dump), name) == _shape(expanded(usual.dump), name)


def _shape(tree: tuple[Directive, ...], name: str) -> list[object]:
    """The names of directives and how many words they have; of trusted proxies there may be any number."""
    return [
        (d.name, len(d.args), _shape(d.block, name) if d.block is not None else None)
        for d in tree
        if name != "TRUSTED_PROXIES"
        or not (d.name == "set_real_ip_from" or (d.args == ("1",) and not d.block))
    ]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a project with a host from .env."""
    report = Report()
    text = "# composegen.service = web\n# composegen.url = https://${SITE}\nFROM alpine\nEXPOSE 80\n"
    env = Source(".env", SETTINGS + "SITE=site.test\n")
    files = compile_project(Input(sources=[Source("Dockerfile", text)], env=env, environ={}), report).files
    return generated.write(files, tmp_path_factory.mktemp("base"))
