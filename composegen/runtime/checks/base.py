"""What a check is given and what it returns."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from composegen.model import Stack
    from composegen.runtime.engine import Engine


class Status(Enum):
    """How it stands. A warning is for a person to judge; a failure stops the project."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check; ``mend`` says what to do, and is empty when all is well."""

    check: str
    status: Status
    message: str
    mend: str = ""


def ok(check: str, message: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(check, Status.OK, message)


def warn(check: str, message: str, mend: str) -> Finding:
    """Return a finding that a person has to judge."""
    return Finding(check, Status.WARN, message, mend)


def fail(check: str, message: str, mend: str) -> Finding:
    """Return a finding that stops the project."""
    return Finding(check, Status.FAIL, message, mend)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The project as it lies in its folder. ``values`` are .env and environment together."""

    folder: Path
    engine: Engine
    values: Mapping[str, str]
    stack: Stack | None
    compose_text: str
    """docker-compose.yml as it is; '' when there is none."""
    project: str = ""
    """The compose project's name; '' when no engine answers or there are no files."""
    containers: tuple[Mapping[str, Any], ...] = ()
    """What ``docker inspect`` says of the project's containers."""
    urls: tuple[str, ...] | None = field(default=None)
    """The public addresses with their variables filled in; None when they cannot be."""

    references: Mapping[str, str] = field(default_factory=dict)
    """What each COMPOSEGEN_IMAGE_… stands for without a pin, as Compose fills it in."""

    def value(self, name: str, default: str = "") -> str:
        """Return a setting's value."""
        return self.values.get(name) or default

    def section(self, name: str) -> dict[str, str]:
        """Return a section of ``x-composegen`` of ``name: value`` lines."""
        text = self.compose_text.partition("\nx-composegen:\n")[2]
        match = re.search(rf"^  {name}:\n((?:    .*\n)*)", text, re.MULTILINE)
        pairs = (line.strip().partition(": ") for line in (match[1] if match else "").splitlines())
        return {key: value for key, _, value in pairs}


def service_of(container: Mapping[str, Any]) -> str:
    """Return the compose service of a container."""
    return str(labels_of(container).get("com.docker.compose.service", ""))


def labels_of(container: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a container's labels."""
    found = (container.get("Config") or {}).get("Labels")
    return found if isinstance(found, dict) else {}


def state_of(container: Mapping[str, Any]) -> str:
    """Return ``running``, ``paused``, ``exited`` and so on."""
    return str((container.get("State") or {}).get("Status", ""))
