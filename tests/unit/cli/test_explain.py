"""`composegen explain`: everything that is declared can be asked for, however it is spelt."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from composegen.cli import cli
from composegen.codes import CODES
from composegen.keys.project import SETTINGS
from composegen.keys.service import KEYS
from composegen.reference.entries import FAMILY

if TYPE_CHECKING:
    from click.testing import Result

EVERYTHING = [*KEYS, *SETTINGS, FAMILY, *CODES]


def explain(*arguments: str) -> Result:
    """Run the command; an exception of the environment stays one."""
    return CliRunner().invoke(cli, ["explain", *arguments])


def data(*arguments: str) -> Any:
    """Return what the command prints as JSON."""
    return json.loads(explain("--format", "json", *arguments).output)


def test_list_names_everything() -> None:
    """Without a name, keys, settings and codes are listed, one line each."""
    lines = explain().output.splitlines()
    first = {line.split()[0].rstrip("*") for line in lines if line.startswith("  ")}
    assert {name.rstrip("*") for name in EVERYTHING} <= first
    assert max(map(len, lines)) < 200


def test_list_as_json() -> None:
    """The JSON list holds the same names, in declared order."""
    assert [e["name"] for e in data()] == EVERYTHING


@pytest.mark.parametrize("name", [n for n in EVERYTHING if n != FAMILY])
def test_each_is_explained(name: str) -> None:
    """Each name has a text that holds its example."""
    result = explain(name)
    assert result.exit_code == 0
    example = KEYS[name].example if name in KEYS else (SETTINGS | CODES)[name].example
    assert all(line.strip() in result.output for line in example.splitlines())


@pytest.mark.parametrize("name", [FAMILY, "COMPOSEGEN_ACME_ENV_CF_DNS_API_TOKEN", "acme-env-x"])
def test_a_credential_is_explained(name: str) -> None:
    """Names of the user's own that begin with COMPOSEGEN_ACME_ENV_ are one entry."""
    found = data(name)
    assert found["name"] == FAMILY
    assert "DNS challenge" in found["summary"]


def test_facts_of_a_key() -> None:
    """Form, default, summary, example, repetition and where it counts are shown."""
    assert data("port") == {
        "kind": "key",
        "name": "port",
        "summary": "Where the process listens for HTTP.",
        "form": "a number from 1 to 65535",
        "default": "the only EXPOSE, else 80 (under mypaas. always 80)",
        "example": "# composegen.port = 8000",
        "repeatable": False,
        "counts_in": "a comment of a Dockerfile, also as mypaas.port",
    }


def test_when_a_setting_is_read() -> None:
    """A setting says whether it is read at build or at up."""
    assert data("COMPOSEGEN_TLS")["read"].startswith("at build")
    assert data("COMPOSEGEN_TAG")["read"].startswith("at up")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("composegen.port", "port"),
        ("mypaas.port", "port"),
        ("# composegen.port", "port"),
        ("PORT", "port"),
        ("compose.shm_size", "compose"),
        ("composegen.compose.deploy.x", "compose"),
        ("cg102", "CG102"),
        ("composegen_tls", "COMPOSEGEN_TLS"),
        ("tls", "COMPOSEGEN_TLS"),
        ("update-url", "COMPOSEGEN_UPDATE_URL"),
        ("tz", "TZ"),
    ],
)
def test_spellings(typed: str, meant: str) -> None:
    """Prefix, case and COMPOSEGEN_ do not matter."""
    assert data(typed)["name"] == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("prot", "port"),
        ("composegen.helthcheck", "healthcheck"),
        ("CG1O2", "CG102"),
        ("FRONTENT", "COMPOSEGEN_FRONTEND"),
    ],
)
def test_miss_suggests(composegen: Any, typed: str, meant: str) -> None:
    """A name that is near to one is suggested, and the exit code is 1."""
    done = composegen("explain", typed)
    assert (done.code, done.out) == (1, "")
    assert "did you mean " in done.err
    assert meant in done.err.partition("did you mean ")[2].rstrip("?\n").split(" or ")


def test_miss_without_anything_near(composegen: Any) -> None:
    """A name that is near to nothing points at the list; what a terminal would obey is shown."""
    done = composegen("explain", "\x1b[31mxyzzy")
    assert done.code == 1
    assert "`composegen explain` lists all" in done.err
    assert "\x1b" not in done.err


def completions(arguments: list[str], typed: str) -> list[str]:
    """Return what a shell would offer."""
    found = ShellComplete(cli, {}, "composegen", "_X").get_completions(arguments, typed)
    return [item.value for item in found]


def test_completion() -> None:
    """Commands, names and options are completed although commands are imported late."""
    assert completions([], "ex") == ["explain"]
    assert "port" in completions(["explain"], "po")
    assert completions(["explain"], "cg50")[:2] == ["CG501", "CG502"]
    assert "--format" in completions(["explain"], "--f")
    assert completions(["check", "--format"], "g") == ["github"]
