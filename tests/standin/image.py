"""The stand-in as an image of the tests' engine."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from tests.engine import images
from tests.engine.places import locked

if TYPE_CHECKING:
    from tests.engine.engine import Engine

NAME = "nickfedor/watchtower:1"
OWN = "composegen-test/watchtower:standin"
_HERE = Path(__file__).parent
_LABEL = "composegen.test.standin"


def ensure(engine: Engine) -> str:
    """See that the engine has the stand-in, under watchtower's name where that is free."""
    with locked("standin"):
        old = engine.docker("images", "--quiet", OWN).split()
        if _mark(engine, OWN) != _digest():
            images.ensure(engine, ["python"])
            label = f"{_LABEL}={_digest()}"
            engine.docker(
                "build", "--quiet", "--network=none", f"--label={label}", f"--tag={OWN}", str(_HERE)
            )
        if _mark(engine, NAME) is None or _mark(engine, NAME):
            engine.docker("tag", OWN, NAME)
        if old and old != engine.docker("images", "--quiet", OWN).split():
            engine.docker("rmi", *old, check=False)
    return OWN


def real(engine: Engine) -> str | None:
    """Name the real watchtower's image, where the engine has one."""
    told = engine.docker("images", "--format", "{{.Repository}}:{{.Tag}}", "nickfedor/watchtower")
    return next((name for name in told.split() if _mark(engine, name) == ""), None)


def _mark(engine: Engine, name: str) -> str | None:
    """Give the stand-in's label of an image: empty on others, None when there is no image."""
    form = "{{json .Config.Labels}}"
    told = engine.docker("image", "inspect", f"--format={form}", name, check=False).strip()
    return str((json.loads(told) or {}).get(_LABEL, "")) if told else None


def _digest() -> str:
    hashed = hashlib.sha256()
    for path in (_HERE / "Dockerfile", _HERE / "entry", *sorted(_HERE.glob("watchtower/*.py"))):
        hashed.update(path.name.encode() + path.read_bytes())
    return hashed.hexdigest()[:16]
