"""What an updater is: who takes new images from the registry, and what it adds to the document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from composegen.model import Stack


@dataclass(frozen=True, slots=True, kw_only=True)
class Updates:
    """Parts of the compose document. ``hooked`` services need the toolbox for their hook."""

    services: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    networks: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    required: Mapping[str, str] = field(default_factory=dict)
    hooked: frozenset[str] = frozenset()


class Updater(Protocol):
    """The seam: a name, the services it generates, and what it adds."""

    @property
    def name(self) -> str:
        """The value of COMPOSEGEN_UPDATER."""

    @property
    def reserved(self) -> frozenset[str]:
        """Names that a service of the user's cannot have."""

    def contribute(self, stack: Stack) -> Updates:
        """Return what the updater adds for ``stack``."""
