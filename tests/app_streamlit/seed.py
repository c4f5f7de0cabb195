"""Rows of two people, written straight into the operational tables, and their publication by the real pipeline."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from cauce.database import Database, Role
from expectations.audit import check
from expectations.build import build
from expectations.publish import publish
from tests.conftest import make_person_in

AS_OF = datetime(2025, 11, 15, 18, 0, tzinfo=UTC)
TODAY = date(2025, 11, 15)
ADMIN, ANALYST, ANA, BETO, NEW = (f"{name}@example.com" for name in ("admin", "analyst", "ana", "beto", "nueva"))

RATE = "INSERT INTO fx_rates (base, quote, date, source, rate) VALUES ('USD', 'MXN', '2025-08-01', 'banxico', 20)"
"""Pesos to the dollar, for all days."""
REPORTED_DAY = date(2025, 11, 10)
REPORT = """
INSERT INTO provider_reports (report_key, provider, kind, report, starts_at, ends_at, model, grouping, dimensions,
  requests, tokens_input, tokens_output, tokens_cache_read, tokens_cache_write)
SELECT uuidv7(), 'openai', 'usage', 'completions', '2025-11-10Z', '2025-11-11Z', 'gpt-4o-mini', 'model', '{}',
  count(*), sum(tokens_input) + 100, sum(tokens_output), 0, 0
FROM usage_logs WHERE provider = 'openai' AND timestamp >= '2025-11-10Z' AND timestamp < '2025-11-11Z'
"""
"""A hundred tokens more than we have, from no call that we lack."""


def seed(db: Database) -> dict[str, UUID]:
    """Make an admin, an analyst, two users with data of every domain and one without; gives their ids by address."""
    people = {
        ADMIN: make_person_in(db, ADMIN, role="ADMIN"),
        ANALYST: make_person_in(db, ANALYST, role="DEVELOPER"),
        ANA: make_person_in(db, ANA),
        BETO: make_person_in(db, BETO, language="en", timezone="Europe/Madrid", currency="EUR"),
        NEW: make_person_in(db, NEW),
    }
    with db.transaction(Role.OWNER) as conn:
        conn.execute("SELECT ensure_month_partitions('2025-08-01', '2025-12-31')")
        conn.execute("DELETE FROM subscriptions")
        conn.execute(RATE)
        _plan(conn, people[ANA], 199, messages=60)
        _plan(conn, people[BETO], 499)
        _usage(conn, people[ANA], "asistente-ana", Decimal("0.0125"), 60)
        _usage(conn, people[BETO], "secreto-de-beto", Decimal("0.5"), 20)
        conn.execute(REPORT)
        _money(conn, people[ANA], "MXN", Decimal(1), "Nómina Ana")
        _money(conn, people[BETO], "EUR", Decimal("0.05"), "Beto payroll")
        _doses(conn, people[ANA], "Losartán 50 mg")
        _doses(conn, people[BETO], "Betaxolol 10 mg")
    return people


def publish_marts(db: Database, as_of: datetime = AS_OF) -> None:
    """Build, audit and publish what is in the operational tables."""
    build(db, as_of=as_of)
    report = check(db)
    assert not report.failures, [str(failure) for failure in report.failures]
    assert publish(db).published


def _plan(conn: psycopg.Connection, person: UUID, amount: int, *, messages: int | None = None) -> None:
    limits = None if messages is None else Jsonb({"messages": messages})
    conn.execute(
        "INSERT INTO subscriptions (user_id, plan_code, valid_from, currency, amount, billing_interval, custom_limits)"
        " VALUES (%s, 'PRO', %s, 'MXN', %s, 'month', %s)",
        (person, AS_OF - timedelta(days=5), amount, limits),
    )


def _usage(conn: psycopg.Connection, person: UUID, agent: str, cost: Decimal, days: int) -> None:
    row = conn.execute(
        "INSERT INTO agents (name, slug, created_by) VALUES (%s, %s, %s) RETURNING id", (agent, agent, person)
    ).fetchone()
    assert row
    conn.execute("INSERT INTO user_agent_permissions (user_id, agent_id) VALUES (%s, %s)", (person, row[0]))
    models = (
        ("openai", "gpt-4o-mini", cost),
        ("anthropic", "claude-sonnet-4-5", cost * 3),
        (None, "modelo-casero", None),
    )
    for day in range(days):
        for hour, (provider, model, price) in enumerate(models):
            conn.execute(
                "INSERT INTO usage_logs (user_id, timestamp, agent_id, source, event_id, provider, model, tokens_input, tokens_output,"
                " total_tokens, total_cost, success, duration) VALUES (%s, %s, %s, 'test', %s, %s, %s, %s, %s, %s, %s, true, %s)",
                (person, AS_OF - timedelta(days=day, hours=hour), row[0], f"{agent}-{day}-{hour}", provider, model,
                 1000 + day, 200, 1200 + day, price, 1500 + 100 * hour),
            )  # fmt: skip


def _money(conn: psycopg.Connection, person: UUID, currency: str, scale: Decimal, payroll: str) -> None:
    profile = conn.execute("SELECT id FROM financial_profiles WHERE user_id = %s", (person,)).fetchone()
    assert profile
    account = conn.execute(
        "INSERT INTO financial_accounts (user_id, financial_profile_id, name, type, institution, balance, currency, account_mask, balance_at)"
        " VALUES (%s, %s, 'Cuenta de nómina', 'checking', 'Banco del Río', %s, %s, '4321', %s) RETURNING id",
        (person, profile[0], 18432 * scale, currency, AS_OF),
    ).fetchone()
    assert account
    movements = [(month, 1, payroll, 32000, "income", "nomina") for month in (9, 10, 11)]
    movements += [(month, 3, "Renta", -11000, "expense", "vivienda") for month in (9, 10, 11)]
    movements += [
        (month, 5 + week, f"Súper {week}", -1450, "expense", "supermercado")
        for month in (9, 10, 11)
        for week in range(4)
    ]
    movements += [(11, 9, "Café", -89, "expense", "restaurantes"), (11, 9, "Café", -89, "expense", "restaurantes")]
    movements += [(11, 10, "Traspaso a ahorro", -3000, "transfer", "transferencia")]
    for number, (month, day, text, amount, kind, category) in enumerate(movements):
        conn.execute(
            "INSERT INTO transactions (user_id, financial_profile_id, account_id, date, description, amount, currency, type, category, external_id)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                person,
                profile[0],
                account[0],
                date(2025, month, day),
                text,
                amount * scale,
                currency,
                kind,
                category,
                f"t{number}",
            ),
        )
    for category, amount in (("supermercado", 6000), ("restaurantes", 150), ("vivienda", 15000)):
        conn.execute(
            "INSERT INTO budgets (user_id, financial_profile_id, name, category, amount, currency, period, start_date)"
            " VALUES (%s, %s, %s, %s, %s, %s, 'monthly', '2025-09-01')",
            (person, profile[0], category.capitalize(), category, amount * scale, currency),
        )


def _doses(conn: psycopg.Connection, person: UUID, name: str) -> None:
    profile = conn.execute("INSERT INTO health_profiles (user_id) VALUES (%s) RETURNING id", (person,)).fetchone()
    assert profile
    medicine = conn.execute(
        "INSERT INTO medications (user_id, health_profile_id, name, dosage, frequency, start_date, external_id) VALUES (%s, %s, %s, '50 mg', 'cada 12 horas', '2025-10-01', 'm1') RETURNING id",
        (person, profile[0], name),
    ).fetchone()
    assert medicine
    conn.execute(
        "INSERT INTO medication_schedules (user_id, medication_id, as_needed, times_per_day, start_date) VALUES (%s, %s, false, 2, '2025-10-01')",
        (person, medicine[0]),
    )
    for day in range(40):
        for hour in (8, 20):
            at = datetime(2025, 11, 15, 6, tzinfo=UTC) + timedelta(hours=hour) - timedelta(days=day)
            if at > AS_OF:
                continue
            status = "omitido" if (day * 2 + hour) % 11 == 0 else "retrasado" if day % 9 == 4 else "tomado"
            conn.execute(
                "INSERT INTO medication_logs (user_id, medication_id, scheduled_time, taken_time, status, local_date)"
                " VALUES (%s, %s, %s, %s, %s, local_date(%s, %s))",
                (
                    person,
                    medicine[0],
                    at,
                    None if status == "omitido" else at + timedelta(minutes=9),
                    status,
                    person,
                    at,
                ),
            )
    for day in range(0, 40, 3):
        at = AS_OF - timedelta(days=day, hours=3)
        for kind, value in (
            ("blood_pressure", f'{{"systolic": {128 - day % 7}, "diastolic": {82 - day % 5}}}'),
            ("weight", f'{{"kg": {78.4 - day * 0.05:.2f}}}'),
            ("glucose", f'{{"mg_dl": {96 + day % 11}}}'),
        ):
            conn.execute(
                "INSERT INTO health_measurements (user_id, health_profile_id, type, value, measured_at, local_date, external_id)"
                " VALUES (%s, %s, %s, %s, %s, local_date(%s, %s), %s)",
                (person, profile[0], kind, value, at, person, at, f"{kind}-{day}"),
            )
