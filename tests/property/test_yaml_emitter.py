"""What the emitter writes is read back unchanged, by PyYAML and by Compose.

COMPOSEGEN_SOAK=1 tries many more.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from composegen.emit.yaml import Anchored, Commented, Flow, dump
from composegen.text import Raw
from tests.property.words import PIECES, SCALARS

if TYPE_CHECKING:
    from pathlib import Path

SOAK = os.environ.get("COMPOSEGEN_SOAK") == "1"
common = settings(
    max_examples=3_000 if SOAK else 600,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
LOOKS_LIKE = [
    *PIECES,
    *SCALARS,
    "y",
    "N",
    "Off",
    "10s",
    "1.5m",
    "0x",
    "+.inf",
    "1:2",
    "a: b",
    "a #b",
    "a:",
    "? a",
    "a?b",
    "a:b",
    "?",
    "a,b",
    "x{y}",
]


def _texts(alphabet: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    mixed = st.lists(st.one_of(st.sampled_from(LOOKS_LIKE), st.text(alphabet, max_size=4)), max_size=4)
    return st.one_of(mixed.map("".join), st.text(alphabet, max_size=12))


texts = _texts(st.characters())
sound = _texts(st.characters(codec="utf-8"))
"""Text that can stand in a file: no lone surrogates."""


def trees(text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Return nested values with every wrapper that the emitter knows."""
    numbers = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
    leaves = st.one_of(text, text.map(Raw), numbers, st.booleans(), st.none())
    flows = st.recursive(
        leaves,
        lambda x: st.one_of(st.lists(x, max_size=3), st.dictionaries(text, x, max_size=3)),
        max_leaves=6,
    )
    return st.recursive(
        st.one_of(leaves, flows.map(Flow)),
        lambda x: st.one_of(
            st.lists(x, max_size=3),
            st.lists(st.builds(Commented, st.text(max_size=12), x), max_size=2),
            st.dictionaries(text, x, max_size=3),
            st.dictionaries(text, st.builds(Commented, st.text(max_size=12), x), max_size=2),
        ),
        max_leaves=12,
    )


def plain(value: Any) -> Any:
    """Return the value that a YAML reader must see: no wrappers, literal dollars doubled."""
    if isinstance(value, (Flow, Commented, Anchored)):
        return plain(value.value)
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    return value


@common
@given(document=st.dictionaries(texts, trees(texts), max_size=4))
@example(document={"a": "1e3", "b": "12:30:45", "c": "=", "d": "\x85", "e": "\ufeff", "f": "- a"})
@example(document={"a": [[], {}, [[1]], {"b": []}]})
@example(document={"a": [{"b": Commented("why", 1)}]})
@example(document={"a": [Commented("why", "b"), Commented("and", {"c": 1}), [Commented("no", 2)]]})
@example(document={"a" * 200: 1})
@example(document={"a": Flow({"?b" * 80: 1, "": ""})})
@example(document={"a": 1e22, "b": 1e-7, "c": 10**30})
def test_pyyaml_reads_the_same(document: dict[str, Any]) -> None:
    """Any structure of any text comes back."""
    assert (yaml.safe_load(dump(document)) or {}) == plain(document)


@common
@given(document=st.dictionaries(texts, trees(texts), max_size=4))
def test_no_line_obeys_a_terminal(document: dict[str, Any]) -> None:
    """Control characters and reversed text are escapes in the file."""
    written = dump(document)
    assert not [c for c in written if c not in "\n\t" and (ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0)]
    assert not set(written) & set("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def test_compose_reads_the_same(tmp_path: Path, compose_env: dict[str, str]) -> None:
    """A few hundred texts, as values and as keys, through `docker compose config`."""
    found: list[Any] = []

    @settings(
        max_examples=1500 if SOAK else 400,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(value=trees(sound))
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    texts_ = {
        f"v{n}": value
        for n, value in enumerate([*LOOKS_LIKE, Flow(LOOKS_LIKE), Flow([{w: w} for w in LOOKS_LIKE]), *found])
    }
    document = {"services": {"a": {"image": "a"}}, "x-values": _literal(texts_)}
    (tmp_path / "compose.yaml").write_text(dump(document), encoding="utf-8")
    done = subprocess.run(
        ["docker", "compose", "-p", "emitter", "config", "--format", "json"],
        cwd=tmp_path,
        env=compose_env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout)["x-values"]
    wanted = _shown(plain(document["x-values"]))
    for name, value in wanted.items():
        assert _alike(read[name]) == _alike(value), (name, value, read[name])


def _literal(value: Any) -> Any:
    """Return ``value`` with no Raw in it: random text is no template."""
    if isinstance(value, Raw):
        return value.replace("$", "")
    if isinstance(value, Flow):
        return Flow(_literal(value.value))
    if isinstance(value, Commented):
        return Commented(value.comment, _literal(value.value))
    if isinstance(value, list):
        return [_literal(v) for v in value]
    if isinstance(value, dict):
        return {str(k): _literal(v) for k, v in value.items()}
    return value


def _alike(value: Any) -> Any:
    """Return ``value`` as JSON can tell it: Compose keeps no more than a float's digits."""
    if isinstance(value, bool):
        return value
    if value is None or value in ([], {}):  # Compose writes none for an empty list
        return None
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, list):
        return [_alike(v) for v in value]
    if isinstance(value, dict):
        return {k: _alike(v) for k, v in value.items()}
    return value


def _shown(value: Any) -> Any:
    """Return ``value`` as `config` prints it: it doubles the dollars of keys too, read as they are."""
    if isinstance(value, list):
        return [_shown(v) for v in value]
    if isinstance(value, dict):
        return {k.replace("$", "$$"): _shown(v) for k, v in value.items()}
    return value
