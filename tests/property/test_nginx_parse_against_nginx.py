"""The tests' parser of nginx configurations reads any text as nginx itself does.

In a `types` block any words may stand, and a word that comes twice is told of, with the first
word of its statement and its line. So a text that stands there twice is told of as nginx read it.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.nginx import run
from tests.nginx.parse import ConfigError, Directive, parse

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(bool(run.why_not()), reason=run.why_not() or "nginx can be run")
SOAK = bool(os.environ.get("COMPOSEGEN_SOAK"))

BEFORE = "events {}\nhttp {\ntypes {\n"
AFTER = "\n}\n}\n"
SIGNS = st.one_of(
    st.sampled_from(list("\\\\\\\"\"''##;;;{}$$  \t\r\n()aBtrn")),
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]),
)
# A message has the time and the process before it, or the name of the program.
STAMP = re.compile(r"^(?:nginx: |[\d/]+ [\d:]+ )(\[\w+\]) (?:\d+#\d+: )?", re.MULTILINE)
EARLIER = re.compile(r'\[emerg\] (?:unexpected "{"|unknown directive|.* directive )')
NOT_ASCII = re.compile(r"[^\0-\x7f]")  # nginx speaks of one byte of it
RAW = st.text(SIGNS, max_size=6)
BARE = st.from_regex(r"([aB0)$\\]|[$]+[{]+|\\[;{}#\"'trnx \n])[aB0'\"}#()\\x$]{0,4}", fullmatch=True)
QUOTED = st.one_of(
    RAW.map(lambda word: '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'),
    st.from_regex(r"'([^'\\\0]|\\[^\0]){0,6}'", fullmatch=True),
)
CLOSED = st.tuples(QUOTED, st.sampled_from(["", "", ")", ")a"])).map("".join)  # `if ($a = "b")`
COMMENT = RAW.map(lambda word: "#" + word.replace("\n", "") + "\n")
PIECES = st.lists(st.one_of(BARE, BARE, CLOSED, COMMENT), min_size=1, max_size=4).map(" ".join)
STATEMENTS = st.lists(PIECES.map("{};".format), min_size=1, max_size=3).map("\n".join)
TEXT = st.one_of(
    STATEMENTS, STATEMENTS, STATEMENTS, st.tuples(RAW, RAW, RAW).map(lambda raw: "{} {};{}".format(*raw))
)


def lower(word: str) -> str:
    """What nginx makes of an extension: A to Z become small, nothing else."""
    return "".join(char.lower() if "A" <= char <= "Z" else char for char in word)


def told(block: tuple[Directive, ...]) -> str:
    """What nginx says when it reads this `types` block."""
    types: dict[str, str] = {}
    said = ""
    for statement in block:
        for word in map(lower, statement.args):
            if word in types:
                said += (
                    f'nginx: [warn] duplicate extension "{word}", content type: "{statement.name}", '
                    f'previous content type: "{types[word]}" in /c/c.conf:{statement.line}\n'
                )
            types[word] = statement.name
    return said


def flat(tree: tuple[Directive, ...]) -> tuple[Directive, ...] | None:
    """The `types` block, when the text has changed nothing around it and has no block itself."""
    if len(tree) != 2 or len(tree[1].block or ()) != 1:
        return None
    (types,) = tree[1].block or ()
    if any(held.block is not None or held.name == "include" for held in types.block or ()):
        return None
    return types.block


@settings(
    max_examples=800 if SOAK else 250,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(TEXT)
def test_same_as_nginx(tmp_path: Path, text: str) -> None:
    """Same words, same lines; what one refuses the other refuses."""
    whole = f"{BEFORE}{text}\n{text}{AFTER}"
    (tmp_path / "c.conf").write_text(whole, encoding="utf-8", newline="")
    done = run.check({"/c": tmp_path}, "/c/c.conf")
    said = STAMP.sub(r"nginx: \1 ", done.messages)
    try:
        tree = parse(whole, "/c/c.conf")
    except ConfigError as error:
        place, _, what = str(error).partition(": ")
        what = NOT_ASCII.sub(lambda char: char[0].encode()[:1].decode(errors="surrogateescape"), what)
        assert not done.good
        # nginx stops at its first reason, which may be a block or a name that it does not know.
        if EARLIER.search(said) is None:
            assert f"nginx: [emerg] {what} in {place}\n" in said
        return
    block = flat(tree)
    assert done.good == (block is not None), said
    if block is not None:
        assert said.startswith(told(block) + "nginx: the configuration file")
        assert parse(done.dump, "/c/c.conf") == tree
