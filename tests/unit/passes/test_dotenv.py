"""Compose's reading of `.env`: each rule once, with what Compose makes of it.

That these are Compose's rules is the business of tests/property/test_dotenv_against_compose.py.
"""

from __future__ import annotations

import pytest

from composegen.passes.dotenv import EnvFile, parse_env
from composegen.source import Source


def read(text: str, **environ: str) -> EnvFile:
    """Parse `text` as `.env`."""
    return parse_env(Source(".env", text), environ)


def values(text: str, **environ: str) -> dict[str, str]:
    """Return the variables of a file without errors."""
    file = read(text, **environ)
    assert file.errors == ()
    return file.values(environ)


def faults(text: str, **environ: str) -> list[tuple[str, str]]:
    """Return the refused pieces of text, and the first words of why."""
    return [(e.span.text, " ".join(e.message.split()[:3])) for e in read(text, **environ).errors]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        (" \t\n\r\n  # only a comment", {}),
        ("A=1\nB=2", {"A": "1", "B": "2"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("\ufeffA=1", {"A": "1"}),
        ("  A  =\t 1 \t\n", {"A": "1"}),
        ("A=", {"A": ""}),
        ("A=\n\n", {"A": ""}),
        ("A=a b", {"A": "a b"}),
        ("A=1\rB=2", {"A": "1\rB=2"}),
        ("A=\x00", {"A": "\x00"}),
        ("A=1\u2003\nB=\u2003x", {"A": "1", "B": "\u2003x"}),
        ("A=1\x1c", {"A": "1\x1c"}),
        ("A=1\nA=2", {"A": "2"}),
        ("=1\nA=2", {"A": "2"}),
    ],
)
def test_lines_and_blanks(text: str, expected: dict[str, str]) -> None:
    """Blanks round names and values go, in Go's sense of white space; the last one wins."""
    assert values(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("export A=1", {"A": "1"}),
        ("export\t A=1", {"A": "1"}),
        ("export=1", {"export": "1"}),
        ("exportA=1", {"exportA": "1"}),
        ("export\nA=1", {"A": "1"}),
        ("A: 1\nB:2\nC:=3\nu: http://x", {"A": "1", "B": "2", "C": "=3", "u": "http://x"}),
        ("a.b-c_D[0]=1", {"a.b-c_D[0]": "1"}),
        ("1A=1", {"1A": "1"}),
        ("ünï=ö\n中²=3", {"ünï": "ö", "中²": "3"}),
        ("A\tB=1", {"A\tB": "1"}),
    ],
)
def test_names(text: str, expected: dict[str, str]) -> None:
    """`export` is dropped, a colon separates too, letters are Unicode's; a tab passes."""
    assert values(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=1 # c", "1"),
        ("A=1  #c", "1"),
        ("A=1#c", "1#c"),
        ("A=1\t# c", "1\t# c"),
        ("A=#c", "#c"),
        ("A= # c", "# c"),
        ("A=it's # c", "it's"),
        ("A='1' # c", "1"),
        ('A="1 # c"#c', "1 # c"),
    ],
)
def test_comments(text: str, expected: str) -> None:
    """Without quotes, only a space before the hash makes a comment, and not the first one."""
    assert values(text) == {"A": expected}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A='a b '", "a b "),
        ("A='$B ${B} $$ ${'", "$B ${B} $$ ${"),
        (r"A='a\'b'", "a'b"),
        (r"A='a\\b\n\"'", r"a\\b\n\""),
        ("A='a\nb\r\nc'", "a\nb\r\nc"),
        ('A="a\n# b\n\nB=1"', "a\n# b\n\nB=1"),
        (r'A="\a\b\f\n\r\t\v\\\""', '\a\b\f\n\r\t\v\\"'),
        (r'A="\c\x41\u0041\e\'"', r"\c\x41\u0041\e\'"),
        (r'A="\0101\01012\0377"', "AA2\xff"),
        (r'A="\0|\07|\012|\0400|\0189"', r"\|\7|\12|\400|\189"),
        ('A="a\\\nb"', "a\\\nb"),
        (r"A=a\nb\\", r"a\nb\\"),
        ("A=a'b'", "a'b'"),
        ("A=''", ""),
    ],
)
def test_quotes_and_escapes(text: str, expected: str) -> None:
    """Single quotes know one escape, their own; double quotes Go's simple ones and octal."""
    assert values(text) == {"A": expected}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=$B", "env"),
        ('A="$B\n${B}"', "env\nenv"),
        ("A=$$B", "$B"),
        (r'A="\$B \$\$"', "$B $$"),
        (r"A=\$B", "\\env"),
        (r'A="\\$B"', "\\env"),
        ("A=${NONE:-d}", "d"),
        ('A="${NONE:-a #b}"', "a #b"),
        ("A=$2y$05$x", "$2y$05"),
    ],
)
def test_references_in_values(text: str, expected: str) -> None:
    """They are replaced without and within double quotes, after escapes and comments."""
    assert values(text, B="env")["A"] == expected


def test_a_reference_sees_the_process_environment_then_what_stands_above() -> None:
    """A forward reference is empty; duplicates count as they come."""
    text = "A=$B\nB=1\nC=$B\nB=2\nD=$B$P\nP=file"
    assert values(text) == {"A": "", "B": "2", "C": "1", "D": "2", "P": "file"}
    assert values(text, P="env")["D"] == "2env"
    assert values(text, B="env")["C"] == "env"


def test_the_process_environment_wins_over_the_file() -> None:
    """Also when it is empty; the binding still says what the file says."""
    assert values("A=1\nB=2", A="", Z="z") == {"A": "", "B": "2", "Z": "z"}
    assert read("A=1", A="env").bindings[0].value == "1"


def test_a_name_alone_inherits() -> None:
    """It has a value only if the process environment, or a line above, gives one."""
    assert values("A\nB\n") == {}
    assert values("A\nB", A="env") == {"A": "env"}
    assert [b.value for b in read("A=1\nA\nB\n", B="env").bindings] == ["1", "1", "env"]


def test_compose_variables_may_be_referred_to_before_they_are_set() -> None:
    """Compose exports them to itself after a first reading, and reads again."""
    text = "A=$COMPOSE_X\nCOMPOSE_X=1${COMPOSE_X}\nB=$COMPOSEX\nCOMPOSEX=1"
    assert values(text) == {"A": "1", "COMPOSE_X": "1", "B": "", "COMPOSEX": "1"}
    assert values(text, COMPOSE_X="env")["A"] == "env"


def test_what_follows_a_closing_quote_is_the_next_statement() -> None:
    """So junk there is harmless only if it reads as one."""
    assert values("A='1'B=2\nC=3") == {"A": "1", "B": "2", "C": "3"}
    assert values("A='1' junk\nC=3") == {"A": "1", "C": "3"}
    assert faults("A='1' some junk\nC=3") == [("some junk", "the name of")]
    assert faults("A='1';\nC=3") == [(";", "unexpected character ';'")]


@pytest.mark.parametrize(
    ("text", "refused", "message"),
    [
        ("'A'=1", "'", 'unexpected character "\'"'),
        ('"A"=1', '"', "unexpected character '\"'"),
        ("A+=1", "+", "unexpected character '+'"),
        ("\u2003A\u2003=1", "\u2003", "unexpected character '\\u2003'"),
        ("\ufeff\ufeffA=1", "\ufeff", "unexpected character '\\ufeff'"),
        ("A B=1", "A B", "the name of"),
        ("A B\n", "A B", "the name of"),
        ("export ", "export ", "'export' is followed"),
        ("A='1", "'1", "the value's opening"),
        ('A="1\\"\nB=2', '"1\\"', "the value's opening"),
        ("A=x${", "${", "'${' begins no"),
        ("A=${B:-a #b}", "${B:-a", "'${' begins no"),
        ("A=${B?}", "${B?}", "required variable B"),
        (r'A="\t${B?}"', r"\t${B?}", "required variable B"),
        ('A="${B:-\n}"', "${B:-\n}", "'${' begins no"),
    ],
)
def test_refusals(text: str, refused: str, message: str) -> None:
    """What stops Compose is an error, at the place that has to change."""
    assert faults(text) == [(refused, message)]


def test_a_name_at_the_very_end_is_not_checked_for_spaces() -> None:
    """Without a line feed Compose takes it for a value, so it is harmless."""
    assert values("A=1\nB C") == {"A": "1"}


def test_all_errors_are_collected_and_reading_goes_on() -> None:
    """One bad line hides no other, and no good one."""
    text = "A='1\nB C=2\n@ x\nD=1\nE=${\nF=$D${E:?}${G:?}"
    assert [refused for refused, _ in faults(text)] == ["'1", "B C", "@", "${", "${G:?}"]
    assert read(text).values({})["D"] == "1"


def test_a_variable_emptied_further_down_is_missing() -> None:
    """Compose reads the file again with its result as environment, and then refuses."""
    assert faults("B=1\nA=${B:?}\nB=") == [("${B:?}", "required variable B")]
    text = "COMPOSE_X=1\nA=${COMPOSE_X:?}\nCOMPOSE_X="
    assert faults(text) == [("${COMPOSE_X:?}", "required variable COMPOSE_X")]


def test_bindings_know_their_places() -> None:
    """Names and values without quotes and blanks, and lines after a value of several."""
    file = read("# c\nexport A = 'x\ny' # c\n\nB=\nC\nD: z # c\n")
    got = [(b.name_span.text, b.value_span.text, b.line) for b in file.bindings]
    assert got == [("A", "x\ny", 2), ("B", "", 5), ("C", "", 6), ("D", "z", 7)]
