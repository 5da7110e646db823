"""docs/reference is what the declarations say, and the schema accepts every example."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import jsonschema
import pytest

from composegen.cli import COMMANDS
from composegen.codes import CODES
from composegen.keys.project import SETTINGS
from composegen.keys.service import KEYS
from composegen.reference.__main__ import FOLDER, files, stale, write
from composegen.reference.schema import example_value, schema

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = json.loads(schema())


def test_committed_pages_are_fresh() -> None:
    """`make docs-check`: nobody forgot `make docs`."""
    assert stale(FOLDER) == [], "run `make docs` and commit the result"


def test_write_then_check(tmp_path: Path) -> None:
    """Writing makes every page, and once more changes nothing; an edit makes one stale."""
    assert sorted(write(tmp_path)) == sorted(files())
    assert write(tmp_path) == []
    page = tmp_path / "settings.md"
    page.write_text(page.read_text() + "x")
    assert stale(tmp_path) == ["settings.md"]


def test_deterministic() -> None:
    """Another process with other hashes makes the same bytes."""
    code = "import json; from composegen.reference.__main__ import files; print(json.dumps(files()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert json.loads(done.stdout) == files()


def test_arguments() -> None:
    """Anything but --write and --check is refused with 2."""
    done = subprocess.run(
        [sys.executable, "-m", "composegen.reference"], capture_output=True, check=False, text=True
    )
    assert done.returncode == 2
    assert "--write|--check" in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command: str) -> None:
    """Each command of the table has a section with help in cli.md, and no option is without a meaning."""
    section = re.search(rf"^## {command}\n(.*?)(?=^## |\Z)", files()["cli.md"], re.MULTILINE | re.DOTALL)
    assert section is not None
    text = section[1].partition("```\n\n")[2]
    assert re.match(r"[A-Z].*\.", text)
    assert "|  |" not in section[1]


def test_every_name_has_a_section() -> None:
    """Each key, setting and code has a heading, and the table links to it."""
    made = files()
    for page, names in (("annotations.md", KEYS), ("settings.md", SETTINGS), ("diagnostics.md", CODES)):
        headings = set(re.findall(r"^##+ (.+)$", made[page], re.MULTILINE))
        anchors = {h.lower().replace(".", "").replace("*", "") for h in headings}
        assert {n for n in names if n != "compose"} <= headings
        assert set(re.findall(r"\]\(#([^)]+)\)", made[page])) <= anchors


def test_no_bar_ends_a_cell() -> None:
    """Every row of a table has as many cells as its head; a bar between backticks would be another one."""
    for page in ("cli.md", "settings.md", "annotations.md", "diagnostics.md"):
        for table in re.findall(r"(?:^\|.*\n)+", files()[page], re.MULTILINE):
            assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1, table


def test_what_may_be_left_out_is_in_brackets() -> None:
    """The usage lines of cli.md tell which arguments a command does without."""
    page = files()["cli.md"]
    for usage in (
        "releases [OPTIONS] [SERVICE]",
        "rollback [OPTIONS] [SERVICE] [N]",
        "run [OPTIONS] SERVICE ",
    ):
        assert f"composegen {usage}" in page


def test_schema_is_one() -> None:
    """The document is a JSON schema itself."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_examples_validate() -> None:
    """All examples together are valid annotations and settings."""
    found = {n: [example_value(k)] if k.repeat else example_value(k) for n, k in KEYS.items() if not k.nested}
    found["compose.shm_size"] = "256m"
    document = {"annotations": found, "settings": {n: k.example for n, k in SETTINGS.items()}}
    jsonschema.validate(document, SCHEMA)


@pytest.mark.parametrize(
    "annotations",
    [
        {},
        {"service": "web", "prot": 80},
        {"service": "web", "port": 0},
        {"service": "web", "url": "https://x"},
        {"service": "web", "update": "daily"},
        {"service": "a b"},
    ],
)
def test_mistakes_do_not(annotations: dict[str, object]) -> None:
    """A missing service, an unknown key, a bad value and a single value of a list are refused."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"annotations": annotations}, SCHEMA)
