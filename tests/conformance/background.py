"""What goes on beside the tests, because it takes its time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.client import Client
    from tests.conformance.message import Request

_Result = TypeVar("_Result")


class Background(Generic[_Result]):
    """A function under way in a thread of its own, which nobody has to wait for."""

    def __init__(self, work: Callable[[], _Result]) -> None:
        self._found: list[_Result] = []
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[], _Result]) -> None:
        try:
            self._found.append(work())
        except Exception as error:  # noqa: BLE001 - it is raised where the result is wanted
            self._error = error

    def result(self, seconds: float) -> _Result:
        """Wait for the end and give what came of it."""
        self._thread.join(seconds)
        if self._error is not None:
            raise self._error
        assert self._found, f"not done after {seconds:g} s more"
        return self._found[0]


class Watch:
    """Asks for a page over a new connection, ten times a second, and remembers the certificates."""

    def __init__(self, client: Client, request: Request) -> None:
        self.serials: list[str] = []
        self.failures: list[str] = []
        self.sent = 0
        self._client = client
        self._request = request
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.wait(0.1):
            self.sent += 1
            try:
                status, serial = self._client.serial(self._request)
            except (OSError, EOFError) as error:
                self.failures.append(repr(error))
                continue
            if status != 200:
                self.failures.append(f"status {status}")
            if serial not in self.serials:
                self.serials.append(serial)

    def stop(self) -> None:
        """End it."""
        self._over.set()
        self._thread.join()
