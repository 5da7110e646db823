"""The program: rounds on a schedule, or one round, or rounds on request."""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
import threading
import time

from . import api, itself, log, notify, schedule
from .engine import Engine, EngineError
from .settings import RefusedError, Settings, read
from .update import Report, refuse_links, update

_FIRST_PID = 1


class Rounds:
    """At most one round at a time."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine, self._settings = engine, settings
        self._lock = threading.Lock()

    def now(self) -> Report | None:
        """Do a round; None when one is under way."""
        return self._locked(wait=False)

    def due(self) -> None:
        """Do a scheduled round, after the one that is under way."""
        self._locked(wait=True)

    def _locked(self, *, wait: bool) -> Report | None:
        if not self._lock.acquire(blocking=wait):
            return None
        try:
            report = update(self._engine, self._settings)
            notify.told(self._settings, report)
        except EngineError as error:
            log.error("Update execution failed", error=error)
            return Report()
        else:
            return report
        finally:
            self._lock.release()


def main() -> int:
    """Run, and give the exit code."""
    # Watchtower does not finish what it has begun: a replica stays missing.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    try:
        settings = read()
        timetable = schedule.parse(settings.schedule)
    except RefusedError as error:
        return _refuse(str(error))
    log.set_level(settings.log_level)
    if "--health-check" in sys.argv[1:]:
        return 1 if os.getpid() == _FIRST_PID else 0
    engine = Engine()
    try:
        engine.negotiate()
        why = refuse_links(engine, settings) if settings.rolling else ""
        if why:
            itself.never_again(engine)
            return _refuse(f"Rolling restart compatibility validation failed: {why}")
        rounds = Rounds(engine, settings)
        if settings.run_once:
            rounds.now()
            itself.never_again(engine)
            return 0
        itself.remove_others(engine, settings)
    except EngineError as error:
        return _refuse(str(error))
    _serve(settings, timetable, rounds)
    return 0


def _serve(settings: Settings, timetable: schedule.Every | schedule.Cron, rounds: Rounds) -> None:
    """Go on until a signal ends the process."""
    if settings.startup_message:
        log.info("Watchtower (stand-in)", scope=settings.scope, schedule=settings.schedule)
    if settings.api:
        api.serve(settings.api_port, settings.api_token, rounds.now)
        while not settings.api_polls:
            signal.pause()
    if settings.update_on_start:
        rounds.now()
    while True:
        due = timetable.after(dt.datetime.now().astimezone())
        while (left := due.timestamp() - time.time()) > 0:
            time.sleep(min(left, 1.0))
        rounds.due()


def _refuse(why: str) -> int:
    log.error(why)
    return 1


if __name__ == "__main__":
    sys.exit(main())
