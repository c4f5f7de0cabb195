"""A small world with every awkward case in it, written as rows, and databases in which it is built."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

from cauce.billing.closing import close_months
from cauce.database import Database, Role
from cauce.database.database import Address
from cauce.database.roles import ensure_privileges
from expectations.audit import check
from expectations.build import build
from expectations.publish import publish
from tests.conftest import drop_database, make_person_in

AS_OF = datetime(2025, 3, 10, 18, 0, tzinfo=UTC)
"""Noon in Mexico City (10 March), seven in the evening in Madrid."""

AGENT = UUID("00000000-0000-0000-0000-0000000000a1")
ANA, BETO = "ana@example.com", "beto@example.com"
OTHERS = [f"p{number:02}@example.com" for number in range(3, 13)]
ADMIN, ANALYST = "admin@example.com", "analyst@example.com"

USAGE = """
INSERT INTO usage_logs (user_id, timestamp, agent_id, source, event_id, provider, model, tokens_input, tokens_output,
  total_tokens, tokens_cache_read, tokens_reasoning, total_cost, success, duration, local_date)
SELECT %(user)s, at, %(agent)s, 'world', %(user)s::text || n, provider, model, 100 + n + more, 10, 110 + n + more, 7, 3, cost,
  good, took, local_date(%(user)s, at)
FROM (VALUES
  (1, '2025-02-10 12:00+00'::timestamptz, 'openai', 'gpt', 0.000525, true, 100, 0),
  (2, '2025-03-01 04:00+00', 'openai', 'gpt', 0.000000000001, true, 200, 0),
  (3, '2025-03-01 07:00+00', 'openai', 'gpt', NULL, true, 300, 0),
  (4, '2025-03-01 08:00+00', 'openai', 'gpt', 0.25, false, 500, 0),
  (5, '2025-03-02 08:00+00', NULL, 'unknown', NULL, true, NULL, 200000)
) AS calls (n, at, provider, model, cost, good, took, more)
"""
ACCOUNTS = """
INSERT INTO financial_accounts (user_id, id, financial_profile_id, name, type, institution, balance, currency,
  account_mask, account_key, is_active, balance_at)
SELECT p.user_id, md5(p.user_id::text || a.name)::uuid, p.id, a.name, a.type, 'Banco', a.balance, 'MXN', '1234',
  convert_to(a.name, 'UTF8'), a.active, '2025-03-09 00:00+00'
FROM financial_profiles p,
  (VALUES ('diario', 'checking', 1500.50, true), ('vieja', 'savings', 99, false)) AS a (name, type, balance, active)
WHERE p.user_id = %(user)s
"""
TRANSACTIONS = """
INSERT INTO transactions (user_id, financial_profile_id, account_id, date, description, amount, currency, type,
  category, external_id)
SELECT p.user_id, p.id, md5(p.user_id::text || 'diario')::uuid, t.day::date, 'x', t.amount, t.currency, t.type,
  t.category, t.n::text
FROM financial_profiles p, (VALUES
  (1, '2025-02-28', 10000, 'MXN', 'income', 'sueldo'),
  (2, '2025-02-28', -300, 'MXN', 'expense', 'super'),
  (3, '2025-03-01', -45.50, 'MXN', 'expense', 'cafe'),
  (4, '2025-03-01', -45.50, 'MXN', 'expense', 'cafe'),
  (5, '2025-03-05', -850.25, 'MXN', 'expense', 'super'),
  (6, '2025-03-05', -4000, 'MXN', 'transfer', 'super'),
  (7, '2025-03-10', -12.3456, 'USD', 'expense', 'super'),
  (8, '2025-03-10', 15000, 'MXN', 'income', 'sueldo')
) AS t (n, day, amount, currency, type, category)
WHERE p.user_id = %(user)s AND t.n >= %(first)s
"""
BUDGETS = """
INSERT INTO budgets (user_id, id, financial_profile_id, name, category, amount, period, start_date, end_date, is_active)
SELECT p.user_id, md5(p.user_id::text || b.name)::uuid, p.id, b.name, b.category, b.amount, b.period, b.opens::date,
  b.ends::date, b.active
FROM financial_profiles p, (VALUES
  ('quincena', 'super', 1000, 'quincena', '2025-02-20', NULL, true),
  ('semana', 'cafe', 90, 'weekly', '2025-02-24', '2025-03-07', true),
  ('mes', 'super', 1150.25, 'monthly', '2025-02-01', NULL, true),
  ('trimestre', 'cafe', 100, 'quarterly', '2025-01-01', NULL, true),
  ('futuro', 'super', 1, 'yearly', '2025-03-11', NULL, true),
  ('apagado', 'super', 1, 'monthly', '2025-01-01', NULL, false)
) AS b (name, category, amount, period, opens, ends, active)
WHERE p.user_id = %(user)s
"""
HEALTH = """
WITH profile AS (INSERT INTO health_profiles (user_id) VALUES (%(user)s) RETURNING user_id, id),
medicines AS (
  INSERT INTO medications (user_id, id, health_profile_id, name, start_date, external_id)
  SELECT user_id, md5(user_id::text || name)::uuid, id, name, '2025-03-08', name
  FROM profile, unnest(ARRAY['Metformina', 'Ibuprofeno', 'Vitamina']) AS name RETURNING *
),
schedules AS (
  INSERT INTO medication_schedules (user_id, medication_id, as_needed, times_per_day, days_of_week, start_date)
  SELECT user_id, id, name = 'Ibuprofeno', CASE name WHEN 'Metformina' THEN 3 END,
    CASE name WHEN 'Vitamina' THEN '{1,6}'::smallint[] END, start_date
  FROM medicines
),
doses AS (
  INSERT INTO medication_logs (user_id, medication_id, scheduled_time, taken_time, status, as_needed, local_date)
  SELECT user_id, id, at, CASE WHEN status <> 'omitido' THEN at END, status, prn, local_date(user_id, at)
  FROM medicines JOIN (VALUES
    ('Metformina', '2025-03-08 14:00+00'::timestamptz, 'tomado', false),
    ('Metformina', '2025-03-08 22:00+00', 'retrasado', false),
    ('Metformina', '2025-03-09 05:30+00', 'omitido', false),
    ('Metformina', '2025-03-10 13:00+00', 'tomado', false),
    ('Metformina', '2025-03-10 23:00+00', 'omitido', false),
    ('Ibuprofeno', '2025-03-09 16:00+00', 'tomado', true),
    ('Vitamina', '2025-03-08 15:00+00', 'tomado', false),
    ('Vitamina', '2025-03-09 15:00+00', 'tomado', false)
  ) AS dose (medicine, at, status, prn) ON medicine = name
)
INSERT INTO health_measurements (user_id, health_profile_id, type, value, measured_at, local_date, external_id)
SELECT user_id, id, type, value::jsonb, at, local_date(user_id, at), n::text
FROM profile, (VALUES
  (1, 'weight', '{"kg": 70.5}', '2025-03-01 12:00+00'::timestamptz),
  (2, 'weight', '{"kg": 70.1}', '2025-03-08 12:00+00'),
  (3, 'weight', '{"kg": 60}', '2025-03-11 12:00+00'),
  (4, 'blood_pressure', '{"systolic": 121, "diastolic": 79}', '2025-03-08 12:00+00')
) AS m (n, type, value, at)
"""
# Of the twelve's calls of a UTC day the provider missed none, and charged a dollar more: it knew what each cost.
REPORTS = """
INSERT INTO provider_reports (report_key, provider, kind, report, starts_at, ends_at, model, grouping, dimensions,
  requests, tokens_input, tokens_output, tokens_cache_read, tokens_cache_write, amount, currency)
VALUES
  (uuidv7(), 'openai', 'usage', 'completions', '2025-03-01Z', '2025-03-02Z', 'gpt-2025-01-01', 'model', '{}',
    36, 3708, 360, 252, 0, NULL, NULL),
  (uuidv7(), 'openai', 'cost', 'costs', '2025-03-01Z', '2025-03-02Z', 'gpt-2025-01-01', 'line_item', '{}',
    NULL, NULL, NULL, NULL, NULL, 4.000000000012, 'USD')
"""
RATES = """
INSERT INTO fx_rates (base, quote, date, source, rate)
VALUES ('USD', 'MXN', '2025-02-01', 'banxico', 20), ('USD', 'MXN', '2025-03-01', 'banxico', 25)
"""
# Who has paid since January; the second person twice as much since February, the third until then, the fourth by the year.
SUBSCRIPTIONS = """
INSERT INTO subscriptions (user_id, plan_code, status, valid_from, valid_to, currency, amount, billing_interval)
SELECT %(user)s, plan, CASE WHEN until IS NULL THEN 'active' ELSE 'ended' END, since, until, 'MXN', amount, billing_interval
FROM (VALUES
  (1, 'BASIC', '2025-01-15 12:00+00'::timestamptz, NULL::timestamptz, 199, 'month'),
  (2, 'BASIC', '2025-01-15 12:00+00', '2025-02-10 12:00+00', 199, 'month'),
  (2, 'PRO', '2025-02-10 12:00+00', NULL, 499, 'month'),
  (3, 'PRO', '2025-01-15 12:00+00', '2025-02-27 12:00+00', 499, 'month'),
  (4, 'BASIC', '2025-03-01 12:00+00', NULL, 1990, 'year')
) AS plans (person, plan, since, until, amount, billing_interval)
WHERE person = %(number)s
"""
# The first two were asked for two dollars beyond their plan in February, less a quarter that was granted and a tenth that
# was carried from January; in March the second got half a dollar of it back.
INVOICED = """
WITH invoice AS (
  INSERT INTO invoices (user_id, kind, credited_invoice_id, period_start, period_end, currency)
  SELECT %(user)s, CASE WHEN back THEN 'credit_note' ELSE 'invoice' END,
    CASE WHEN back THEN (SELECT id FROM invoices WHERE user_id = %(user)s) END, '2025-02-01', '2025-03-01', 'USD'
  FROM (VALUES (%(back)s)) AS asked (back)
  RETURNING user_id, id
),
lines AS (
  INSERT INTO invoice_lines (user_id, invoice_id, position, kind, metric, description, quantity, unit_price, amount, applies_to)
  SELECT user_id, id, position, kind, metric, kind, quantity, price, amount, month::date FROM invoice, (VALUES
    (false, 1::smallint, 'base', NULL, 1, 199, 199, NULL),
    (false, 2, 'overage', 'tokens', 1000, 0.002, 2, '2025-02-01'),
    (false, 3, 'credit', NULL, 1, -0.25, -0.25, NULL),
    (false, 4, 'credit', NULL, 1, -0.1, -0.1, '2025-02-01'),
    (false, 5, 'tax', NULL, 200.65, 0.16, 32.1, NULL),
    (true, 1, 'credit', NULL, 1, -0.5, -0.5, NULL),
    (true, 2, 'tax', NULL, -0.5, 0.16, -0.08, NULL)
  ) AS line (back, position, kind, metric, quantity, price, amount, month)
  WHERE back = %(back)s
)
SELECT id FROM invoice
"""
ISSUE = "UPDATE invoices SET status = 'final', issued_at = %s WHERE id = %s"


def populate(database: Database) -> None:
    """Twelve people with usage, money and health; only the first nine have money in February. Plus two who review.

    February is closed.
    """
    make_person_in(database, ADMIN, role="ADMIN")
    make_person_in(database, ANALYST, role="DEVELOPER")
    people = {ANA: "America/Mexico_City", BETO: "Europe/Madrid"} | dict.fromkeys(OTHERS, "America/Mexico_City")
    ids = {email: make_person_in(database, email, timezone=zone) for email, zone in people.items()}
    with database.transaction(Role.OWNER) as conn:
        conn.execute("INSERT INTO agents (id, name, slug) VALUES (%s, 'Asistente', 'asistente')", (AGENT,))
        conn.execute("SELECT ensure_month_partitions('2025-01-01', '2025-05-01')")
        conn.execute("DELETE FROM subscriptions")
        for number, user in enumerate(ids.values(), start=1):
            values = {"user": user, "agent": AGENT, "number": number, "first": 1 if number <= 9 else 3}
            for statement in (USAGE, SUBSCRIPTIONS, ACCOUNTS, TRANSACTIONS, BUDGETS, HEALTH):
                conn.execute(statement, values)
        conn.execute(REPORTS)
        conn.execute(RATES)
        for person, back, issued in ((ANA, False, 2), (BETO, False, 2), (BETO, True, 5)):
            made = conn.execute(INVOICED, {"user": ids[person], "back": back}).fetchone()
            assert made
            conn.execute(ISSUE, (datetime(2025, 3, issued, 12, tzinfo=UTC), *made))
        close_months(conn, date(2025, 2, 1))


def run(database: Database) -> None:
    """Build as of `AS_OF`, audit and publish, and be sure of it."""
    build(database, as_of=AS_OF)
    assert check(database).failures == []
    assert publish(database).published


_BUILT: dict[str, Database] = {}


def built(new_database: Callable[[Path], Database], home: Path) -> Database:
    """The world, built and published; made once in a process, to be copied and not to be changed."""
    if "world" not in _BUILT:
        database = new_database(home)
        populate(database)
        run(database)
        database.close()
        _BUILT["world"] = database
    return _BUILT["world"]


@contextmanager
def copy_of(database: Database, home: Path) -> Iterator[Database]:
    """A copy that a test may change."""
    database.close()
    name = f"t_{uuid4().hex}"
    source = database.address
    with psycopg.connect(source.superuser_url, autocommit=True) as conn:
        conn.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy OWNER {}").format(
                sql.Identifier(name), sql.Identifier(source.name), sql.Identifier(Role.OWNER)
            )
        )
    ensure_privileges(source.superuser_url, name)
    address = Address(source.host, source.port, name, source.superuser_url)
    copy = Database(address, database.secrets, database.settings.model_copy(update={"home": home}))
    yield copy
    drop_database(copy)


def rows(database: Database, query: str, role: Role = Role.TRANSFORM) -> list[tuple[object, ...]]:
    """The rows of a query, as the role that builds the marts unless another is named."""
    with database.transaction(role) as conn:
        return conn.execute(query).fetchall()


def id_of(database: Database, email: str) -> UUID:
    """Whose address this is."""
    with database.transaction(Role.OWNER) as conn:
        row = conn.execute("SELECT id FROM users WHERE email = %s", (email,)).fetchone()
    assert row
    return UUID(str(row[0]))
