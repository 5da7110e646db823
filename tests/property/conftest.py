"""What the properties need of the machine."""

from __future__ import annotations

import pytest

from tests.engine import Engine


@pytest.fixture(scope="session")
def compose_env() -> dict[str, str]:
    """Return the environment in which `docker compose` works; without one the test fails."""
    return Engine.shared().env
