"""Recurring revenue over random histories of plans, against a walk through every month of everybody by hand."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from cauce.database import Database, Role
from expectations.transform import run_dbt
from tests.expectations.world import AS_OF, rows

PEOPLE = 90
FIRST = datetime(2023, 1, 1, tzinfo=UTC)
TURN = datetime(2025, 2, 28, 23, 30, tzinfo=UTC)
"""Half past midnight on 1 March in Madrid, half past five on 28 February in Mexico City."""

ZONES = ("America/Mexico_City", "America/Tijuana", "Europe/Madrid", "Asia/Tokyo")
FACTORS = {"week": Decimal(52) / 12, "month": Decimal(1), "year": 1 / Decimal(12)}
RATES = {date(2025, 2, 1): 20, date(2025, 3, 1): 25}
"""Pesos for a dollar, as the world has them; before, there is no rate."""

PEOPLE_SQL = "INSERT INTO users (email, timezone) VALUES (%s, %s) RETURNING id"
PERIOD_SQL = """
INSERT INTO subscriptions (user_id, plan_code, status, last_status, valid_from, valid_to, currency, amount, billing_interval)
VALUES (%s, 'PRO', %s, %s, %s, %s, %s, %s, %s)
"""
REVENUE = """
SELECT month, currency, mrr, new_mrr, expansion_mrr, reactivation_mrr, contraction_mrr, churned_mrr, paying_people,
  churned_people
FROM marts_candidate.revenue_monthly ORDER BY month
"""
EARNED = "SELECT plan_revenue_mxn FROM intermediate.int_revenue_monthly WHERE plan_revenue_mxn <> 0"
KINDS = ("new", "expansion", "reactivation", "contraction", "churn")


class Period(NamedTuple):
    """So much an interval from the instant `since`, that is, from that day on, until the day of `until`."""

    since: datetime
    until: datetime | None
    status: str
    currency: str
    amount: Decimal
    interval: str


class Days(NamedTuple):
    """A period in which something was charged, in its person's days, half-open."""

    first: date
    end: date
    currency: str
    amount: Decimal
    interval: str


class Person:
    """Somebody somewhere, with random plans until an instant."""

    def __init__(self, random: Random, as_of: datetime) -> None:
        self.zone = random.choice(ZONES)
        self.today = self._day(as_of)
        self.periods: list[Period] = []
        at = FIRST + timedelta(days=random.randrange(500), hours=random.randrange(24))
        while at < as_of - timedelta(days=1) and len(self.periods) < 12:
            until = at + timedelta(days=random.choice([3, 20, 45, 100, 200]))
            status = random.choice(["trialing", "paused", *["active"] * 5])
            currency = random.choice(["MXN", "MXN", "MXN", "USD"])
            amount = Decimal(random.choice([0, 0, 199, 499, 4990, 49]))
            interval = random.choice(["week", "month", "month", "year"])
            self.periods.append(Period(at, None if until > as_of else until, status, currency, amount, interval))
            at = until + timedelta(days=random.choice([0, 0, 0, 0, 40, 80, 130]))
            if random.random() < 0.1:
                break
        self.charged = [
            Days(self._day(p.since), self._day(p.until) if p.until else date.max, p.currency, p.amount, p.interval)
            for p in self.periods
            if p.status == "active" and p.amount > 0
        ]

    def _day(self, instant: datetime) -> date:
        return instant.astimezone(ZoneInfo(self.zone)).date()

    def paid(self, month: date, currency: str) -> Decimal:
        """What was in force on the month's last day, by the month; today's for the month under way."""
        last = min(_shifted(month, 1) - timedelta(days=1), self.today)
        for first, end, paid_in, amount, interval in self.charged:
            if first <= last < end and paid_in == currency:
                return (amount * FACTORS[interval]).quantize(Decimal("1e-12"))
        return Decimal(0)

    def moved(self, month: date, currency: str) -> tuple[str, Decimal]:
        before, after = self.paid(_shifted(month, -1), currency), self.paid(month, currency)
        if before == after:
            return "none", Decimal(0)
        if after == 0:
            return "churn", before
        if before > 0:
            return ("expansion" if after > before else "contraction"), abs(after - before)
        earlier = [self.paid(_shifted(month, -by), currency) for by in range(1, 40)]
        if not any(earlier):
            return "new", after
        zero = next(number for number, mrr in enumerate(earlier) if mrr > 0)
        return ("reactivation" if zero >= 3 else "expansion"), after

    def earned(self) -> list[Decimal]:
        """What each month with any brought, day by day: a price's part for each day on which it was in force."""
        months: dict[date, Fraction] = defaultdict(Fraction)
        without_rate: set[date] = set()
        for day, end, currency, amount, interval in self.charged:
            while day <= self.today and day < end:
                month = day.replace(day=1)
                year = date(day.year + 1, 1, 1) - date(day.year, 1, 1)
                days = {"week": 7, "month": (_shifted(month, 1) - month).days, "year": year.days}[interval]
                if currency == "USD" and month not in RATES:
                    without_rate.add(month)
                months[month] += Fraction(amount) / days * (RATES.get(month, 0) if currency == "USD" else 1)
                day += timedelta(days=1)
        return [_rounded(amount) for month, amount in months.items() if amount and month not in without_rate]


@pytest.mark.parametrize(("seed", "as_of"), [(4, AS_OF), (5, AS_OF), (6, TURN)])
def test_revenue_is_what_a_walk_through_every_month_finds(copy: Database, seed: int, as_of: datetime) -> None:
    random = Random(seed)
    people = [Person(random, as_of) for _ in range(PEOPLE)]
    with copy.transaction(Role.OWNER) as conn:
        conn.execute("DELETE FROM subscriptions")
        for number, person in enumerate(people):
            made = conn.execute(PEOPLE_SQL, (f"random{number}@example.com", person.zone)).fetchone()
            assert made
            conn.execute("DELETE FROM subscriptions WHERE user_id = %s", made)
            for since, until, status, *terms in person.periods:
                statuses = ("ended", status) if until else (status, None)
                conn.execute(PERIOD_SQL, (*made, *statuses, since, until, *terms))
    with copy.transaction(Role.TRANSFORM) as conn:
        conn.execute("ALTER SCHEMA marts RENAME TO marts_candidate")
    wanted = ["+revenue_monthly", "+int_revenue_monthly"]
    run_dbt(copy, ["build", "--select", *wanted, "--exclude", "test_type:unit"], as_of=as_of)
    found = {(date.fromisoformat(str(month)), currency): row for month, currency, *row in rows(copy, REVENUE)}
    expected: dict[tuple[date, object], list[Decimal | int]] = {}
    # The month under way has begun for everybody.
    this_month = min(person.today for person in people if person.periods)
    for currency in ("MXN", "USD"):
        for month in _months(min(month for month, of in found if of == currency), this_month):
            paid = [person.paid(month, currency) for person in people]
            moved = [person.moved(month, currency) for person in people]
            sums = [sum(amount for kind, amount in moved if kind == wanted) for wanted in KINDS]
            gone = sum(kind == "churn" for kind, _ in moved)
            expected[month, currency] = [sum(paid), *sums, sum(mrr > 0 for mrr in paid), gone]
    assert found == expected
    for place in range(8):
        assert sum(row[place] > 0 for row in expected.values()) > 3, "every kind has happened"
    earned = [amount for person in people for amount in person.earned()]
    assert sorted(Decimal(str(amount)) for (amount,) in rows(copy, EARNED)) == sorted(earned)
    assert len(earned) > PEOPLE


def _months(first: date, last: date) -> list[date]:
    months = [first]
    while months[-1] < last.replace(day=1):
        months.append(_shifted(months[-1], 1))
    return months


def _shifted(month: date, by: int) -> date:
    place = month.year * 12 + month.month - 1 + by
    return date(place // 12, place % 12 + 1, 1)


def _rounded(amount: Fraction) -> Decimal:
    return Decimal(round(amount * 10**12)).scaleb(-12)
