"""The open loop: each request at its time, whatever became of the others."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from tests.load.connection import BadAnswerError, Connection
from tests.load.result import Lost, Result

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.load.plan import Load

_KEPT = 500


class Client:
    """Sends one load; its figures are read when it has ended."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._idle: list[Connection] = []
        self._lost: list[Lost] = []
        self._begun = 0.0
        self._lost_count = self._answered = 0
        self._lag = 0.0
        self._slowest = (0.0, 0.0)
        """Seconds that the slowest answer took, and when its request was sent."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, enough: Callable[[], bool] = lambda: True) -> Result:
        """Send everything, wait for the answers, give the figures."""
        load = self._load
        self._begun = time.monotonic()
        sent = 0
        while sent < load.count or (sent < load.most and not enough()):
            due = self._begun + sent / load.rate
            if (left := due - time.monotonic()) > 0:
                await asyncio.sleep(left)
            self._lag = max(self._lag, time.monotonic() - due)
            self._send(sent)
            sent += 1
            if sent % 16 == 0:
                await asyncio.sleep(0)  # a client that is behind must not starve the answers
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=load.patience + 1)
        for connection in self._idle:
            connection.close()
        return self._result(sent)

    def _result(self, sent: int) -> Result:
        return Result(
            sent=sent,
            answered=self._answered,
            lost_count=self._lost_count,
            lost=tuple(self._lost),
            slowest=round(self._slowest[0], 3),
            slowest_at=round(self._slowest[1], 3),
            seconds=round(time.monotonic() - self._begun, 2),
            lag=round(self._lag, 3),
            late=self._lag > self._load.lag,
            ids=(self._load.name, sent),
        )

    def _send(self, number: int) -> None:
        if len(self._tasks) >= self._load.in_flight:
            self._lose(number, "too many requests under way")
            return
        task = asyncio.create_task(self._one(number))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _one(self, number: int) -> None:
        begun = time.monotonic()
        connection = None
        try:
            left = self._load.patience
            connection = self._kept()
            if connection is None:
                connection = await asyncio.wait_for(Connection.open(self._load), left)
            left -= time.monotonic() - begun
            stays = await asyncio.wait_for(self._ask(connection, number), left)
        except BadAnswerError as error:
            self._lose(number, str(error))
        except (TimeoutError, asyncio.TimeoutError):
            self._lose(number, f"no answer in {self._load.patience:.0f} s")
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            step = "connect" if connection is None else "answer"
            self._lose(number, f"{step}: {type(error).__name__} {error}"[:120])
        else:
            self._answered += 1
            self._slowest = max(self._slowest, (time.monotonic() - begun, begun - self._begun))
            if stays and self._load.keep_alive:
                self._idle.append(connection)
                return
        if connection:
            connection.close()

    def _kept(self) -> Connection | None:
        """Take an idle connection that the server keeps, as every client does."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.gone:
                return connection
            connection.close()
        return None

    async def _ask(self, connection: Connection, number: int) -> bool:
        """Send one request, of whatever kind; true when the connection can be used again."""
        if self._load.websocket:
            await connection.converse(self._load.upgrade(number), self._load.lasting)
            return False
        return await connection.ask(self._load.request(number), self._load.lasting)

    def _lose(self, number: int, why: str) -> None:
        self._lost_count += 1
        if len(self._lost) < _KEPT:
            at = round(time.monotonic() - self._begun, 3)
            self._lost.append(Lost(self._load.identity(number), at, why))
