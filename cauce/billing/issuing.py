"""From drafts to invoices: numbers, dates of payment; and drafts that are given up."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import psycopg

from cauce.billing.drafts import draft, take_turns
from cauce.errors import FatalError

DAYS_TO_PAY = 15
"""From the day on which an invoice is issued, in the person's zone."""

_CLOSED = "SELECT FROM closed_months WHERE month = %s"
_EARLIER = """
SELECT min(period_start) FROM invoices WHERE kind = 'invoice' AND status = 'draft' AND period_start < %s
"""
_ISSUE = """
UPDATE invoices i SET status = 'final', issued_at = %(at)s,
  due_on = (%(at)s AT TIME ZONE u.timezone)::date + %(days)s::int
FROM users u
WHERE u.id = i.user_id AND i.period_start = %(month)s AND i.kind = 'invoice' AND i.status = 'draft'
RETURNING i.id, i.number, i.currency, i.total
"""
_SETTLED = "UPDATE invoices SET status = 'paid' WHERE id = ANY (%s)"
_DISCARD = "DELETE FROM invoices WHERE period_start = %s AND kind = 'invoice' AND status = 'draft'"


@dataclass(frozen=True, slots=True)
class Issued:
    """The invoices of a month that became final: how many, from which number to which, what they ask by currency."""

    month: date
    count: int
    first: str | None
    last: str | None
    totals: dict[str, Decimal]


def finalize(conn: psycopg.Connection, month: date, *, at: datetime | None = None) -> Issued:
    """Make a closed month's drafts anew and issue them all, or, when anything fails, none; run again it issues none.

    They are issued now, or were at `at`. Where nothing is to be paid an invoice is paid at once. Raises `FatalError`
    when the month is not closed, or an earlier one has drafts: what was billed before is what a later month adjusts.
    """
    take_turns(conn)
    if conn.execute(_CLOSED, (month,)).fetchone() is None:
        raise FatalError(
            f"{month:%Y-%m} is not closed",
            action=f"run `cauce billing close {month:%Y-%m}` first",
            rule="not_closed",
            about={"month": month},
        )
    earlier = conn.execute(_EARLIER, (month,)).fetchone()
    if earlier is not None and earlier[0] is not None:
        before = f"{earlier[0]:%Y-%m}"
        raise FatalError(
            f"{before} still has drafts, and months are billed in order",
            action=f"`cauce billing finalize {before}` first, or `cauce billing discard {before}`",
            rule="earlier_drafts",
            about={"month": earlier[0]},
        )
    draft(conn, month)
    issued = conn.execute(_ISSUE, {"at": at or datetime.now(UTC), "days": DAYS_TO_PAY, "month": month}).fetchall()
    nothing: list[UUID] = [invoice for invoice, _, _, total in issued if total == 0]
    if nothing:
        conn.execute(_SETTLED, (nothing,))
    numbers = sorted((number for _, number, _, _ in issued), key=lambda number: (len(number), number))
    totals: dict[str, Decimal] = {}
    for _, _, currency, total in issued:
        totals[currency] = totals.get(currency, Decimal(0)) + total
    return Issued(month, len(issued), numbers[0] if numbers else None, numbers[-1] if numbers else None, totals)


def discard(conn: psycopg.Connection, month: date) -> int:
    """Give up the drafts of a month, with the credits in them; gives how many there were."""
    take_turns(conn)
    return conn.execute(_DISCARD, (month,)).rowcount
