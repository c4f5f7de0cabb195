"""Recurring revenue over random histories of plans, against a walk through every month of everybody by hand."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import NamedTuple

from cauce.database import Database, Role
from expectations.transform import run_dbt
from tests.expectations.world import AS_OF, rows

PEOPLE = 60
FIRST = datetime(2023, 1, 1, 12, tzinfo=UTC)
FACTORS = {"week": Decimal(52) / 12, "month": Decimal(1), "year": 1 / Decimal(12)}
PEOPLE_SQL = "INSERT INTO users (email, timezone) VALUES (%s, 'America/Mexico_City') RETURNING id"
PERIOD_SQL = """
INSERT INTO subscriptions (user_id, plan_code, status, valid_from, valid_to, currency, amount, billing_interval)
VALUES (%s, 'PRO', %s, %s, %s, 'MXN', %s, %s)
"""
REVENUE = """
SELECT month, mrr, new_mrr, expansion_mrr, reactivation_mrr, contraction_mrr, churned_mrr, paying_people, churned_people
FROM marts_candidate.revenue_monthly ORDER BY month
"""
EARNED = "SELECT plan_revenue_mxn FROM intermediate.int_revenue_monthly WHERE plan_revenue_mxn <> 0"


class Period(NamedTuple):
    """So much an interval from the day of `since` to the day before that of `until`."""

    since: datetime
    until: datetime | None
    amount: Decimal
    interval: str


def test_revenue_is_what_a_walk_through_every_month_finds(copy: Database) -> None:
    random = Random(4)
    histories = [_history(random) for _ in range(PEOPLE)]
    with copy.transaction(Role.OWNER) as conn:
        conn.execute("DELETE FROM subscriptions")
        for number, history in enumerate(histories):
            made = conn.execute(PEOPLE_SQL, (f"random{number}@example.com",)).fetchone()
            assert made
            conn.execute("DELETE FROM subscriptions WHERE user_id = %s", made)
            for since, until, amount, interval in history:
                status = "active" if until is None else "ended"
                conn.execute(PERIOD_SQL, (*made, status, since, until, amount, interval))
    with copy.transaction(Role.TRANSFORM) as conn:
        conn.execute("ALTER SCHEMA marts RENAME TO marts_candidate")
    wanted = ["+revenue_monthly", "+int_revenue_monthly"]
    run_dbt(copy, ["build", "--select", *wanted, "--exclude", "test_type:unit"], as_of=AS_OF)
    found: dict[date, tuple[object, ...]] = {date.fromisoformat(str(row[0])): row[1:] for row in rows(copy, REVENUE)}
    kinds = ["new", "expansion", "reactivation", "contraction", "churn"]
    expected: dict[date, tuple[Decimal | int, ...]] = {}
    for month in _months(min(found), AS_OF.date()):
        paid = [_paid(history, month) for history in histories]
        moved = [_moved(history, month) for history in histories]
        sums = [sum(amount for kind, amount in moved if kind == wanted) for wanted in kinds]
        people = sum(mrr > 0 for mrr in paid)
        expected[month] = (sum(paid), *sums, people, sum(kind == "churn" for kind, _ in moved))
    assert found == expected
    for place in range(8):
        assert sum(row[place] > 0 for row in expected.values()) > 3, "every kind has happened"
    earned = [amount for history in histories for amount in _earned(history)]
    assert sorted(Decimal(str(amount)) for (amount,) in rows(copy, EARNED)) == sorted(earned)
    assert len(earned) > PEOPLE


def _history(random: Random) -> list[Period]:
    periods: list[Period] = []
    at = FIRST + timedelta(days=random.randrange(500))
    while at < AS_OF - timedelta(days=1) and len(periods) < 6:
        until = at + timedelta(days=random.choice([3, 20, 45, 100, 200]))
        ended = None if until > AS_OF else until
        amount = Decimal(random.choice([0, 0, 199, 499, 4990, 49]))
        periods.append(Period(at, ended, amount, random.choice(["week", "month", "month", "year"])))
        at = until + timedelta(days=random.choice([0, 0, 40, 80, 130]))
        if random.random() < 0.15:
            break
    return periods


def _months(first: date, last: date) -> list[date]:
    months = [first]
    while months[-1] < last.replace(day=1):
        months.append(_shifted(months[-1], 1))
    return months


def _shifted(month: date, by: int) -> date:
    place = month.year * 12 + month.month - 1 + by
    return date(place // 12, place % 12 + 1, 1)


def _paid(history: list[Period], month: date) -> Decimal:
    """What was in force on the month's last day, by the month; today's for the month under way. Noon UTC is morning."""
    last = min(_shifted(month, 1) - timedelta(days=1), AS_OF.date())
    for since, until, amount, interval in history:
        if since.date() <= last and (until is None or last < until.date()):
            return (amount * FACTORS[interval]).quantize(Decimal("1e-12"))
    return Decimal(0)


def _earned(history: list[Period]) -> list[Decimal]:
    """What each month with any brought, day by day: a price's part for each day on which it was in force."""
    months: dict[date, Fraction] = defaultdict(Fraction)
    for since, until, amount, interval in history:
        day = since.date()
        while day <= AS_OF.date() and (until is None or day < until.date()):
            month = day.replace(day=1)
            year = date(day.year + 1, 1, 1) - date(day.year, 1, 1)
            days = {"week": 7, "month": (_shifted(month, 1) - month).days, "year": year.days}[interval]
            months[month] += Fraction(amount) / days
            day += timedelta(days=1)
    return [_rounded(amount) for amount in months.values() if amount]


def _rounded(amount: Fraction) -> Decimal:
    return Decimal(round(amount * 10**12)).scaleb(-12)


def _moved(history: list[Period], month: date) -> tuple[str, Decimal]:
    before, after = _paid(history, _shifted(month, -1)), _paid(history, month)
    if before == after:
        return "none", Decimal(0)
    if after == 0:
        return "churn", before
    if before > 0:
        return ("expansion" if after > before else "contraction"), abs(after - before)
    earlier = [_paid(history, _shifted(month, -by)) for by in range(1, 40)]
    if not any(earlier):
        return "new", after
    zero = next(number for number, mrr in enumerate(earlier) if mrr > 0)
    return ("reactivation" if zero >= 3 else "expansion"), after
