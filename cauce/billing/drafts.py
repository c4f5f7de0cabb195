"""Drafts of a month's invoices, made and remade from plans and usage in set-based SQL."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import psycopg

from cauce.billing.months import month_after
from cauce.billing.tax import IVA, MEXICAN_ZONES
from cauce.errors import FatalError

# The statements after it see what the one before wrote.
_TAKE_TURNS = "SELECT pg_advisory_xact_lock(hashtextextended('cauce:billing', 0))"
_STEPS = Path(__file__).parent / "draft"
_RUN = """
CREATE TEMP TABLE billing_run (month date, next_month date, iva_rate numeric, iva_zones text[]) ON COMMIT DROP
"""
_OUTCOMES = """
SELECT count(*) FILTER (WHERE c.outcome = 'made'), count(*) FILTER (WHERE c.outcome = 'remade'),
  count(*) FILTER (WHERE c.outcome = 'same'), count(*) FILTER (WHERE c.outcome = 'removed')
FROM draft_changes c
"""
_TOTALS = """
SELECT currency, sum(total) FROM invoices
WHERE period_start = %s AND kind = 'invoice' AND status = 'draft' GROUP BY currency ORDER BY currency
"""


@dataclass(frozen=True, slots=True)
class Drafted:
    """How many drafts of a month are new, changed, as they were, and gone; what all of them ask, by currency."""

    month: date
    made: int
    remade: int
    same: int
    removed: int
    totals: dict[str, Decimal]


def take_turns(conn: psycopg.Connection) -> None:
    """Wait until nobody else writes invoices of many people; the turn ends with the transaction."""
    conn.execute(_TAKE_TURNS)


def draft(conn: psycopg.Connection, month: date) -> Drafted:
    """Make or remake the drafts of everybody for a month (its first day); what was issued is left alone.

    `conn` is a transaction of the owner or of a signed-in admin, once in each. Run again without a change it writes
    nothing. Raises `FatalError` for a month that has not begun anywhere.
    """
    take_turns(conn)
    begun = conn.execute("SELECT %s::date <= (now() AT TIME ZONE 'Pacific/Kiritimati')::date", (month,)).fetchone()
    if begun != (True,):
        raise FatalError(
            f"{month:%Y-%m} has not begun", action="draft a month that has", rule="not_begun", about={"month": month}
        )
    conn.execute(_RUN)
    conn.execute("INSERT INTO billing_run VALUES (%s, %s, %s, %s)", (month, month_after(month), IVA, [*MEXICAN_ZONES]))
    for step in sorted(_STEPS.glob("*.sql")):
        conn.execute(step.read_bytes())
    counts = conn.execute(_OUTCOMES).fetchone()
    assert counts is not None  # noqa: S101 - an aggregate gives a row
    made, remade, same, removed = counts
    return Drafted(month, made, remade, same, removed, dict(conn.execute(_TOTALS, (month,)).fetchall()))
