"""flatten.awk gives back what was in the JSON, whatever that was, with every awk."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.runner.conftest import RUNNER, filtered

_ESCAPES = {"\\\\": "\\", "\\n": "\n", "\\t": "\t", "\\r": "\r", "\\0": "\0", "\\.": "."}
_WORD = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.text(
    '$\\."\n\t\r\0{}[]:,~é😀/u0', max_size=8
)
_LEAF = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | _WORD
_JSON = st.dictionaries(
    _WORD,
    st.recursive(
        _LEAF,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORD, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


def _plain(text: str) -> str:
    return re.sub(r"\\.", lambda m: _ESCAPES[m[0]], text, flags=re.DOTALL)


def _wanted(value: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], str]]:
    if isinstance(value, (dict, list)) and value:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return [leaf for key, inner in pairs for leaf in _wanted(inner, (*path, str(key)))]
    if isinstance(value, str):
        return [(path, value)]
    return [
        (
            path,
            "\\~"
            if value is None
            else "\\{}"
            if value == {}
            else "\\[]"
            if value == []
            else json.dumps(value),
        )
    ]


def _read(line: str) -> tuple[tuple[str, ...], str]:
    path, value = line.split("\t", 1)
    keys = re.findall(r"((?:[^.\\]|\\.)*)(?:\.|$)", path, flags=re.DOTALL)
    keys = keys[: len(re.findall(r"(?<!\\)(?:\\\\)*\.", path)) + 1]
    return tuple(_plain(k) for k in keys), value if value in {"\\~", "\\{}", "\\[]"} else _plain(value)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=_JSON.filter(bool), indent=st.sampled_from([None, 2]), ascii_only=st.booleans())
def test_every_value_comes_back(
    awk: list[str], data: dict[str, Any], *, indent: int | None, ascii_only: bool
) -> None:
    """Keys, types of values, order: all there, pretty or compact, escaped or not."""
    text = json.dumps(data, indent=indent, ensure_ascii=ascii_only).replace("$", "$$")
    lines = filtered(awk, "flatten.awk", text + "\n", dollars=1)
    assert [_read(line) for line in lines] == _wanted(data)


def test_dollars_stay_when_nobody_doubled_them(awk: list[str]) -> None:
    """`config --no-interpolate` does not escape."""
    assert filtered(awk, "flatten.awk", '{"a": "$$b"}', dollars=0) == ["a\t$$b"]


def test_what_is_no_json_fails(awk: list[str]) -> None:
    """An error message of Compose, or nothing at all, is not taken for an empty project."""
    for text in ("", "error: no such thing\n", '{"a": \n', "}\n"):
        done = subprocess.run(
            [*awk, "-f", RUNNER / "flatten.awk"], input=text.encode(), capture_output=True, check=False
        )
        assert done.returncode == 1, text
