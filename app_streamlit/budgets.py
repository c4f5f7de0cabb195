"""Changing a person's own budgets; the database decides whose they are."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from app_streamlit import queries


@dataclass(frozen=True, slots=True)
class Budget:
    """What a person means to spend on a category in each period; `amount` in `currency`, `alert_threshold` in %."""

    name: str
    category: str
    amount: Decimal
    currency: str
    period: str
    start_date: date
    alert_threshold: int


def save(conn: Connection[TupleRow], budget: Budget) -> None:
    """Add the budget, or change the one of the same category, period and start."""
    conn.execute(
        queries.text("finance/save_budget").encode(),
        {
            "name": budget.name,
            "category": budget.category,
            "amount": budget.amount,
            "currency": budget.currency,
            "period": budget.period,
            "start_date": budget.start_date,
            "alert_threshold": budget.alert_threshold,
        },
    )


def end(conn: Connection[TupleRow], budget: UUID, last_day: date) -> None:
    """Let a budget end with `last_day`; what it was until then stays."""
    conn.execute(queries.text("finance/end_budget").encode(), {"id": budget, "last_day": last_day})
