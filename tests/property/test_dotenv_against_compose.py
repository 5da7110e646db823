"""composegen reads `.env` files, and interpolates, exactly as `docker compose` does.

Random files are given to both. A missing `docker compose` fails these tests: there is
nothing else that they could be held against. COMPOSEGEN_SOAK=1 tries many more files.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from composegen.passes.dotenv import parse_env
from composegen.passes.interpolation import InterpolationError, substitute
from composegen.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SOAK = os.environ.get("COMPOSEGEN_SOAK") == "1"
BATCH = 12
"""Files per example: Compose takes some 50 ms for each, so they run side by side."""

common = settings(
    max_examples=25 if SOAK else 10,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # shrinking a batch takes minutes; messages are short
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True)
class Compose:
    """`docker compose config` in a folder, with nothing but the given environment."""

    folder: Path
    machine: dict[str, str]

    @cached_property
    def forgives(self) -> bool:
        """Say whether this version accepts a fault in a default that it does not use.

        Older ones do not, and so composegen does not.
        """
        return self.config(-1, DOCUMENT, "A=${PWD:-${}}", {}).returncode == 0

    def agrees(self, result: subprocess.CompletedProcess[bytes], *, refused: bool) -> bool:
        """Say whether Compose and composegen came to the same verdict."""
        return (result.returncode != 0) == refused or (refused and self.forgives)

    def config(
        self, number: int, document: str, dotenv: str, environ: dict[str, str], *options: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Let Compose read `document` and `dotenv` in a folder of their own."""
        folder = self.folder / str(number)
        folder.mkdir(exist_ok=True)
        (folder / "compose.yaml").write_text(document, encoding="utf-8")
        (folder / ".env").write_bytes(dotenv.encode())
        return subprocess.run(
            ["docker", "compose", "config", *options],
            cwd=folder,
            env=self.environ(number, environ),
            capture_output=True,
            check=False,
        )

    def environ(self, number: int, environ: dict[str, str]) -> dict[str, str]:
        """Return the whole process environment of `config(number, …, environ)`."""
        needed = {k: v for k, v in self.machine.items() if k in {"PATH", "HOME"} or k.startswith("DOCKER_")}
        return needed | {"PWD": str(self.folder / str(number))} | environ


@pytest.fixture(scope="module")
def compose(compose_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Compose:
    """Return a Compose that is known to run."""
    found = subprocess.run(
        ["docker", "compose", "version"], env=compose_env, capture_output=True, check=False
    )
    assert found.returncode == 0, found.stderr.decode()
    return Compose(tmp_path_factory.mktemp("compose"), compose_env)


# Names: short, so that they meet. PROC stands in the process environment only.
VARIABLES = ["A", "B", "C", "COMPOSE_X", "PROC", "a", "_1", "\u017f", "\u212a"]
variables = st.sampled_from(VARIABLES)
names = st.sampled_from(["A", "B", "C", "COMPOSE_X", "PROC", "a.b", "D-1", "é²", "1A", "E[0]"])
operators = st.sampled_from([":-", "-", ":?", "?", ":+", "+"])

ODD_DOLLARS = [
    *(
        "$$",
        "$",
        "\\$",
        "\\\\$",
        "$1",
        "$(x)",
        "$é",
        "${A }",
        "${",
        "${}",
        "${1A}",
        "${A",
        "${A;b}",
    ),
    *(
        "${A:",
        "${A:b}",
        "${A:=b}",
        "${A!}",
        "${-}",
        "${A:-{}}",
        "${A:-}",
        "}",
        "{",
        "{}",
        '{"k":1}',
    ),
]
ESCAPES = ["\\" + rest for rest in ["", *"nt\\\"'acve", "0", "07", "0101", "0400", "0189", "x41"]]
LITERALS = [
    *("x", "y z", "é", "中", "a#b", " #", "#", "\t#", "=", ":", ";", "-", "?", '"', "'", "[", "1"),
    *(
        " ",
        "\t",
        "\r",
        "\v",
        "\x1c",
        "\x85",
        "\xa0",
        "\u2003",
        "\u2028",
        "\ufeff",
        "\x00",
        "\U0001d11e",
    ),
]


def braced(fragments: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Generate references with an operator, whose defaults are `fragments`."""
    return st.builds("${{{}{}{}}}".format, variables, operators, fragments)


simple = st.one_of(variables.map("${}".format), variables.map("${{{}}}".format))
pieces = st.one_of(
    st.sampled_from(LITERALS),
    simple,
    st.sampled_from(ESCAPES),
    st.sampled_from(ODD_DOLLARS),
    st.characters(exclude_categories=["Cs"]).filter(lambda c: c != "\n"),
)
fragments = st.recursive(
    st.lists(pieces, max_size=3).map("".join),
    lambda inner: st.lists(inner | braced(inner), min_size=1, max_size=3).map("".join),
    max_leaves=6,
)


def quoted(quote: str) -> st.SearchStrategy[str]:
    """Generate values in quotes over several lines, mostly well-formed, with what may follow."""
    lines = st.lists(fragments, max_size=3).map("\n".join)
    body = st.one_of(lines.map(lambda text: text.replace(quote, "")), lines)
    closing = st.sampled_from([quote] * 6 + ["", "\\" + quote])
    behind = st.sampled_from([""] * 5 + [" # c", "#c", " junk", "B=2", " ;", " x y"])
    return st.builds(f"{quote}{{}}{{}}{{}}".format, body, closing, behind)


assignments = st.builds(
    "{}{}{}{}".format,
    st.sampled_from([""] * 8 + ["export ", "export\t ", "  ", "\t", "\v", "\u2003"]),
    names,
    st.sampled_from(["="] * 8 + [":", ": ", " = ", "= ", "\t=\t", "=\xa0", "=\u2003"]),
    st.one_of(fragments, quoted('"'), quoted("'")),
)
ODD_LINES = [
    *(
        "",
        "  ",
        "#",
        "# $A",
        ' # "',
        "export",
        "export ",
        "export\xa0A=1",
        "export\vA=1",
        "export A",
    ),
    *("export A B=1", "export export A=1", "export=1", "exportA=1", "=", "=x", ":", "=${A:?}", "A"),
    *(
        '"A"=1',
        "'A'=1",
        "A B=1",
        "A B",
        "A\tB=1",
        "A\u2003=1",
        "A\xa0=1",
        "@",
        "$A=1",
        "A+=1",
        "\x00",
    ),
    *("\ufeffA=1", "A‿B=1", "Ⅷ=1", "PROC", "COMPOSE_X", "COMPOSE_X=${B:-$A}", "B=${COMPOSE_X?}"),
]
line_ends = st.sampled_from(["\n"] * 8 + ["\r\n", "\n\n", "\r", ""])
lines = st.builds("{}{}".format, st.one_of(assignments, st.sampled_from(ODD_LINES)), line_ends)
dotenvs = st.builds(
    "{}{}".format,
    st.sampled_from([""] * 12 + ["\ufeff", "\ufeff\ufeff"]),
    st.lists(lines, min_size=1, max_size=5).map("".join),
)
environs = st.sampled_from(
    [
        {},
        {"A": "p$A"},
        {"PROC": "p"},
        {"A": "", "PROC": ""},
        {"COMPOSE_X": "p"},
        {"B": "p", "C": ""},
    ]
)

DOCUMENT = "name: p\nservices: {a: {image: x}}"
Cases = list[tuple[str, dict[str, str]]]


def side_by_side(check: Callable[[int, str, dict[str, str]], None], cases: Cases) -> None:
    """Run `check(number, text, environ)` for all `cases`."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda case: check(case[0], *case[1]), enumerate(cases)))


def unexplained(output: str, variables: dict[str, str]) -> str:
    """Return what is left of the output of `config --environment` without `variables`.

    The longest go first, as a value of several lines may look like another variable.
    What the Docker client tells its plugin is not of interest.
    """
    output = re.sub(r"^DOCKER_CLI_PLUGIN_.*\n", "", output, flags=re.MULTILINE)
    for line in sorted((f"{k}={v}\n" for k, v in variables.items()), key=len, reverse=True):
        before, found, after = output.partition(line)
        assert found, f"{line!r} is not in {output!r}"
        output = before + after
    return output


@common
@example([("A=$COMPOSE_X\nCOMPOSE_X=1${COMPOSE_X}", {}), ("B=1\nA=${B:?}\nB=", {})])
@given(st.lists(st.tuples(dotenvs, environs), min_size=BATCH, max_size=BATCH))
def test_dotenv_is_read_as_compose_reads_it(compose: Compose, cases: Cases) -> None:
    """Both refuse a file, or both find the same variables with the same values in it."""

    def check(number: int, text: str, environ: dict[str, str]) -> None:
        theirs = compose.config(number, DOCUMENT, text, environ, "--environment")
        whole = compose.environ(number, environ)
        ours = parse_env(Source(".env", text), whole)
        why = f"{text!r} {environ}\n{theirs.stderr.decode()}\n{ours.errors}"
        assert compose.agrees(theirs, refused=bool(ours.errors)), why
        if not ours.errors:
            variables = {"COMPOSE_PROJECT_NAME": "p"} | ours.values(whole)
            left = unexplained(theirs.stdout.decode(), variables)
            # Nothing can refer to a variable without a name: composegen leaves it out.
            assert left == "" or left.startswith("="), why

    side_by_side(check, cases)


@common
@given(st.lists(st.tuples(fragments, environs), min_size=BATCH, max_size=BATCH))
def test_values_in_a_compose_file_are_interpolated_as_compose_does_it(compose: Compose, cases: Cases) -> None:
    """Both refuse a text, or both make the same of it; Compose's output doubles dollars."""

    def check(number: int, text: str, environ: dict[str, str]) -> None:
        escaped = "".join(f"\\U{ord(character):08x}" for character in text)
        document = f'{DOCUMENT}\nx-text: "{escaped}"'
        theirs = compose.config(number, document, "", environ, "--format", "json")
        why = f"{text!r} {environ}\n{theirs.stderr.decode()}"
        try:
            ours = substitute(text, compose.environ(number, environ).get)
        except InterpolationError:
            assert compose.agrees(theirs, refused=True), why
        else:
            assert theirs.returncode == 0, why
            assert json.loads(theirs.stdout)["x-text"].replace("$$", "$") == ours, why

    side_by_side(check, [(text.replace("\x00", ""), environ) for text, environ in cases])
