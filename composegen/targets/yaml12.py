"""YAML as Compose reads it, for the values of the escape hatch.

PyYAML follows YAML 1.1: it takes ``no`` for a boolean and ``2222:22`` for a number in base 60.
To Compose, which follows YAML 1.2, both are text.
"""

from __future__ import annotations

import re
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """The safe loader with the plain scalars of YAML 1.2 (and its octal numbers of 1.1)."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0b[01_]+|0[0-7_]*|[1-9][0-9_]*|0x[0-9a-fA-F_]+)", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    ),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})\\Z"), _first)


def load(text: str) -> Any:
    """Return the value that ``text`` stands for.

    Raises:
        yaml.YAMLError: it is no YAML.
        ValueError: it is a number that Python refuses, or a tag that does not fit.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except (LookupError, AttributeError, TypeError, OverflowError):  # `!!bool x`, `!!int ""`
        raise ValueError("a tag that its text does not fit") from None
