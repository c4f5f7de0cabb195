"""Closing months: from then on their published figures stay, and what changes later is an adjustment of a later month.

A month is over when its last day is over in every zone. Nobody has to wait for late events: they, reversals and new
prices change the ledger (`usage_logs`, `archived_usage_daily`), and whatever it says of a day beyond what was published
is published with the next month that closes. So at any time ledger = published + not yet published.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
from psycopg.rows import class_row

from cauce.billing.months import month_after
from cauce.errors import FatalError, RetriableError, SkippableError

LAST_ZONE = timedelta(hours=12)
"""How long after UTC a day ends in the last zone, UTC-12."""

_PUBLISH = Path(__file__).with_name("close.sql").read_bytes()
# One closing at a time: the second one's statements see what the first one published.
_TAKE_TURNS = "SELECT pg_advisory_xact_lock(hashtextextended('cauce:closing', 0))"
_CLOSED_THROUGH = "SELECT max(month), max(closed_at) FILTER (WHERE month = %s) FROM closed_months"
_FIRST_USAGE = "SELECT min(make_date(year, month, 1)) FROM month_totals WHERE total_messages > 0"
_CLOSE = """
INSERT INTO closed_months (month)
SELECT month::date FROM generate_series(%s::date, %s::date, interval '1 month') AS month ORDER BY month
"""
_CLOSED = """
SELECT c.month, c.closed_at, count(p.user_id) AS rows,
  coalesce(sum(p.events), 0)::bigint AS events, coalesce(sum(p.total_cost), 0) AS cost,
  coalesce(sum(p.total_cost) FILTER (WHERE p.local_date < c.month), 0) AS adjusted
FROM closed_months c LEFT JOIN published_usage p ON p.posted_month = c.month
GROUP BY c.month ORDER BY c.month
"""


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed month: rows published with it, their events and cost (USD), and how much of it adjusts older months."""

    month: date
    closed_at: datetime
    rows: int
    events: int
    cost: Decimal
    adjusted: Decimal


def closed_months(conn: psycopg.Connection) -> list[Closed]:
    """The closed months, oldest first."""
    with conn.cursor(row_factory=class_row(Closed)) as cursor:
        return cursor.execute(_CLOSED).fetchall()


def close_months(conn: psycopg.Connection, through: date) -> list[Closed]:
    """Close the month that begins on `through`, and before it all that are still open; gives those it closed.

    `conn` is a transaction of the owner or of a signed-in admin, and closes nothing unless it commits. Raises
    `SkippableError` when the month is closed already, `FatalError` when it is not over everywhere, and
    `RetriableError` when somebody was erased meanwhile.
    """
    written = f"{through:%Y-%m}"
    conn.execute(_TAKE_TURNS)
    last, closed_at = conn.execute(_CLOSED_THROUGH, (through,)).fetchone() or (None, None)
    if last is not None and last >= through:
        since = f" since {closed_at:%Y-%m-%d %H:%M} UTC" if closed_at else ", because a later month is"
        raise SkippableError(
            f"{written} is closed already{since}",
            action="`cauce billing months` lists what is closed",
            rule="closed_already",
            about={"month": through},
        )
    over = over_at(through)
    if datetime.now(UTC) < over:
        raise FatalError(
            f"{written} is not over in every time zone",
            action=f"close it after {over:%Y-%m-%d %H:%M} UTC, when its last day has ended in the last one",
            rule="not_over",
            about={"month": through, "at": over},
        )
    first = month_after(last) if last else _first_usage(conn, through)
    conn.execute(_CLOSE, (first, through))
    try:
        conn.execute(_PUBLISH, {"first": first, "through": through})
    except psycopg.errors.ForeignKeyViolation as error:
        raise RetriableError(
            f"somebody was erased while {written} was being closed",
            action="nothing was closed: close it again",
            rule="erased_meanwhile",
        ) from error
    return [month for month in closed_months(conn) if month.month >= first]


def over_at(month: date) -> datetime:
    """When the month that begins on this day is over in every zone there is."""
    after = month_after(month)
    return datetime(after.year, after.month, after.day, tzinfo=UTC) + LAST_ZONE


def _first_usage(conn: psycopg.Connection, otherwise: date) -> date:
    first = (conn.execute(_FIRST_USAGE).fetchone() or (None,))[0]
    return otherwise if first is None else min(first, otherwise)
