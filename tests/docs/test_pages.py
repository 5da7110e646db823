"""The pages agree with the program: links lead somewhere, names exist, examples are understood."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from composegen.codes import CODES
from composegen.diagnostics import Report
from composegen.keys.project import ACME_ENV, SETTINGS
from composegen.keys.service import KEYS
from composegen.pipeline import Input, compile_project
from composegen.render import text
from composegen.source import Source
from tests.docs.pages import ROOT, blocks, pages, prose

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_TICKS = re.compile(r"`([^`\n]+)`")
_KEY = re.compile(r"(?:# ?)?(composegen|mypaas)\.([a-z][a-z-]*)\b(?!\.)")
_ASSIGNED = re.compile(r"([a-z][a-z-]*) = \S")
_SETTING = re.compile(r"\bCOMPOSEGEN_[A-Z0-9_]+\b")
_ANNOTATION = re.compile(r"^#[ \t]*(composegen|mypaas)\.([\w-]+)(\.[\w.-]+)?[ \t]*=[ \t]*(.+)$", re.MULTILINE)
# Files, modules and prose that look like a key after `composegen.`.
_NO_KEYS = {"d", "mk", "yml", "codes", "keys"}
# What containers are given, and names that runner and pins make up; no settings.
_NO_SETTINGS = re.compile(
    r"COMPOSEGEN_(?:PROJECT|SERVICE|SCALE|PREFIX|HELP|IMAGE_\w+|ROUTES_\w*|SOAK|TEST_HOME)"
)
_LONGEST = 200
_WRITTEN = [p for p in pages() if p.parent.name != "reference"]


def _id(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives a page's headings."""
    heads = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", pages(), ids=_id)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link inside the repository names a file that is there, and a heading of it."""
    broken = []
    for link in _LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in _anchors(target)):
            broken.append(link)
    assert not broken


def test_the_index_names_every_page() -> None:
    """docs/README.md leads to each page; one that is missing there is not found."""
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in _LINK.findall(prose(index))}
    assert [_id(p) for p in pages() if "docs" in p.parts and p != index and p.resolve() not in linked] == []


@pytest.mark.parametrize("page", _WRITTEN, ids=_id)
def test_pages_are_short(page: Path) -> None:
    """Longer ones are two pages; a how-to is one screen or two, beside a module that it shows."""
    most = 75 if page.parent.name == "how-to" else _LONGEST
    text = re.sub(r"^```python\n.*?^```\n", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    assert len(text.splitlines()) <= most


def _named(page: Path) -> Iterator[tuple[str, str]]:
    text = page.read_text("utf-8")
    for ticked in _TICKS.findall(prose(page)):
        for _, key in _KEY.findall(ticked):
            if key not in _NO_KEYS:
                yield "key", key
        if found := _ASSIGNED.match(ticked):
            yield "key", found[1]
    for setting in _SETTING.findall(text):
        if not setting.startswith(ACME_ENV) and not _NO_SETTINGS.fullmatch(setting):
            yield "setting", setting
    for code in re.findall(r"\bCG\d{3}\b", text):
        yield "code", code


@pytest.mark.parametrize("page", _WRITTEN, ids=_id)
def test_names_exist(page: Path) -> None:
    """Keys, settings and codes that a page names are those of the program."""
    known = {"key": {*KEYS, "compose"}, "setting": {*SETTINGS, ACME_ENV}, "code": set(CODES)}
    assert {(kind, name) for kind, name in _named(page) if name not in known[kind]} == set()


def _compiled(dockerfile: str) -> tuple[dict[str, str], str]:
    """Return what a project of one Dockerfile compiles to: the files, and the diagnostics as text."""
    report = Report()
    source = Source("Dockerfile", dockerfile)
    env = Source(".env", "SITE_HOST=example.com\nCOMPOSEGEN_ACME_EMAIL=ops@example.net\n")
    files = compile_project(Input(sources=[source], env=env), report).files
    return dict(files), text.render(report)


def test_the_one_screen_of_the_readme_is_true() -> None:
    """Each line that README shows of the compose file stands there, in this order; so does the error."""
    written, got, wrong = [b.text for b in blocks(ROOT / "README.md") if b.language != "sh"][:3]
    lines = iter(_compiled(written)[0]["docker-compose.yml"].splitlines())
    assert [line for line in got.splitlines() if line not in lines] == []
    assert wrong.strip() in _compiled(written.replace("port = 8000", "port = 80a"))[1]


@pytest.mark.parametrize("page", _WRITTEN, ids=_id)
def test_annotations_are_understood(page: Path) -> None:
    """Every annotation in a Dockerfile that a page shows is one that composegen takes."""
    for block in blocks(page):
        if block.language != "dockerfile":
            continue
        for _, name, _, value in _ANNOTATION.findall(block.text):
            assert name in KEYS, f"{block.name}: {name}"
            if name != "compose":
                KEYS[name].type.parse(value)
