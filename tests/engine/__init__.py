"""A real Docker Engine, and the images the project needs, for tests and `make demo`."""

from tests.engine.engine import Engine

__all__ = ["Engine"]
