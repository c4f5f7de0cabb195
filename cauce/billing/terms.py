"""The terms of somebody's subscription: how often it is paid, a pause, its end. Each change begins a period.

Drafts bill the periods by the day in the person's zone: what is left of a paused day's cycle is given back, and charged
again from the day on which the subscription goes on. Nothing is changed for the past.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from cauce.errors import FatalError, SkippableError
from cauce.models.billing import BillingInterval, SubscriptionStatus
from cauce.models.identity import SubscriptionTier
from cauce.security.audit import record

# The person is locked, too: whoever changes the plan changes that row, and then this history.
_PERSON = "SELECT id FROM users WHERE lower(email) = lower(%s) FOR NO KEY UPDATE"
_HISTORY = """
SELECT user_id, id, plan_code, coalesce(last_status, status) AS status, valid_from, valid_to, currency, amount,
  billing_interval
FROM subscriptions WHERE user_id = %s ORDER BY valid_from
"""
_CURRENT = """
SELECT user_id, id, plan_code, status, valid_from, valid_to, currency, amount, billing_interval
FROM subscriptions WHERE user_id = %s AND valid_to IS NULL FOR UPDATE
"""
_NOW = "SELECT clock_timestamp()"
_END = """
UPDATE subscriptions SET status = 'ended', last_status = status, valid_to = %(at)s
WHERE user_id = %(person)s AND id = %(id)s
"""
_BEGIN = """
INSERT INTO subscriptions (user_id, plan_code, status, valid_from, custom_limits, currency, amount, billing_interval)
SELECT user_id, plan_code, %(status)s, valid_to, custom_limits, %(currency)s, %(amount)s, %(interval)s
FROM subscriptions WHERE user_id = %(person)s AND id = %(id)s
"""
_BEFORE_THE_PAUSE = """
SELECT last_status FROM subscriptions WHERE user_id = %s AND plan_code = %s AND last_status <> 'paused'
ORDER BY valid_to DESC LIMIT 1
"""
_LISTED = """
SELECT p.currency, p.amount FROM plan_prices p JOIN users u ON u.id = %(person)s
WHERE p.plan_code = %(plan)s AND p.currency = coalesce(%(currency)s, 'MXN') AND p.billing_interval = %(interval)s
  AND daterange(p.valid_from, p.valid_to) @> (%(at)s::timestamptz AT TIME ZONE u.timezone)::date
"""
_CANCEL = "UPDATE users SET subscription_tier = %s, custom_limits = NULL WHERE id = %s"


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open period of a history; `status` is what it was until it ended, `amount` an interval's price."""

    user_id: UUID
    id: UUID
    plan_code: str
    status: str
    valid_from: datetime
    valid_to: datetime | None
    currency: str | None
    amount: Decimal | None
    billing_interval: str | None


def history(conn: psycopg.Connection, email: str) -> list[Period]:
    """The periods of a person, oldest first. Raises `FatalError` when nobody has the address."""
    with conn.cursor(row_factory=class_row(Period)) as rows:
        return rows.execute(_HISTORY, (_person(conn, email),)).fetchall()


def pay_by(conn: psycopg.Connection, email: str, interval: BillingInterval, *, at: datetime | None = None) -> Period:
    """Let a person pay by the week, month or year from now (`at`) on, at the price that is listed for it on that day.

    Raises `FatalError` when the plan has no such price, `SkippableError` when that is how it is paid.
    """
    current = _current(conn, email)
    if current.billing_interval == interval:
        raise SkippableError(f"{email} pays by the {interval.value} already")
    moment = at or _now(conn)
    values = {"person": current.user_id, "plan": current.plan_code, "currency": current.currency, "at": moment}
    listed = conn.execute(_LISTED, {**values, "interval": interval}).fetchone()
    if listed is None:
        raise FatalError(
            f"the plan {current.plan_code} has no price by the {interval.value}",
            where=email,
            action="choose another interval, or give the plan a price for it",
        )
    currency, amount = listed
    return _go_on(conn, email, current, moment, current.status, (currency, amount, interval.value))


def pause(conn: psycopg.Connection, email: str, *, at: datetime | None = None) -> Period:
    """Bill nothing for a person's plan from now (`at`) on. Raises `SkippableError` when it is paused already."""
    current = _current(conn, email)
    if current.status == SubscriptionStatus.PAUSED:
        raise SkippableError(f"the subscription of {email} is paused already")
    return _go_on(conn, email, current, at or _now(conn), SubscriptionStatus.PAUSED, _price(current))


def resume(conn: psycopg.Connection, email: str, *, at: datetime | None = None) -> Period:
    """Go on, from now (`at`) on, as it was before the pause. Raises `SkippableError` when it is not paused."""
    current = _current(conn, email)
    if current.status != SubscriptionStatus.PAUSED:
        raise SkippableError(f"the subscription of {email} is not paused")
    before = conn.execute(_BEFORE_THE_PAUSE, (current.user_id, current.plan_code)).fetchone()
    status = before[0] if before else SubscriptionStatus.ACTIVE
    return _go_on(conn, email, current, at or _now(conn), status, _price(current))


def cancel(conn: psycopg.Connection, email: str) -> Period:
    """End a person's plan now: they go on with the free one, and with no limits of their own.

    What is left of the cycle is given back. Raises `SkippableError` when they have the free plan.
    """
    current = _current(conn, email)
    if current.plan_code == SubscriptionTier.FREE:
        raise SkippableError(f"{email} has the free plan already")
    conn.execute(_CANCEL, (SubscriptionTier.FREE, current.user_id))
    return _told(conn, email, current.plan_code)


def _go_on(
    conn: psycopg.Connection,
    email: str,
    current: Period,
    at: datetime,
    status: str,
    price: tuple[str | None, Decimal | None, str | None],
) -> Period:
    """End the current period and begin one with the same plan and limits."""
    if at <= current.valid_from:
        raise FatalError(
            f"the subscription of {email} begins later, at {current.valid_from.isoformat()}", action="change it then"
        )
    values = {"person": current.user_id, "id": current.id, "at": at, "status": str(status)}
    currency, amount, interval = price
    conn.execute(_END, values)
    conn.execute(_BEGIN, {**values, "currency": currency, "amount": amount, "interval": interval})
    return _told(conn, email, current.plan_code)


def _told(conn: psycopg.Connection, email: str, before: str) -> Period:
    """Write what the subscription is now to the audit log, and give it."""
    period = _current(conn, email)
    details = {
        "before": before,
        "plan": period.plan_code,
        "status": period.status,
        "interval": period.billing_interval,
    }
    record(conn, "CHANGE_TERMS", target_type="subscriptions", target_id=period.id, details=details)
    return period


def _price(period: Period) -> tuple[str | None, Decimal | None, str | None]:
    return period.currency, period.amount, period.billing_interval


def _current(conn: psycopg.Connection, email: str) -> Period:
    person = _person(conn, email)
    with conn.cursor(row_factory=class_row(Period)) as rows:
        found = rows.execute(_CURRENT, (person,)).fetchone()
    if found is None:
        raise FatalError(f"{email} has no subscription", action="give them a plan first")
    return found


def _person(conn: psycopg.Connection, email: str) -> UUID:
    row = conn.execute(_PERSON, (email,)).fetchone()
    if row is None:
        raise FatalError(f"nobody has the address {email}", action="check it")
    return UUID(str(row[0]))


def _now(conn: psycopg.Connection) -> datetime:
    row = conn.execute(_NOW).fetchone()
    if row is None or not isinstance(row[0], datetime):
        raise FatalError("the database does not tell the time", action="try again")
    return row[0]
