"""The scanner on random text: it never raises, and what it reports stands in the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from composegen.passes.dockerfile import lex
from composegen.passes.scan import Scanned, final_chain, scan
from composegen.source import Source

if TYPE_CHECKING:
    from composegen.source import Span

BLANKS = st.sampled_from(["", "", " ", "\t", "  ", " \t "])
WORDS = st.sampled_from(
    [
        "a",
        "--x=y",
        "'q q'",
        '"d"',
        "'",
        '"',
        "\\",
        "`",
        "$A",
        "${A:-b}",
        "${",
        "<<EOF",
        "<<-E2",
        "<<'Q'",
        '["a","b"]',
        "[",
        "K=v",
        "K='a b'",
        "80",
        "80/udp",
        "as",
        "CMD",
        "\xa0",
        "é",
        "#",
    ]
)
KEYWORDS = st.sampled_from(
    [
        "FROM",
        "from",
        "RUN",
        "COPY",
        "ADD",
        "ENV",
        "ARG",
        "EXPOSE",
        "HEALTHCHECK",
        "CMD",
        "ENTRYPOINT",
        "ONBUILD RUN",
        "VOLUME",
        "WORKDIR",
        "USER",
        "SHELL",
        "STOPSIGNAL",
        "nonsense",
    ]
)
KEYS = st.from_regex(r"[a-z]{1,8}(-[a-z]{1,3})?(\.[a-z]{1,3})?", fullmatch=True)
VALUES = st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs", "Cc", "Z"]), min_size=1)


@st.composite
def annotation_lines(draw: st.DrawFn, mark: str = "#") -> str:
    """Return an annotation line that is switched on, or off by another ``mark``."""
    prefix = draw(st.sampled_from(["composegen.", "mypaas."]))
    parts = [mark, prefix + draw(KEYS), "=", draw(VALUES)]
    return draw(BLANKS) + "".join(part + draw(BLANKS) for part in parts)


@st.composite
def instructions(draw: st.DrawFn) -> str:
    """Return an instruction, some of its blanks being continuations with comments inside."""
    glue = st.sampled_from([" ", " ", "\t", " \\\n", " \\ \n", " `\n", " \\\n# c\n", " \\\n\n"])
    parts = [draw(KEYWORDS)]
    for word in draw(st.lists(WORDS, max_size=4)):
        parts += [draw(glue), word]
    return draw(BLANKS) + "".join(parts)


LINES = st.one_of(
    annotation_lines(),
    annotation_lines(mark="##"),
    annotation_lines(mark="#---"),
    instructions(),
    st.sampled_from(["", "EOF", "\tE2", "Q", "# c", "# escape=`", "# composgen.url = x", "FROM x"]),
)
DOCKERFILES = st.lists(LINES, max_size=12).map("\n".join)
TEXTS = st.one_of(DOCKERFILES, st.text(), st.lists(WORDS).map("".join))


def read(text: str) -> Scanned:
    """Scan ``text``."""
    return scan(Source("Dockerfile", text))


def said(found: Scanned) -> object:
    """Return what was found without the places."""
    return (
        [(a.prefix, a.key, a.value, a.line.text, a.has_equals, a.lax) for a in found.annotations],
        [(s.reason, s.text, s.suggestion) for s in found.suspects],
        [
            (
                s.name,
                s.base,
                s.base_span.text.replace("\r\n", "\n"),
                s.from_stage,
                s.env,
                s.shell_form_run,
                s.volumes,
                s.user,
                s.workdir,
                s.entrypoint,
                s.cmd,
                [(e.port, e.text) for e in s.exposes],
            )
            for s in found.stages
        ],
        found.only_from,
    )


def in_text(span: Span, text: str) -> bool:
    """Whether the span lies in the text."""
    return 0 <= span.start <= span.end <= len(text)


@given(TEXTS)
def test_never_raises_and_spans_hold(text: str) -> None:
    """Whatever the text, every span lies in it and covers what was reported."""
    found = read(text)
    for annotation in found.annotations:
        assert annotation.key_span.text == annotation.key
        assert annotation.value_span.text == annotation.value
        assert annotation.line.start <= annotation.key_span.start
        assert annotation.value_span.end <= max(annotation.line.end, annotation.value_span.start)
        assert annotation.line.text.startswith("#")
        assert "\n" not in annotation.line.text
    for suspect in found.suspects:
        assert suspect.span.text == suspect.text
        assert suspect.text.startswith("#")
    for stage in found.stages:
        assert in_text(stage.span, text)
        assert stage.span.text[:4].upper() == "FROM" or "\n" in stage.span.text
        assert in_text(stage.base_span, text)
        for expose in stage.exposes:
            assert expose.span.text == expose.text or "\n" in expose.span.text


@given(TEXTS)
def test_arguments_can_be_traced(text: str) -> None:
    """Every character of an instruction's arguments is found where it is said to stand."""
    for instruction in lex(text).instructions:
        for index, char in enumerate(instruction.args):
            assert text[instruction.offset(index)] == char


@given(DOCKERFILES, annotation_lines(mark="#---"))
def test_switched_off_is_never_an_annotation(text: str, line: str) -> None:
    """A switched-off line changes nothing, and is reported by nothing."""
    before = read(f"FROM x\n{text}")
    after = read(f"FROM x\n{line}\n{text}")
    assert [a.line.text for a in after.annotations] == [a.line.text for a in before.annotations]
    assert [s.text for s in after.suspects] == [s.text for s in before.suspects]


@given(st.lists(annotation_lines(), max_size=5))
def test_every_annotation_is_found(lines: list[str]) -> None:
    """Annotations between instructions are all found, in order."""
    found = read("FROM x\n" + "\nUSER a\n".join(lines))
    assert [a.line.text for a in found.annotations] == [line.strip() for line in lines]
    assert all(a.has_equals for a in found.annotations)


@given(DOCKERFILES)
def test_line_ends_do_not_matter(text: str) -> None:
    """LF and CRLF say the same."""
    assert said(read(text)) == said(read(text.replace("\n", "\r\n")))


@given(DOCKERFILES)
def test_byte_order_mark_does_not_matter(text: str) -> None:
    """A byte order mark shifts the places by one, and nothing else."""
    plain, marked = read(text), read("\ufeff" + text)
    assert said(plain) == said(marked)
    for one, two in zip(plain.annotations, marked.annotations, strict=True):
        assert one.key_span.start + 1 == two.key_span.start


@given(DOCKERFILES)
def test_chain_ends(text: str) -> None:
    """A chain of stages goes back in the text, so it ends."""
    chain = final_chain(read(text))
    indices = [stage.index for stage in chain]
    assert indices == sorted(set(indices), reverse=True)
