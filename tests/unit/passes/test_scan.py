"""The scanner sees in a Dockerfile what Docker sees, and finds the annotations in it."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from composegen.passes.scan import (
    Annotation,
    Healthcheck,
    Reason,
    Scanned,
    Stage,
    final_chain,
    scan,
)
from composegen.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable


def read(text: str) -> Scanned:
    """Scan ``text``."""
    return scan(Source("Dockerfile", text))


def pairs(text: str) -> list[tuple[str, str]]:
    """Return keys and values of all annotations."""
    return [(found.key, found.value) for found in read(text).annotations]


def only(text: str) -> Annotation:
    """Return the one annotation."""
    (annotation,) = read(text).annotations
    return annotation


def last(text: str) -> Stage:
    """Return the last stage."""
    return read(text).stages[-1]


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        pytest.param("# composegen.port = 80", "port", "80", id="usual"),
        pytest.param("#composegen.port=80", "port", "80", id="no blanks"),
        pytest.param("\t #\t composegen.port \t=\t 80 \t", "port", "80", id="blanks and tabs"),
        pytest.param('# composegen.env = "A=b c"', "env", "A=b c", id="double quotes removed"),
        pytest.param("# composegen.env = 'A=b'", "env", "A=b", id="single quotes removed"),
        pytest.param("# composegen.env = 'A=b\"", "env", "'A=b\"", id="unlike quotes stay"),
        pytest.param('# composegen.env = A="b"', "env", 'A="b"', id="inner quotes stay"),
        pytest.param('# composegen.env = "', "env", '"', id="a lone quote stays"),
        pytest.param('# composegen.command = "a" "b c"', "command", '"a" "b c"', id="two pairs stay"),
        pytest.param("# composegen.command = 'a b' 'c d'", "command", "'a b' 'c d'", id="two of them stay"),
        pytest.param("# composegen.command = 'it''s'", "command", "'it''s'", id="pairs side by side stay"),
        pytest.param('# composegen.label = "a=\'b\'"', "label", "a='b'", id="other quotes inside"),
        pytest.param(r'# composegen.command = "a \"b\" c"', "command", r"a \"b\" c", id="escaped quotes"),
        pytest.param(r'# composegen.command = "a\\" "b"', "command", r'"a\\" "b"', id="an escaped backslash"),
        pytest.param(r"# composegen.env = 'A=C:\x\'", "env", r"A=C:\x" + "\\", id="a backslash at the end"),
        pytest.param('# composegen.env = ""', "env", "", id="a pair around nothing"),
        pytest.param("# composegen.env = A=b=c", "env", "A=b=c", id="first equals sign splits"),
        pytest.param("# composegen.port = 80 # x", "port", "80 # x", id="no inline comments"),
        pytest.param("# composegen.port =", "port", "", id="empty value"),
        pytest.param("# composegen.Port = 8", "Port", "8", id="unknown keys are the binder's"),
        pytest.param("# composegen.=8", "", "8", id="empty key is the binder's"),
        pytest.param(
            "# composegen.compose.healthcheck.test = [a]",
            "compose.healthcheck.test",
            "[a]",
            id="dotted path",
        ),
        pytest.param("# mypaas.port = 80", "port", "80", id="mypaas prefix"),
    ],
)
def test_annotation(line: str, key: str, value: str) -> None:
    """An annotation has a key and a value, wherever blanks stand, and its spans say so."""
    found = only(f"FROM x\n{line}\nUSER a\n")
    assert (found.key, found.value, found.has_equals, found.lax) == (key, value, True, False)
    assert found.key_span.text == key
    assert found.value_span.text == value
    assert found.line.text == line.strip()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("# composegen.a = b\nFROM x\n", id="before FROM"),
        pytest.param("FROM x\n# composegen.a = b", id="after FROM, no newline at the end"),
        pytest.param("FROM x AS y\n# composegen.a = b\nFROM z\n", id="in an earlier stage"),
        pytest.param("FROM x\nRUN a \\\n  # composegen.a = b\n  && c\n", id="continued line"),
        pytest.param("FROM x\nRUN a \\ \t\n\n\t# composegen.a = b\n  c\n", id="blank after escape"),
        pytest.param("# escape=`\nFROM x\nRUN a `\n# composegen.a = b\nc\n", id="other escape"),
        pytest.param("FROM x\r\nRUN a \\\r\n# composegen.a = b\r\n c\r\n", id="CRLF"),
        pytest.param("\ufeff# composegen.a = b\nFROM x\n", id="byte order mark"),
        pytest.param("FROM x\nRUN <<E\nE\n# composegen.a = b\n", id="after a heredoc"),
        pytest.param("FROM x\nRUN <<-E <<F\n\tE\nF\n# composegen.a = b\n", id="two heredocs"),
        pytest.param("FROM x\nCMD <<E\n# composegen.a = b\nE\n", id="CMD has no heredoc"),
        pytest.param('FROM x\nRUN ["a", "<<E"]\n# composegen.a = b\n', id="exec form has none"),
        pytest.param("FROM x\nRUN it's <<E\n# composegen.a = b\n", id="unbalanced quote: none"),
        pytest.param("FROM x\nRUN a <<<E\n# composegen.a = b\n", id="here-string is none"),
        pytest.param("FROM x\nRUN a \\\\\n# composegen.a = b\n", id="escaped escape ends the line"),
        pytest.param("\n#composegen.a=b", id="no FROM at all"),
    ],
)
def test_annotation_counts_where_docker_sees_a_comment(text: str) -> None:
    """An annotation counts in any comment, of any stage, also between continued lines."""
    assert pairs(text) == [("a", "b")]
    assert read(text).suspects == ()


@pytest.mark.parametrize(
    "line",
    [
        "#--- composegen.url = https://x",
        "## composegen.url = https://x",
        "# # composegen.url = https://x",
        "#- mypaas.url = https://x",
        "# see composegen.url = https://x",
        "# was: composegen.url = https://x",
        "RUN echo composegen.url = https://x",
    ],
)
def test_switched_off(line: str) -> None:
    """Anything but blanks between # and the prefix switches the line off, silently."""
    found = read(f"FROM x\n{line}\n")
    assert (found.annotations, found.suspects) == ((), ())


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("## mypaas.port = 80", "80"),
        ("# # mypaas.port = 80", "80"),
        ("\t## # \tmypaas.port=80", "80"),
        ("# mypaas.port = '80", "80"),
        ("# mypaas.port\" = 80'", "80"),
    ],
)
def test_mypaas_laxness(line: str, value: str) -> None:
    """What only MyPaas's laxer reader takes is taken under its prefix, and marked."""
    found = only(f"FROM x\n{line}\n")
    assert (found.prefix, found.key, found.value, found.lax) == ("mypaas", "port", value, True)
    assert (found.key_span.text, found.value_span.text) == ("port", value)


@pytest.mark.parametrize(
    ("line", "reason", "suggestion"),
    [
        ("# composgen.url = a", Reason.PREFIX, "# composegen.url = a"),
        ("# Composegen.url = a", Reason.PREFIX, "# composegen.url = a"),
        ("# COMPOSEGEN.URL = a", Reason.PREFIX, "# composegen.url = a"),
        ("# compose-gen.url = a", Reason.PREFIX, "# composegen.url = a"),
        ("# cmoposegen.url = a", Reason.PREFIX, "# composegen.url = a"),
        ("#MyPaas.port=80", Reason.PREFIX, "# mypaas.port = 80"),
        ("# mypass.port=80", Reason.PREFIX, "# mypaas.port = 80"),
        ("# Composegen.url https://x", Reason.PREFIX, "# composegen.url = https://x"),
        ("# composegen:url = a", Reason.SEPARATOR, "# composegen.url = a"),
        ("# composegen url = a", Reason.SEPARATOR, "# composegen.url = a"),
        ("# composegen. url = a", Reason.SEPARATOR, "# composegen.url = a"),
        ("#\xa0composegen.url = a", Reason.BLANK, "# composegen.url = a"),
        ("# composegen.url\xa0= a", Reason.BLANK, "# composegen.url = a"),
        ("# composegen.url https://x", Reason.NO_EQUALS, "# composegen.url = https://x"),
        ("# composegen.url: https://x", Reason.NO_EQUALS, "# composegen.url = https://x"),
        ("# composegen.restart always", Reason.NO_EQUALS, "# composegen.restart = always"),
        ("# composegen.env FOO=bar", Reason.NO_EQUALS, "# composegen.env = FOO=bar"),
        ("# composegen.stop grace = 9s", Reason.NO_EQUALS, "# composegen.stop-grace = 9s"),
        ("# mypaas.port 80", Reason.MYPAAS_NO_EQUALS, "# mypaas.port = 80"),
    ],
)
def test_near_miss(line: str, reason: Reason, suggestion: str) -> None:
    """A near miss is no annotation; the corrected line is suggested, and is one."""
    found = read(f"FROM x\n {line} \r\n")
    assert found.annotations == ()
    (suspect,) = found.suspects
    assert (suspect.reason, suspect.suggestion, suspect.text) == (reason, suggestion, line)
    assert suspect.span.text == line
    assert len(read(f"FROM x\n{suggestion}\n").annotations) == 1


@pytest.mark.parametrize(
    "line",
    [
        "# compose file = the one below",
        "# composer install = slow",
        "# composegen is great",
        "# composegen: see below",
        "# composegen.url is where the service answers",
        "# mypaas.org is nice",
        "# mypaas.org",
        "# mypaas.foo 3",
        "# mypaas.url is what we had",
        "# bypass.cache = true",
        "# https://composegen.org/?a = b",
        "# composegen://x = y",
        "# COMPOSEGEN_REGISTRY = registry",
        "# composition.url = x",
        "# a = b",
        "#",
    ],
)
def test_prose_is_not_suspected(line: str) -> None:
    """A comment about something else gives neither an annotation nor a suspect."""
    found = read(f"FROM x\n{line}\n")
    assert (found.annotations, found.suspects) == ((), ())


def test_key_alone() -> None:
    """A key that stands alone is an annotation without equals sign, for the binder to judge."""
    found = only("FROM x\n# composegen.init \n")
    assert (found.key, found.value, found.has_equals) == ("init", "", False)
    assert (found.key_span.text, found.value_span.text) == ("init", "")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("RUN <<EOF\n# composegen.a = b\nEOF\n", id="RUN"),
        pytest.param("RUN --mount=type=x <<EOF\n# composegen.a = b\nEOF\n", id="RUN with flags"),
        pytest.param('COPY <<"EOF" /x\n# composegen.a = b\nEOF\n', id="COPY, quoted word"),
        pytest.param("add <<'E F' /x\n\t# composegen.a = b\nE F\n", id="add, word with blank"),
        pytest.param("RUN <<A <<-B\nA\n## mypaas.a = b\n\tB\n", id="second body"),
        pytest.param("RUN cat 3<< EOF\n# composegen.a = b\nEOF\n", id="descriptor and blank"),
        pytest.param("ONBUILD RUN <<EOF\n# composegen.a = b\nEOF\n", id="ONBUILD"),
        pytest.param("RUN <<EOF \\\n && x\n# composegen.a = b\nEOF\n", id="after continuation"),
        pytest.param("RUN <<EOF\n EOF\n# composegen.a = b\n", id="never ends"),
        pytest.param("RUN <<EOF\r\n# composegen.a = b\r\nEOF\r\n", id="CRLF"),
    ],
)
def test_heredoc_body(text: str) -> None:
    """Docker sees no comment in a heredoc body: the line is suspect, not an annotation."""
    found = read("FROM x\n" + text)
    assert found.annotations == ()
    (suspect,) = found.suspects
    assert suspect.reason is Reason.HEREDOC
    assert suspect.suggestion == f"# {suspect.text.lstrip('# ')}"


@pytest.mark.parametrize(
    ("top", "continues"),
    [
        pytest.param("# escape=`\n", True, id="on top"),
        pytest.param("\ufeff# escape=`\n", True, id="after a byte order mark"),
        pytest.param("  #\tESCAPE = `  \r\n", True, id="any case, blanks, CRLF"),
        pytest.param("# syntax=a/b:1\n# check=skip=all\n# escape=`\n", True, id="after others"),
        pytest.param("\n# escape=`\n", False, id="after an empty line"),
        pytest.param("# hello\n# escape=`\n", False, id="after a comment"),
        pytest.param("# other=x\n# escape=`\n", False, id="after an unknown directive"),
        pytest.param("ARG A\n# escape=`\n", False, id="after an instruction"),
    ],
)
def test_escape_directive(top: str, continues: bool) -> None:  # noqa: FBT001
    """``# escape=`` counts only above everything that is not a parser directive."""
    stage = last(f"{top}FROM x\nCMD a `\nUSER b\n")
    assert stage.cmd == ("a USER b" if continues else "a `")


def test_directive_below_an_annotation() -> None:
    """An annotation above ``# syntax=`` switches the directive off: worth a warning."""
    found = read("# composegen.service = a\n# syntax=docker/dockerfile:1\nFROM x\n# check=y\n")
    (suspect,) = found.suspects
    assert suspect.reason is Reason.PARSER_DIRECTIVE_POSITION
    assert suspect.text == "# syntax=docker/dockerfile:1"


@pytest.mark.parametrize(
    ("text", "base", "name", "written"),
    [
        ("from x", "x", None, "x"),
        ("FROM --platform=linux/amd64 x:1 AS Web", "x:1", "web", "x:1"),
        ("ARG B=x:2\nFROM ${B}", "x:2", None, "${B}"),
        ("ARG V=3\nFROM x:$V as w", "x:3", "w", "x:$V"),
        ("ARG V\nFROM x:$V", None, None, "x:$V"),
        ("ARG V\nFROM x:${V:-4}", "x:4", None, "x:${V:-4}"),
        ("FROM x/$TARGETARCH", None, None, "x/$TARGETARCH"),
        ("ARG A=x B=$A\nFROM $B", "x", None, "$B"),
        ('FROM "x"', "x", None, '"x"'),
        ("FROM \\\n# c\n  x \\\n AS y", "x", "y", "x"),
        ("FROM", None, None, "FROM"),
    ],
)
def test_from(text: str, base: str | None, name: str | None, written: str) -> None:
    """FROM gives the base with ARG defaults filled in, its place, and the stage's name."""
    stage = last(text)
    assert (stage.base, stage.name, stage.base_span.text) == (base, name, written)
    assert stage.span.text.upper().startswith("FROM")


@pytest.mark.parametrize(
    ("text", "port", "protocol", "written"),
    [
        ("EXPOSE 80", 80, "tcp", "80"),
        ("expose 53/UDP", 53, "udp", "53/UDP"),
        ("EXPOSE 8000-8010", None, "tcp", "8000-8010"),
        ("EXPOSE 80-80/tcp", 80, "tcp", "80-80/tcp"),
        ("EXPOSE $P", None, "tcp", "$P"),
        ("EXPOSE $P/udp", None, "udp", "$P/udp"),
        ("ARG P=81\nEXPOSE $P", 81, "tcp", "$P"),
        ("ENV P=82\nEXPOSE ${P}/tcp", 82, "tcp", "${P}/tcp"),
        ('EXPOSE "83"', 83, "tcp", '"83"'),
        ("EXPOSE \\\n # c\n 84", 84, "tcp", "84"),
        ("EXPOSE web", None, "tcp", "web"),
    ],
)
def test_expose(text: str, port: int | None, protocol: str, written: str) -> None:
    """EXPOSE gives a port where there is exactly one; a range or riddle has none."""
    (expose,) = last(f"FROM x\n{text}\n").exposes
    assert (expose.port, expose.protocol, expose.text) == (port, protocol, written)
    assert expose.span.text == written


@pytest.mark.parametrize(
    ("text", "env"),
    [
        ("ENV A=b C='d e' F=\"g\"", {"A": "b", "C": "d e", "F": "g"}),
        ("ENV A b  c", {"A": "b  c"}),
        ("ENV A=b\\ c", {"A": "b c"}),
        ("ENV A=1\nENV A=2 B=$A C=${A}x", {"A": "2", "B": "1", "C": "1x"}),
        ("ENV A=$UNKNOWN", {"A": None}),
        ("ENV A='$B'", {"A": "$B"}),
        ("ENV A=${B:-c}", {"A": None}),
        ("ARG B\nENV A=${B:-c}", {"A": "c"}),
        ("ARG B=1\nENV A=$B", {"A": "1"}),
        ("ENV PATH=/a:$PATH", {"PATH": "/a:${PATH}"}),
        ("ENV PATH=/a\nENV PATH=/b:${PATH}", {"PATH": "/b:/a"}),
        ("ENV A='b", {"A": None}),
        ("ENV A", {}),
        ("ENV", {}),
        ("ENV A=x\\\n B=y", {"A": "x", "B": "y"}),
    ],
)
def test_env(text: str, env: dict[str, str | None]) -> None:
    """ENV values are what Docker would make of them, None where that cannot be known."""
    assert last(f"FROM x\n{text}\n").env == env


def test_env_of_an_earlier_stage() -> None:
    """A stage FROM another one sees its ENV; values of its own stay its own."""
    found = read("FROM x AS a\nENV PATH=/a V=1\nFROM a\nENV PATH=/b:$PATH W=$V\nEXPOSE 808$V\n")
    assert found.stages[1].env == {"PATH": "/b:/a", "W": "1"}
    assert found.stages[1].exposes[0].port == 8081


@pytest.mark.parametrize(
    ("text", "test", "interval"),
    [
        ("HEALTHCHECK NONE", None, None),
        ("HEALTHCHECK CMD curl -f x", "curl -f x", None),
        ('HEALTHCHECK --interval=5s CMD ["a", "b c"]', ("a", "b c"), "5s"),
        ('healthcheck --interval="5s" \\\n  cmd a \\\n  || exit 1', "a   || exit 1", "5s"),
    ],
)
def test_healthcheck(text: str, test: object, interval: str | None) -> None:
    """HEALTHCHECK gives the exec or shell form, and its options as written."""
    check = last(f"FROM x\n{text}\n").healthcheck
    assert isinstance(check, Healthcheck)
    assert (check.test, check.interval) == (test, interval)


def test_healthcheck_options() -> None:
    """All five options are read; the last HEALTHCHECK wins."""
    check = last(
        "FROM x\nHEALTHCHECK NONE\nHEALTHCHECK --interval=1s --timeout=2s --start-period=3s "
        "--start-interval=4s --retries=5 CMD a\n"
    ).healthcheck
    assert check is not None
    assert (check.interval, check.timeout, check.start_period) == ("1s", "2s", "3s")
    assert (check.start_interval, check.retries) == ("4s", "5")


@pytest.mark.parametrize(
    ("text", "proved"),
    [
        ("RUN a", True),
        ('RUN ["a"]', False),
        ("RUN --network=none a", True),
        ('RUN --network=none ["a"]', False),
        ("RUN <<E\na\nE", True),
        ("RUN <<E\n#!/usr/bin/python\nE", False),
        ("CMD a", True),
        ('CMD ["a"]', False),
        ("ENTRYPOINT a", True),
        ("COPY a b", False),
        ("ONBUILD RUN a", False),
        ("RUN ['a']", True),
    ],
)
def test_shell_is_proved(text: str, proved: bool) -> None:  # noqa: FBT001
    """A command in shell form proves that the image holds a shell."""
    assert last(f"FROM x\n{text}\n").shell_form_run is proved


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("VOLUME /a /b", "volumes", ("/a", "/b")),
        ('VOLUME ["/a", "/b c"]\nVOLUME /d', "volumes", ("/a", "/b c", "/d")),
        ("USER 1000:1000", "user", "1000:1000"),
        ("ENV U=me\nUSER $U", "user", "me"),
        ("USER $U", "user", "$U"),
        ("WORKDIR /a\nWORKDIR b", "workdir", "/a/b"),
        ("WORKDIR b", "workdir", "b"),
        ("STOPSIGNAL SIGQUIT", "stopsignal", "SIGQUIT"),
        ('SHELL ["bash", "-c"]', "shell", ("bash", "-c")),
        ("SHELL bash", "shell", None),
        ('CMD ["a", "\\u00e9\\n\\ud83d\\ude00\\ud83d"]', "cmd", ("a", "é\n😀�")),
        ("CMD []", "cmd", ()),
        ('CMD ["a",]', "cmd", '["a",]'),
        ("ENTRYPOINT a b", "entrypoint", "a b"),
        ("CMD " + "[" * 9999, "cmd", "[" * 9999),
    ],
)
def test_other_instructions(text: str, field: str, value: object) -> None:
    """The last word on each setting is kept, expanded where possible."""
    assert getattr(last(f"FROM x\n{text}\n"), field) == value


def test_final_chain() -> None:
    """The target is followed by the stages that it builds on, whatever stands between."""
    found = read("FROM x AS a\nFROM y AS B\nFROM a AS c\nFROM c\n")
    assert [stage.index for stage in final_chain(found)] == [3, 2, 0]
    assert [stage.index for stage in final_chain(found, "b")] == [1]
    assert [stage.index for stage in final_chain(found, "2")] == [2, 0]
    assert final_chain(found, "nope") == ()
    assert final_chain(found, "9" * 9999) == ()
    assert final_chain(read("")) == ()


def test_a_later_stage_of_the_same_name_wins() -> None:
    """FROM refers to the latest earlier stage; a stage never refers to itself."""
    found = read("FROM x AS x\nFROM x AS x\nFROM x\n")
    assert [stage.from_stage for stage in found.stages] == [None, 0, 1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM x", True),
        ("# syntax=a\n# c\nARG B=x\nFROM $B\n# composegen.image = a\n", True),
        ("FROM x\nUSER a", False),
        ("FROM x\nARG a", False),
        ("FROM x\nFROM y", False),
        ("# c", False),
        ("", False),
    ],
)
def test_only_from(text: str, expected: bool) -> None:  # noqa: FBT001
    """A Dockerfile that is nothing but FROM is recognised, comments and ARG aside."""
    assert read(text).only_from is expected


LINEAR: dict[str, tuple[Callable[[int], str], int]] = {
    "one line of hashes": (lambda n: "#" * n, 2_000_000),
    "lines of hashes": (lambda n: "#\n" * n, 60_000),
    "one long line": (lambda n: "FROM x\nRUN " + "a 'b' \\ " * n, 60_000),
    "continued lines": (lambda n: "FROM x\nRUN a \\\n" + "b \\\n# c\n" * n, 50_000),
    "continued EXPOSE": (lambda n: "FROM x\nEXPOSE 1 \\\n" + "22 \\\n" * n, 15_000),
    "heredocs in one line": (lambda n: "FROM x\nRUN " + "<<E " * n + "\nE" * n, 15_000),
    "heredocs that never end": (lambda n: "FROM x\n" + "RUN <<'\n" * n, 30_000),
    "chain of stages": (
        lambda n: "".join(f"FROM a{i} AS a{i + 1}\nENV V{i}=1 B=$Q\n" for i in range(n)),
        4_000,
    ),
    "values that double": (lambda n: "FROM x\nENV A=aa\n" + "ENV A=$A$A\n" * n, 15_000),
    "nested references": (lambda n: "FROM x\nENV A=" + "${A:-" * n, 400_000),
    "blanks in a key": (lambda n: "# composegen" + " " * n + "x", 400_000),
    "a long key": (lambda n: "# composgen." + "a." * n, 400_000),
    "broken JSON": (lambda n: "FROM x\nCMD [" + '"a",' * n, 100_000),
}


def seconds(source: Source) -> float:
    """Return the processor time of one scan."""
    gc.collect()
    start = time.process_time()
    scan(source)
    return time.process_time() - start


@pytest.mark.parametrize("name", LINEAR)
def test_time_is_linear(name: str) -> None:
    """Four times the text takes about four times the time, not sixteen.

    The best of a few rounds counts: a busy machine can only slow a round down.
    """
    build, size = LINEAR[name]
    small, large = Source("Dockerfile", build(size // 4)), Source("Dockerfile", build(size))
    short = long = float("inf")
    for _ in range(6):
        short, long = min(short, seconds(small)), min(long, seconds(large))
        if long < 8 * short + 0.03:
            return
    pytest.fail(f"{short:.3f} s grew to {long:.3f} s")


def test_import_is_light() -> None:
    """The scanner needs nothing that is slow to import."""
    code = (
        "import sys, composegen.passes.scan\n"
        "print([m for m in ('json', 'yaml', 'pathlib', 'shlex') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
