"""What became of a load."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from dataclasses import dataclass

import pytest

_SHOWN = 12


class TooBusyError(Exception):
    """The client itself was late, so the figures say nothing: a test with ``AGAIN_WHEN_LATE`` is repeated."""


AGAIN_WHEN_LATE = pytest.mark.flaky(reruns=2, only_rerun=[TooBusyError.__name__])
"""Put on all tests that are marked ``load``. Who was in time and lost something has failed.

A test's own timeout is that of all its tries together.
"""


@dataclass(frozen=True)
class Lost:
    """A request without a good answer; `at` is seconds since the load began."""

    identity: str
    at: float
    why: str


@dataclass(frozen=True)
class Result:
    """The figures of one load; `lost` holds the first of them, `lost_count` counts all.

    `slowest` is what the slowest answer took, `slowest_at` when its request was sent.
    """

    sent: int
    answered: int
    lost_count: int
    lost: tuple[Lost, ...]
    slowest: float
    slowest_at: float
    seconds: float
    lag: float
    late: bool
    ids: tuple[str, int]

    def __str__(self) -> str:
        """One line of figures, and a few of the lost."""
        line = (
            f"{self.lost_count} of {self.sent} lost, slowest {self.slowest:.2f} s "
            f"(sent at {self.slowest_at:.0f} s), "
            f"{self.seconds:.0f} s, own lag {self.lag:.2f} s{' (LATE)' if self.late else ''}"
        )
        reasons = Counter(entry.why for entry in self.lost)
        lines = [f"  {count} x {why}" for why, count in reasons.most_common()]
        lines += [f"  {entry.at:.2f} s {entry.identity}: {entry.why}" for entry in self.lost[:_SHOWN]]
        return "\n".join([line, *lines])

    def json(self) -> str:
        """Write it down."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def read(cls, text: str) -> Result:
        """Read what `json` wrote."""
        facts = json.loads(text)
        facts["lost"] = tuple(Lost(**entry) for entry in facts["lost"])
        facts["ids"] = tuple(facts["ids"])
        return cls(**facts)


def measured(*results: Result) -> None:
    """See that the client was in time.

    Raises:
        TooBusyError: it was not.
    """
    for result in results:
        if result.late:
            raise TooBusyError(f"the machine is too busy to measure: {result}")
