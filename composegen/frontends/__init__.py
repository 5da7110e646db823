"""The frontends. Each is a module of this package, named in ``keys.frontends``."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from composegen.frontends.base import Frontend


def frontend(name: str) -> Frontend:
    """Return the frontend called ``name``, one of ``keys.frontends.NAMES``; only this one is imported."""
    found: Frontend = import_module(f"composegen.frontends.{name}").FRONTEND
    return found
