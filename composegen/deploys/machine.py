"""Everything that a deploy does to the engine and sees of it, as small verbs.

``docker_machine.DockerMachine`` is the real one; ``tests/fakes/engine.py`` is a stateful fake with a
clock of its own. tests/contract runs the same tests on both. Files of the project (.env, flags, the
state in .composegen) are not the machine's business, but it reads them: Compose reads .env, and
containers see the hold flags.

Every verb raises ``EngineRefused`` when the engine refuses, with its reason, and ``EngineUnreachable``
when it does not answer. A verb that failed may have been carried out in part; ``observe`` tells.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from composegen.deploys.observed import Container, Image, Observed, Order
    from composegen.deploys.wanted import Wanted

NOTHING: Mapping[str, str] = MappingProxyType({})


class Machine(Protocol):
    """An engine with one project on it.

    ``assignments`` are variables that stand above .env for one call, such as
    ``{"COMPOSEGEN_IMAGE_WEB": "repo@sha256:…"}`` for a pin that is not written yet; an empty value
    takes a pin away.
    """

    def now(self) -> float:
        """Return the time in epoch seconds; of the fake, its own."""

    def sleep(self, seconds: float) -> None:
        """Let time pass."""

    def wanted(self, assignments: Mapping[str, str] = NOTHING) -> Wanted:
        """Read what the files ask for, now.

        Raises:
            ComposegenError: the files or .env cannot be read; the message says why.
        """

    def observe(self, references: Iterable[str] = ()) -> Observed:
        """Return all containers of the project, and the images behind them and ``references``."""

    def look(self, ids: Iterable[str]) -> tuple[Container, ...]:
        """Return these containers as they are now, in this order; those that are gone are left out."""

    def orders(self, since: float) -> tuple[Order, ...]:
        """Return which containers of the project were told to end, or were removed, since a moment.

        As far as the engine remembers: it keeps few events, those of health checks included.
        """

    def resolve(self, reference: str) -> str:
        """Ask the registry what ``reference`` means now; return ``repository@sha256:…``.

        Nothing is pulled. The engine asks, with the credentials of the docker configuration.
        """

    def pull(self, reference: str) -> Image:
        """Pull ``repository@sha256:…``; no tag moves. What is here already is not asked for again."""

    def image(self, reference: str) -> Image | None:
        """Return the image that a tag, a digest name or an id means on this machine; None if none."""

    def tag(self, image: str, reference: str) -> None:
        """Let ``reference`` (a tag) mean the image with the id ``image`` on this machine."""

    def remove_image(self, image: str) -> bool:
        """Remove an image by id, all its names included; False when a container still needs it."""

    def create(
        self, service: str, number: int, assignments: Mapping[str, str] = NOTHING
    ) -> tuple[Container, ...]:
        """Create ``number`` more containers of the service, not started, beside those that are there.

        Through Compose, so with its labels and its hash, from what its image name means on this machine
        at this moment (nothing is pulled). Missing networks and volumes are made. Dependencies are not
        looked at. Returns the new ones only.
        """

    def start(self, container: str) -> None:
        """Start a container by id; one that runs is left alone."""

    def stop(self, container: str, grace: float | None = None) -> None:
        """Send the stop signal and wait; after ``grace`` seconds (its own without) it is killed.

        A paused one is unpaused before. One that does not run is left alone.
        """

    def stop_all(self, containers: Iterable[str]) -> None:
        """Stop several at the same time, each within its own grace; else as ``stop``."""

    def remove(self, container: str) -> None:
        """Remove a container by id, running or not, with its anonymous volumes; gone already is no error."""

    def pause(self, container: str) -> None:
        """Freeze a container; one that is frozen is left alone."""

    def unpause(self, container: str) -> None:
        """Let a frozen container go on; one that is not frozen, or gone, is left alone."""

    def logs(self, container: str, lines: int = 20) -> tuple[str, ...]:
        """Return the last lines of its log, both streams, without control characters."""

    def run_once(
        self,
        service: str,
        words: Sequence[str],
        assignments: Mapping[str, str] = NOTHING,
        *,
        timeout: float | None = None,
        say: Callable[[str], None] | None = None,
    ) -> int:
        """Run a command in a new container of the service and remove it; return its exit code.

        Never routed, never watched, no published ports, dependencies not started. ``say`` gets each
        line of its output. After ``timeout`` seconds it is stopped and the code is 124.
        """

    def execute(self, container: str, words: Sequence[str], *, timeout: float = 60.0) -> tuple[int, str]:
        """Run a command in a running container; return its exit code and its output."""

    def memory(self) -> int | None:
        """Return how many bytes of memory are available on this machine; None when not known."""
