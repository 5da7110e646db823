"""The JSON schema of all keys and settings, for editors and other programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from composegen.keys.project import SETTINGS
from composegen.keys.service import KEYS

if TYPE_CHECKING:
    from composegen.keys.spec import Key

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> str:
    """Return the schema as text; ``annotations`` and ``settings`` are its two objects."""
    plain = {name: key for name, key in KEYS.items() if not key.nested}
    nested = {f"^{name}\\..+$": _one(key) for name, key in KEYS.items() if key.nested}
    document = {
        "$schema": DIALECT,
        "title": "composegen: the annotations of one Dockerfile, and the settings of a project",
        "type": "object",
        "properties": {
            "annotations": {
                "type": "object",
                "properties": {name: _key(key) for name, key in plain.items()},
                "patternProperties": nested,
                "required": ["service"],
                "additionalProperties": False,
            },
            "settings": {
                "type": "object",
                "properties": {name: _one(key) for name, key in SETTINGS.items()},
                "additionalProperties": True,
            },
        },
        "additionalProperties": False,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _key(key: Key) -> dict[str, Any]:
    """Return the schema of a key: a key that may be repeated is a list of values."""
    if not key.repeat:
        return _one(key)
    about = {"description": key.summary, "type": "array", "items": dict(key.type.schema)}
    return {**about, "examples": [[example_value(key)]]}


def _one(key: Key) -> dict[str, Any]:
    return {"description": key.summary, **key.type.schema, "examples": [example_value(key)]}


def example_value(key: Key) -> str | int:
    """Return the example as JSON has it: a number where the schema asks for one."""
    if key.nested:
        return key.example.partition("=")[2].strip()
    return int(key.example) if key.type.schema.get("type") == "integer" else key.example
