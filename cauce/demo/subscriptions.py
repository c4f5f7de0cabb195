"""What plans the people of the demo were on: some grew, some left, some came back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from cauce.demo.plan import DemoPerson
from cauce.demo.randomness import generator
from cauce.demo.window import Window, at

SMALLER = {"BASIC": "FREE", "PRO": "BASIC", "ENTERPRISE": "PRO"}
"""What somebody who grew into a plan had before."""
_FORGET = "DELETE FROM subscriptions WHERE user_id = ANY (%s)"
# At the price of today: the demo has no older one.
_PERIODS = """
INSERT INTO subscriptions (user_id, plan_code, status, valid_from, valid_to, custom_limits, currency, amount,
  billing_interval)
SELECT g.user_id, g.plan, CASE WHEN g.until IS NULL THEN 'active' ELSE 'ended' END, g.since, g.until,
  CASE WHEN g.until IS NULL THEN u.custom_limits END, p.currency, p.amount, p.billing_interval
FROM jsonb_to_recordset(%s) AS g (user_id uuid, plan text, since timestamptz, until timestamptz)
JOIN users u ON u.id = g.user_id
JOIN plan_prices p ON p.plan_code = g.plan
WHERE p.currency = 'MXN' AND p.billing_interval = 'month' AND p.valid_to IS NULL
"""


@dataclass(frozen=True, slots=True)
class Change:
    """From noon of a day on, this plan."""

    day: date
    plan: str


def write_history(conn: psycopg.Connection, seed: int, window: Window, people: list[tuple[UUID, DemoPerson]]) -> None:
    """Put the plans a person was on before in place of the one the database began for them."""
    periods = [
        {"user_id": str(user_id), "plan": plan, "since": since.isoformat(), "until": until and until.isoformat()}
        for user_id, person in people
        for plan, since, until in _periods(list(_changes(seed, window, person)), person.timezone)
    ]
    conn.execute(_FORGET, ([user_id for user_id, _ in people],))
    conn.execute(_PERIODS, (Jsonb(periods),))


def _changes(seed: int, window: Window, person: DemoPerson) -> Iterator[Change]:
    """The plans of a person in order, the last one being today's."""
    random = generator(seed, "plans", person.email)
    days = (window.today - window.first_day).days
    chance = random.random()
    yield Change(window.first_day - timedelta(days=40), "FREE")
    began = window.first_day + timedelta(days=int(random.integers(0, max(days * 5 // 6, 1))) - 30)
    later = began + timedelta(days=max((window.today - began).days // 2, 1))
    if person.subscription_tier == "FREE":
        if chance < 0.15:
            yield Change(began, "BASIC")
            yield Change(later, "FREE")
    elif chance < 0.25 and person.subscription_tier != "BASIC":
        yield Change(began, SMALLER[person.subscription_tier])
        yield Change(later, person.subscription_tier)
    elif chance < 0.35 and days > 300:
        yield Change(window.first_day - timedelta(days=20), person.subscription_tier)
        left = window.first_day + timedelta(days=int(random.integers(30, 130)))
        yield Change(left, "FREE")
        yield Change(left + timedelta(days=int(random.integers(125, 165))), person.subscription_tier)
    else:
        yield Change(began, person.subscription_tier)


def _periods(changes: list[Change], zone: str) -> Iterator[tuple[str, datetime, datetime | None]]:
    ends = [*(at(change.day, 12, 0, zone) for change in changes[1:]), None]
    for change, until in zip(changes, ends, strict=True):
        yield change.plan, at(change.day, 12, 0, zone), until
