"""Requests that wait, and the loads that they share.

What arrives within a moment, or while a load is under way, is one load: a line a request, one transaction. Each request
is answered when that transaction is committed, so that nothing has to be kept anywhere else meanwhile.
"""

import asyncio
import io
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import psycopg

from cauce.database import Database
from cauce.errors import RetriableError
from ingest.doors import load_stream
from ingest.otlp.answers import Refusal
from ingest.quarantine import open_rows
from ingest.report import FileReport

NAME: Final = "OTLP/HTTP"
"""The ledger's name for what was sent."""
LINGER_SECONDS: Final = 0.05
"""How long a load waits for more requests."""
GROUP_BYTES: Final = 4 * 2**20
"""A load takes no further request beyond this size: exporters wait ten seconds, a load should take less."""
LEAST_SHARE: Final = 16 * 2**10
"""What a request counts at least, however small it is."""
_FULL_SECONDS: Final = 2
_AWAY_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Taken:
    """A request that is in the database; `rejected` spans of it wait in quarantine, the first for `reason`."""

    rejected: int = 0
    reason: str = ""


Outcome = Taken | Exception
Deliver = Callable[[Sequence[bytes]], list[Outcome]]
"""Loads lines; gives the outcome of each."""


class Room:
    """The bytes of all requests that are being read, wait or are loaded; one alone always fits."""

    def __init__(self, capacity: int) -> None:
        """Nobody is in yet."""
        self._capacity = capacity
        self._held = 0

    @contextmanager
    def enter(self) -> "Iterator[Share]":
        """Let a request in until the context ends; raises `Refusal` (503) when there is no room."""
        share = Share(self)
        share.resize(LEAST_SHARE)
        try:
            yield share
        finally:
            self.change(share.size, 0)

    def change(self, held: int, size: int) -> None:
        """Give a request that holds `held` bytes `size` instead."""
        others = self._held - held
        if others and others + size > self._capacity and size > held:
            raise Refusal(503, "too much waits to be loaded: send this again later", retry_after=_FULL_SECONDS)
        self._held = others + size


class Share:
    """The room that one request takes up."""

    def __init__(self, room: Room) -> None:
        """A share of nothing."""
        self._room = room
        self.size = 0

    def resize(self, size: int) -> None:
        """Take up `size` bytes from now on; raises `Refusal` (503) when there is no room."""
        size = max(size, LEAST_SHARE)
        self._room.change(self.size, size)
        self.size = size


@dataclass(frozen=True, slots=True)
class _Waiting:
    line: bytes
    outcome: "asyncio.Future[Outcome]"


class Gatherer:
    """The one queue; `run` loads what is put into it until `close`."""

    def __init__(self, deliver: Deliver) -> None:
        """Deliver by `deliver`, in a thread."""
        self._deliver = deliver
        self._waiting: deque[_Waiting] = deque()
        self._stirred = asyncio.Event()
        self._closing = False

    async def put(self, line: bytes) -> Taken:
        """Wait until a request is in the database. Raises whatever kept it out; cancelled, it is left out if it can."""
        waiting = _Waiting(line, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._stirred.set()
        outcome = await waiting.outcome
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def close(self) -> None:
        """Let `run` end once everything that waits is loaded."""
        self._closing = True
        self._stirred.set()

    async def run(self) -> None:
        """Load group after group."""
        while not (self._closing and not self._waiting):
            await self._stirred.wait()
            if not self._closing:
                await asyncio.sleep(LINGER_SECONDS)
            group = self._next_group()
            if group:
                outcomes = await asyncio.to_thread(self._deliver, [waiting.line for waiting in group])
                for waiting, outcome in zip(group, outcomes, strict=True):
                    if not waiting.outcome.cancelled():
                        waiting.outcome.set_result(outcome)

    def _next_group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        size = 0
        while self._waiting and (not group or size + len(self._waiting[0].line) <= GROUP_BYTES):
            waiting = self._waiting.popleft()
            if not waiting.outcome.cancelled():
                group.append(waiting)
                size += len(waiting.line)
        if not self._waiting and not self._closing:
            self._stirred.clear()
        return group


def deliverer(db: Database, *, owner: UUID | None, create_people: bool) -> Deliver:
    """Load lines through the door that files take; on what terms is said there."""

    def deliver(lines: Sequence[bytes]) -> list[Outcome]:
        try:
            stream = io.BytesIO(b"\n".join(lines))
            report = load_stream(db, NAME, stream, owner=owner, create_user=create_people)
            return _outcomes(db, report, len(lines), owner)
        except Exception as error:  # noqa: BLE001 - each request is told what became of it, whatever it was
            if (away := _away(error)) is not None:
                return [away] * len(lines)
            # Nothing of the group was kept: one request must not keep the others out.
            return [error] if len(lines) == 1 else [outcome for line in lines for outcome in deliver([line])]

    return deliver


def _outcomes(db: Database, report: FileReport, requests: int, owner: UUID | None) -> list[Outcome]:
    """Tell each request of its spans that wait in quarantine; a request is a line of what was loaded."""
    rows = open_rows(db, owner=owner, batch=report.batch, limit=report.read) if report.batch and report.read else []
    rejected = Counter(row.line for row in rows)
    reasons = {row.line: f"{row.column_name or 'span'}: {row.reason} ({row.rule})" for row in reversed(rows)}
    return [Taken(rejected[line], reasons.get(line, "")) for line in range(1, requests + 1)]


def _away(error: Exception) -> Refusal | None:
    """The refusal to send while the database is busy or gone; None for what would fail again."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, RetriableError | psycopg.OperationalError):
            return Refusal(503, "the database is busy or away: send this again later", retry_after=_AWAY_SECONDS)
        cause = cause.__cause__
    return None
