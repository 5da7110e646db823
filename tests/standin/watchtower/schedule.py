"""When the next round is due: cron with seconds first, and `@every 10s`."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass

from .settings import RefusedError, seconds

_RANGES = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_SECONDS, _MONTHDAY, _WEEKDAY = 0, 3, 5
_NAMED = {
    "@hourly": "0 0 * * * *",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@weekly": "0 0 0 * * 0",
    "@monthly": "0 0 0 1 * *",
    "@yearly": "0 0 0 1 1 *",
}
_HORIZON = 366 * 5


@dataclass(frozen=True)
class Every:
    """A fixed distance between the starts of rounds."""

    step: float

    def after(self, moment: dt.datetime) -> dt.datetime:
        """Give the next due time; whole seconds, as the cron library has it."""
        return moment.replace(microsecond=0) + dt.timedelta(seconds=max(1.0, self.step))


@dataclass(frozen=True)
class Cron:
    """Six sets of numbers: second, minute, hour, day of month, month, day of week."""

    fields: tuple[frozenset[int], ...]
    either_day: bool

    def after(self, moment: dt.datetime) -> dt.datetime:
        """Give the next due time strictly after this moment."""
        start = moment.replace(microsecond=0) + dt.timedelta(seconds=1)
        day = start.replace(hour=0, minute=0, second=0)
        times = list(itertools.product(*(sorted(self.fields[i]) for i in (2, 1, 0))))
        for offset in range(_HORIZON):
            date = day + dt.timedelta(days=offset)
            if not self._on(date):
                continue
            for hour, minute, second in times:
                due = date.replace(hour=hour, minute=minute, second=second)
                if due >= start:
                    return due
        raise RefusedError("this schedule is never due")

    def _on(self, date: dt.datetime) -> bool:
        if date.month not in self.fields[4]:
            return False
        in_month = date.day in self.fields[_MONTHDAY]
        in_week = date.isoweekday() % 7 in self.fields[_WEEKDAY]
        return in_month or in_week if self.either_day else in_month and in_week


def parse(spec: str) -> Every | Cron:
    """Read a schedule; five fields mean second 0."""
    if spec.startswith("@every "):
        return Every(seconds(spec.removeprefix("@every ").strip()))
    words = _NAMED.get(spec, spec).split()
    if len(words) == len(_RANGES) - 1:
        words.insert(_SECONDS, "0")
    if len(words) != len(_RANGES):
        raise RefusedError(f"failed to schedule updates: expected 5 to 6 fields in {spec!r}")
    fields = tuple(_field(word, *limits) for word, limits in zip(words, _RANGES, strict=True))
    week = frozenset(day % 7 for day in fields[_WEEKDAY])
    stars = any(words[i].startswith(("*", "?")) for i in (_MONTHDAY, _WEEKDAY))
    return Cron((*fields[:_WEEKDAY], week), either_day=not stars)


def _field(word: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in word.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        try:
            if span in ("*", "?"):
                bounds = low, high
            elif dash:
                bounds = int(first), int(last)
            else:
                bounds = int(first), high if step else int(first)
            numbers = range(bounds[0], bounds[1] + 1, int(step or 1))
        except ValueError as error:
            raise RefusedError(f"failed to schedule updates: {word!r}: {error}") from error
        if not numbers or bounds[0] < low or bounds[1] > high:
            raise RefusedError(f"failed to schedule updates: {word!r} is out of range")
        found.update(numbers)
    return frozenset(found)
