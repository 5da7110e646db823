"""What a frontend is: a function from the stack to what it adds to the compose document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from composegen.diagnostics import Report
    from composegen.model import Stack


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """Parts of the compose document and files beside it.

    ``labels`` are by service; keys and values of type ``Raw`` are in Compose's own syntax.
    ``required`` names the variables that ``up`` needs: ``filled`` or ``set``. ``toolbox`` says that
    the frontend's own containers run scripts of the toolbox; ``toolbox_*`` go to the one-shot that
    fills it. ``revisions`` says that route names carry a revision, which ``make up`` raises when a
    host's variable changes. ``facts`` are for the runner and for deploys: ``reload`` names the
    service that takes a changed configuration without a restart (``sh /SERVICE/reload`` in it),
    ``certificates`` the one that is healthy once every host has its certificate.
    """

    services: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    networks: Mapping[str, Any] = field(default_factory=dict)
    volumes: Mapping[str, Any] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    required: Mapping[str, str] = field(default_factory=dict)
    toolbox: bool = False
    toolbox_environment: Mapping[str, Any] = field(default_factory=dict)
    toolbox_volumes: tuple[Any, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    revisions: bool = False


class Frontend(Protocol):
    """The seam: a name, the services that it may generate, and its contribution."""

    @property
    def name(self) -> str:
        """The value of COMPOSEGEN_FRONTEND."""

    @property
    def reserved(self) -> frozenset[str]:
        """Names that a service of the user's cannot have."""

    def check(self, stack: Stack, report: Report) -> None:
        """Report what this frontend cannot do for ``stack``; what it can is never reported."""

    def contribute(self, stack: Stack) -> Contribution:
        """Return what the frontend adds for ``stack``."""
