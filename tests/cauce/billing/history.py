"""Plans and usage of people as the tests of billing want them."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Concatenate, ParamSpec, TypeVar
from uuid import UUID, uuid4

import psycopg

from cauce.database import Database, Role
from tests.conftest import make_person_in

PERIOD = """
INSERT INTO subscriptions (user_id, plan_code, status, valid_from, valid_to, custom_limits, currency, amount, billing_interval)
VALUES (%(person)s, %(plan)s, CASE WHEN %(until)s::timestamptz IS NULL THEN %(status)s ELSE 'ended' END, %(since)s, %(until)s,
  %(limits)s, %(currency)s, %(amount)s, %(interval)s)
"""
USE = """
INSERT INTO usage_logs (user_id, id, timestamp, agent_id, source, event_id, provider, model, tokens_input, tokens_output, total_tokens)
SELECT %(person)s, uuidv7(), %(at)s::timestamptz, (SELECT id FROM agents WHERE slug = 'a'), 's', %(event)s || '-' || n, 'p', 'm',
  %(tokens)s, 0, %(tokens)s
FROM generate_series(1, %(events)s) n
"""
LINES = """
SELECT l.kind, l.quantity, l.amount FROM invoice_lines l JOIN invoices i ON i.user_id = l.user_id AND i.id = l.invoice_id
WHERE l.user_id = %s AND i.period_start = %s AND i.kind = 'invoice' AND i.status <> 'void' ORDER BY i.currency, l.position
"""
Period = tuple[str, str, str | None, str | int | None, str]
"""Plan, since, until (local midnights or instants), amount, interval."""

P = ParamSpec("P")
T = TypeVar("T")


def in_books(
    database: Database, act: Callable[Concatenate[psycopg.Connection, P], T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Do something of billing in a transaction of its own, as the commands do."""
    with database.transaction(Role.OWNER) as conn:
        return act(conn, *args, **kwargs)


def person_with(database: Database, email: str, *periods: Period, status: str = "active", **options: str) -> UUID:
    """Make a person whose plans were these, in MXN, with the last one in this status."""
    person = make_person_in(database, email, **options)
    with database.transaction(Role.OWNER) as conn:
        _plans(conn, person, periods, status, options.get("timezone", "America/Mexico_City"))
    return person


def person_in(conn: psycopg.Connection, periods: Sequence[Period]) -> UUID:
    """Make such a person within a transaction."""
    row = conn.execute("INSERT INTO users (email) VALUES ('within@example.com') RETURNING id").fetchone()
    assert row
    _plans(conn, row[0], periods, "active", "America/Mexico_City")
    return UUID(str(row[0]))


def plans_in(conn: psycopg.Connection, email: str, periods: Sequence[Period]) -> None:
    """Let somebody who is there have had these plans, in MXN, by the days of Mexico City."""
    row = conn.execute("SELECT id FROM users WHERE email = %s", (email,)).fetchone()
    assert row
    _plans(conn, row[0], periods, "active", "America/Mexico_City")


def _plans(conn: psycopg.Connection, person: UUID, periods: Sequence[Period], status: str, zone: str) -> None:
    conn.execute("SELECT set_config('TimeZone', %s, true)", (zone,))
    conn.execute("DELETE FROM subscriptions WHERE user_id = %s", (person,))
    for plan, since, until, amount, interval in periods:
        values = {
            "person": person, "plan": plan, "since": since, "until": until, "status": status, "limits": None,
            "currency": None if amount is None else "MXN", "amount": amount,
            "interval": None if amount is None else interval,
        }  # fmt: skip
        conn.execute(PERIOD, values)


def use(conn: psycopg.Connection, person: UUID, at: str, *, events: int = 1, tokens: int = 0) -> None:
    """Let somebody use so many tokens so many times at an instant."""
    instant = datetime.fromisoformat(at)
    conn.execute("SELECT ensure_month_partitions(%s, %s)", (instant, instant))
    conn.execute("INSERT INTO agents (name, slug) VALUES ('A', 'a') ON CONFLICT DO NOTHING")
    conn.execute(USE, {"person": person, "at": instant, "event": str(uuid4()), "events": events, "tokens": tokens})


def lines_of(database: Database, person: UUID, month: date) -> list[tuple[str, str, str]]:
    """Kind, quantity and amount of the lines of somebody's invoice, as plain text."""
    with database.transaction(Role.OWNER) as conn:
        found = conn.execute(LINES, (person, month)).fetchall()
    return [(kind, f"{quantity.normalize():f}", f"{amount:.2f}") for kind, quantity, amount in found]
