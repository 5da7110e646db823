"""Completeness: what is declared has a case, and what has a case is declared."""

from __future__ import annotations

import re

import pytest
import yaml

from composegen.codes import _ALL, CODES
from composegen.diagnostics import Report
from composegen.keys.frontends import LISTENING, NAMES
from composegen.keys.project import SETTINGS
from composegen.keys.service import KEYS
from composegen.passes.guard import NETWORKS, VOLUMES
from composegen.passes.scan import scan
from composegen.pipeline import Input, compile_project
from composegen.source import Source
from composegen.updaters import UPDATERS
from tests import cases

GOLDEN = cases.cases(cases.GOLDEN)
ERRORS = cases.cases(cases.ERRORS)
# Shown by tests.unit.test_bad_input: links that lead nowhere and files of 100 MB do not belong into git.
NOT_A_FOLDER = {"CG501", "CG503"}
# The names of settings whose rest is the user's.
_ACME_ENV = "COMPOSEGEN_ACME_ENV_"


def _annotations(case: cases.Case) -> set[str]:
    found = set()
    for path, content in cases.tree(case.input).items():
        text = content.decode("utf-8", "replace")
        if "ockerfile" in path or "ontainerfile" in path:
            found |= {a.key.partition(".")[0] for a in scan(Source(path, text)).annotations}
    return found


def _settings(case: cases.Case) -> set[str]:
    env = (case.input / ".env").read_text("utf-8") if (case.input / ".env").exists() else ""
    args = (case.path / "args").read_text("utf-8") if (case.path / "args").exists() else ""
    return set(re.findall(r"(?:^|[\s=])([A-Z_][A-Z0-9_]*)=", f"{env}\n{args}"))


@pytest.mark.parametrize("key", KEYS)
def test_each_key_stands_in_a_golden_case(key: str) -> None:
    """What no case shows may change its meaning without anybody seeing it."""
    assert any(key in _annotations(case) for case in GOLDEN)


@pytest.mark.parametrize("setting", SETTINGS)
def test_each_setting_stands_in_a_golden_case(setting: str) -> None:
    """A setting that no case gives is not known to have an effect."""
    assert any(setting in _settings(case) for case in GOLDEN)


def test_names_of_dns_credentials_stand_in_a_golden_case() -> None:
    """COMPOSEGEN_ACME_ENV_* is no setting of the list, as its rest is the provider's."""
    assert any(name.startswith(_ACME_ENV) for case in GOLDEN for name in _settings(case))


@pytest.mark.parametrize("code", CODES)
def test_each_code_stands_in_a_case(code: str) -> None:
    """Errors in ``errors``, warnings in ``golden``: the wording that a user sees is reviewed."""
    shown = GOLDEN if CODES[code].warning else ERRORS
    found = any(f"{_severity(code)}[{code}]" in case.diagnostics for case in shown)
    assert found is not (code in NOT_A_FOLDER)


def _severity(code: str) -> str:
    return "warning" if CODES[code].warning else "error"


def test_codes_are_declared_once_and_in_order() -> None:
    """A code that is declared twice would explain one of two mistakes."""
    names = [c.code for c in _ALL]
    assert names == sorted(set(names))
    assert all(re.fullmatch(r"CG[1-5]\d\d", n) for n in names)


@pytest.mark.parametrize("code", CODES)
def test_each_code_explains_itself(code: str) -> None:
    """Title, explanation and example are what ``explain`` shows."""
    one = CODES[code]
    assert one.title
    assert one.title[0].islower() or one.title.startswith((".env", "MyPaas", "FROM", "EXPOSE"))
    assert one.explanation.endswith(".")
    assert one.example


@pytest.mark.parametrize(
    "example",
    [line for c in _ALL for line in c.example.splitlines() if re.match(r"#+ *(composegen|mypaas)\.", line)],
)
def test_keys_in_examples_of_codes_exist(example: str) -> None:
    """An example shows one mistake: its key is a real one, unless the code is about keys."""
    key = re.match(r"#+ *\w+\.([a-z-]+)", example)
    assert key is not None
    assert key[1] in KEYS or "meant: port" in example


@pytest.mark.parametrize("key", KEYS)
def test_each_example_of_a_key_parses(key: str) -> None:
    """What the reference shows works."""
    declared = KEYS[key]
    value = declared.example.partition(" = ")[2] if declared.nested else declared.example
    assert value == value.strip() != ""
    declared.type.parse(value)


@pytest.mark.parametrize("setting", SETTINGS)
def test_each_example_of_a_setting_parses(setting: str) -> None:
    """What .env.example shows works."""
    SETTINGS[setting].type.parse(SETTINGS[setting].example)


@pytest.mark.parametrize("declared", [*KEYS.values(), *SETTINGS.values()], ids=lambda k: k.name)
def test_each_declaration_says_what_it_is(declared: object) -> None:
    """Summaries are sentences."""
    assert declared.summary.endswith(".")  # type: ignore[attr-defined]


@pytest.mark.parametrize("updater", UPDATERS)
@pytest.mark.parametrize("frontend", NAMES)
def test_each_frontend_has_a_case_with_each_updater(frontend: str, updater: str) -> None:
    """The case ``FRONTEND-UPDATER`` is built with just these two."""
    text = (cases.GOLDEN / f"{frontend}-{updater}" / "expected" / "docker-compose.yml").read_text("utf-8")
    assert f"    COMPOSEGEN_FRONTEND: {frontend}\n" in text
    assert f"    COMPOSEGEN_UPDATER: {updater}\n" in text


def test_generated_networks_and_volumes_are_refused_to_services() -> None:
    """What guard.py lists is what all frontends and ways of TLS together make, no more and no less."""
    web = "# composegen.service = web\n# composegen.url = https://a.test\nFROM alpine\n"
    made: dict[str, set[str]] = {"networks": set(), "volumes": set()}
    ways = [(frontend, tls) for frontend in LISTENING for tls in ("acme", "local", "files", "off")]
    for frontend, tls in (*ways, ("shared", "acme")):
        given = {"COMPOSEGEN_FRONTEND": frontend, "COMPOSEGEN_TLS": tls}
        given["COMPOSEGEN_UPDATE_URL"] = "http://up.test"
        files = compile_project(Input(sources=[Source("Dockerfile", web)], given=given), Report()).files
        document = yaml.safe_load(files["docker-compose.yml"])
        for kind, names in made.items():
            names |= set(document.get(kind, {}))
    assert made == {"networks": {"default", *NETWORKS}, "volumes": VOLUMES}


@pytest.mark.parametrize("case", [*GOLDEN, *ERRORS], ids=lambda c: c.name)
def test_a_case_holds_what_the_suite_reads_and_nothing_else(case: cases.Case) -> None:
    """A file under another name would never be looked at; a case without expectation shows nothing."""
    names = {p.name for p in case.path.iterdir()}
    golden = case in GOLDEN
    assert names <= {"input", "args", "diagnostics.txt", *(("expected", "without") if golden else ())}
    assert {"input", "expected" if golden else "diagnostics.txt"} <= names


def test_all_folders_of_the_suite_are_cases() -> None:
    """Nothing lies beside the cases but git's attributes."""
    for root in (cases.GOLDEN, cases.ERRORS):
        assert [p.name for p in root.iterdir() if not p.is_dir()] == [".gitattributes"]
