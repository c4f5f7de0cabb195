"""Other terms of a subscription, and what the invoices of their months ask, by the day in the person's zone."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest

from cauce.billing.drafts import draft
from cauce.billing.terms import Period, cancel, history, pause, pay_by, resume
from cauce.database import Database, Role
from cauce.errors import FatalError, SkippableError
from cauce.models.billing import BillingInterval
from tests.cauce.billing.history import in_books, lines_of, person_with

OCTOBER, NOVEMBER = date(2025, 10, 1), date(2025, 11, 1)


def on(day: str) -> datetime:
    """In the evening in Mexico City, when it is the next day in UTC."""
    return datetime.fromisoformat(f"{day}T20:00:00-06:00")


def someone(db: Database, email: str, amount: int = 499, interval: str = "month", **options: str) -> UUID:
    return person_with(db, email, ("PRO", "2025-01-01", None, amount, interval), **options)


def billed(db: Database, person: UUID, month: date) -> list[tuple[str, str, str]]:
    in_books(db, draft, month)
    return [line for line in lines_of(db, person, month) if line[0] != "tax"]


def test_paused_days_are_not_billed(shared_db: Database) -> None:
    """22 days of 31 are left on the 10th, 12 on the 20th."""
    email = "paused.days@example.com"
    person = someone(shared_db, email)
    in_books(shared_db, pause, email, at=on("2025-10-10"))
    assert billed(shared_db, person, OCTOBER) == [("base", "1", "499.00"), ("proration", "22", "-354.13")]
    assert billed(shared_db, person, NOVEMBER) == []
    in_books(shared_db, resume, email, at=on("2025-10-20"))
    assert billed(shared_db, person, OCTOBER) == [
        ("base", "1", "499.00"), ("proration", "22", "-354.13"), ("proration", "12", "193.16"),
    ]  # fmt: skip
    assert billed(shared_db, person, NOVEMBER) == [("base", "1", "499.00")]


def test_paused_days_are_those_of_the_persons_zone(shared_db: Database) -> None:
    """The same instant is already the 11th in Madrid."""
    email = "paused.madrid@example.com"
    person = someone(shared_db, email, timezone="Europe/Madrid")
    in_books(shared_db, pause, email, at=on("2025-10-10"))
    assert billed(shared_db, person, OCTOBER) == [("base", "1", "499.00"), ("proration", "21", "-338.03")]


def test_months_become_a_year_and_the_rest_of_the_month_is_given_back(shared_db: Database) -> None:
    email = "by.year@example.com"
    person = someone(shared_db, email)
    period = in_books(shared_db, pay_by, email, BillingInterval.YEAR, at=on("2025-10-22"))
    assert (period.billing_interval, f"{period.amount:.2f}", period.status) == ("year", "4990.00", "active")
    assert sorted(billed(shared_db, person, OCTOBER)) == [
        ("base", "1", "499.00"), ("base", "1", "4990.00"), ("proration", "10", "-160.97"),
    ]  # fmt: skip
    assert billed(shared_db, person, NOVEMBER) == []


def test_a_year_that_is_paused_gives_its_rest_back(shared_db: Database) -> None:
    """100 of the 365 days from 30 January on are left on 22 October; the next invoices take it off."""
    email = "paused.year@example.com"
    person = person_with(shared_db, email, ("PRO", "2025-01-30", None, 4990, "year"))
    in_books(shared_db, pause, email, at=on("2025-10-22"))
    assert billed(shared_db, person, OCTOBER) == [("proration", "100", "-1367.12"), ("credit", "1", "1367.12")]


def test_a_trial_that_is_paused_goes_on_as_one(shared_db: Database) -> None:
    email = "trial.paused@example.com"
    person = someone(shared_db, email, status="trialing")
    in_books(shared_db, pause, email, at=on("2025-10-10"))
    with pytest.raises(FatalError, match="no price by the week"):
        in_books(shared_db, pay_by, email, BillingInterval.WEEK)
    assert in_books(shared_db, pay_by, email, BillingInterval.YEAR, at=on("2025-10-15")).status == "paused"
    assert in_books(shared_db, resume, email, at=on("2025-10-20")).status == "trialing"
    assert billed(shared_db, person, OCTOBER) == []


def test_a_cancelled_plan_becomes_the_free_one(shared_db: Database) -> None:
    email = "cancelled@example.com"
    person = someone(shared_db, email)
    with shared_db.transaction(Role.OWNER) as conn:
        conn.execute(
            "UPDATE users SET subscription_tier = 'PRO', custom_limits = '{\"messages\": 5}' WHERE id = %s", (person,)
        )
    assert in_books(shared_db, cancel, email).plan_code == "FREE"
    with shared_db.transaction(Role.OWNER) as conn:
        periods = history(conn, email)
        user = conn.execute("SELECT subscription_tier, custom_limits FROM users WHERE id = %s", (person,)).fetchone()
        told = conn.execute(
            "SELECT details FROM audit_logs WHERE action = 'CHANGE_TERMS' AND target_id = %s", (periods[-1].id,)
        ).fetchall()
    assert user == ("FREE", None)
    assert [(period.plan_code, period.status) for period in periods[-2:]] == [("PRO", "active"), ("FREE", "active")]
    assert periods[-2].valid_to == periods[-1].valid_from
    assert told == [({"before": "PRO", "plan": "FREE", "status": "active", "interval": "month"},)]


REFUSED: dict[str, tuple[Callable[..., Period], tuple[Any, ...], type[Exception], str]] = {
    "not paused": (resume, (), SkippableError, "is not paused"),
    "the same interval": (pay_by, (BillingInterval.MONTH,), SkippableError, "by the month already"),
    "before it began": (pause, (), FatalError, "begins later"),
}


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_what_cannot_be_is_said_and_changes_nothing(shared_db: Database, case: str) -> None:
    act, arguments, error, said = REFUSED[case]
    email = f"{case.replace(' ', '.')}@example.com"
    someone(shared_db, email)
    when = {"at": on("2024-12-01")} if case == "before it began" else {}
    with pytest.raises(error, match=said):
        in_books(shared_db, act, email, *arguments, **when)
    with shared_db.transaction(Role.OWNER) as conn:
        assert len(history(conn, email)) == 1


def test_nobody_has_no_terms(shared_db: Database) -> None:
    def ask(conn: psycopg.Connection) -> list[Period]:
        return history(conn, "nobody@example.com")

    with pytest.raises(FatalError, match="nobody has the address"):
        in_books(shared_db, ask)
