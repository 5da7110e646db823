"""The parser of nginx configurations: words, blocks, errors, dumps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.nginx.parse import ConfigError, Directive, expanded, files, mapped, parse, walk

# Whatever may be in a value, with much of what means something to nginx.
HOSTILE = st.text(st.one_of(st.sampled_from(list("\\\"'#;{}$ \t\r\n()an")), st.characters()), max_size=12)


def quoted(word: str) -> str:
    """Write a word so that nginx reads it as it is."""
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def words(text: str) -> tuple[str, ...]:
    """The name and the arguments of the only directive of a text."""
    (directive,) = parse(text)
    return (directive.name, *directive.args)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a;", ("a",)),
        ("a b\tc\r\n d ;", ("a", "b", "c", "d")),
        ("a 'b c' \"d;{}#\";", ("a", "b c", "d;{}#")),
        ("a b# c#d;", ("a", "b#", "c#d")),
        ("a # b;\n c;", ("a", "c")),
        ("a b'c d\"e;", ("a", "b'c", 'd"e')),
        ("a '';", ("a", "")),
        ("a ${b}c;", ("a", "${b}c")),
        ("a $${{b;", ("a", "$${{b")),
        (r"a b\ c \;d \{ \x \\ \";", ("a", r"b\ c", r"\;d", r"\{", r"\x", "\\", '"')),
        (r"a '\'\"' b\tc\r\n;", ("a", "'\"", "b\tc\r\n")),
        ("a b}c;", ("a", "b}c")),
        ('if ($a = "b") {}', ("if", "($a", "=", "b", ")")),
        ('a "b";', ("a", "b")),
        ("a\n'b\nc';", ("a", "b\nc")),
        ("\ufeffa;", ("\ufeffa",)),
    ],
)
def test_words(text: str, expected: tuple[str, ...]) -> None:
    """A directive is cut into words where nginx cuts it."""
    assert words(text) == expected


def test_blocks() -> None:
    """Braces make a block, an empty one too."""
    assert parse("a {b; c d{} } e;# f") == (
        Directive("a", (), (Directive("b"), Directive("c", ("d",), ()))),
        Directive("e"),
    )
    assert parse("a $b{}") == (Directive("a", ("$b",), ()),)
    assert parse("a;") != parse("a {}")


def test_places() -> None:
    """A directive knows the file and the line in which it ends."""
    (outer,) = parse("a {\n  b\n  'c\n  d';\n}", "f")
    assert outer.block is not None
    assert (outer.block[0].file, outer.block[0].line, outer.line) == ("f", 4, 5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", 'line 1: unexpected end of file, expecting ";" or "}"'),
        ("\na b", 'line 2: unexpected end of file, expecting ";" or "}"'),
        ("a 'b;", 'line 1: unexpected end of file, expecting ";" or "}"'),
        ("a b\\", 'line 1: unexpected end of file, expecting ";" or "}"'),
        ("a { b;", 'line 1: unexpected end of file, expecting "}"'),
        (";", 'line 1: unexpected ";"'),
        ("{", 'line 1: unexpected "{"'),
        ("a;\n}", 'line 2: unexpected "}"'),
        ("a { b }", 'line 1: unexpected "}"'),
        ("a 'b'c;", 'line 1: unexpected "c"'),
        ("a 'b'};", 'line 1: unexpected "}"'),
        ("a 'b'# c\n;", 'line 1: unexpected "#"'),
    ],
)
def test_errors(text: str, message: str) -> None:
    """What nginx refuses is refused in its words."""
    with pytest.raises(ConfigError) as raised:
        parse(text)
    assert str(raised.value) == message


@given(st.lists(HOSTILE, min_size=1, max_size=4))
def test_a_quoted_word_is_one_word(given_words: list[str]) -> None:
    """Nothing in a quoted word is more than a part of it."""
    assert words(" ".join(map(quoted, given_words)) + ";") == tuple(given_words)


@given(HOSTILE)
def test_any_text_is_read_or_refused(text: str) -> None:
    """There is no third way, such as a traceback."""
    try:
        parse(text)
    except ConfigError as error:
        assert str(error).startswith("line ")  # noqa: PT017


DUMP = """\
# configuration file /n/nginx.conf:
a;
# configuration file is not a path:
http {
    include up/*.conf;  # configuration file /n/no.conf:
    include /etc/types;
}
# configuration file /n/up/a.conf:
b;

# configuration file /n/up/b.conf:
c '
# configuration file /n/up/c.conf:
';
# configuration file /etc/types:
types { t/x  # configuration file /n/no.conf:
  x; }
"""


def test_files() -> None:
    """Only a comment between the directives of a file can begin the next."""
    found = files(DUMP)
    assert list(found) == ["/n/nginx.conf", "/n/up/a.conf", "/n/up/b.conf", "/etc/types"]
    assert found["/n/up/a.conf"][0].line == 1
    assert found["/n/up/b.conf"][0].args == ("\n# configuration file /n/up/c.conf:\n",)


def test_expanded() -> None:
    """Each include gives way to what it names, in nginx's order."""
    types = Directive("types", (), (Directive("t/x", ("x",)),))
    inner = (Directive("b"), Directive("c", ("\n# configuration file /n/up/c.conf:\n",)), types)
    assert expanded(DUMP) == (Directive("a"), Directive("http", (), inner))


@pytest.mark.parametrize(
    ("files_of_dump", "message"),
    [
        ([], "the dump has no file"),
        (["/a", "/b"], "/b: stands in the dump, but nothing includes it"),
        (["/a", "/a"], "/a:1: stands in the dump twice"),
    ],
)
def test_a_file_that_nothing_includes(files_of_dump: list[str], message: str) -> None:
    """A comment cannot pass for a file of the configuration."""
    dump = "".join(f"# configuration file {name}:\n" for name in files_of_dump)
    with pytest.raises(ConfigError, match=f"^{message}$"):
        expanded(dump)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a;", "the dump does not begin with the name of a file"),
        ("# configuration file /a:\ninclude b;", "/a:1: /b is not in the dump"),
        ("# configuration file /a:\ninclude a;", "/a:1: /a includes itself"),
        ("# configuration file /a:\ninclude b c;", '/a:1: "include" takes one argument'),
        ("# configuration file /a:\nb {\n# configuration file /b:\n", "/a:3: unexpected end of file"),
    ],
)
def test_a_dump_that_is_none(text: str, message: str) -> None:
    """A dump that nginx could not have printed is refused."""
    with pytest.raises(ConfigError) as raised:
        expanded(text)
    assert str(raised.value).startswith(message)


def test_wildcards() -> None:
    """A wildcard stands for neither a slash nor a dot at the beginning."""
    names = ["/n/a.conf", "/n/.b.conf", "/n/d/c.conf", "/n/e.txt"]
    dump = "# configuration file /n/n:\ninclude *.conf;\n"
    dump += "".join(f"# configuration file {name}:\nx {name};\n" for name in names[:1])
    assert expanded(dump) == (Directive("x", ("/n/a.conf",)),)
    for name in names[1:]:
        with pytest.raises(ConfigError, match="nothing includes it"):
            expanded(f"{dump}# configuration file {name}:\n")
    assert expanded("# configuration file /n/n:\ninclude *.conf;\n") == ()


def test_walk_and_mapped() -> None:
    """Every directive is visited; mapping changes words, not their number."""
    tree = parse("a b { c b; }")
    assert [(len(around), directive.name) for around, directive in walk(tree)] == [(0, "a"), (1, "c")]
    assert mapped(tree, lambda word: "x y" if word == "b" else word) == parse("a 'x y' { c 'x y'; }")
