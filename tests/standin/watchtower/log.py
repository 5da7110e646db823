"""Lines on standard error, in the form that watchtower's own have."""

from __future__ import annotations

import sys
import time

_LEVELS = ("debug", "info", "warning", "error", "fatal")
_state = {"level": "info"}


def set_level(level: str) -> None:
    """Say nothing that matters less than this."""
    _state["level"] = level if level in _LEVELS else "info"


def debug(message: str, **fields: object) -> None:
    """Say what only a developer wants to know."""
    _say("debug", message, fields)


def info(message: str, **fields: object) -> None:
    """Say what was done."""
    _say("info", message, fields)


def warn(message: str, **fields: object) -> None:
    """Say what went wrong without stopping anything."""
    _say("warning", message, fields)


def error(message: str, **fields: object) -> None:
    """Say what failed."""
    _say("error", message, fields)


def _say(level: str, message: str, fields: dict[str, object]) -> None:
    if _LEVELS.index(level) < _LEVELS.index(_state["level"]):
        return
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    words = [f'time="{stamp}"', f"level={level}", f"msg={_quote(message)}"]
    words += [f"{key}={_quote(str(value))}" for key, value in fields.items()]
    print(" ".join(words), file=sys.stderr, flush=True)  # noqa: T201 - it is a program


def _quote(text: str) -> str:
    if text and all(letter.isalnum() or letter in "._-/@:+" for letter in text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
