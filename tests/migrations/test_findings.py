"""What went wrong when the specification was applied as written, measured again on our schema.

The rules that refuse single rows are in `rules`, counters in `test_counters.py`, the catalogue's own in `lint`.
"""

from collections.abc import Callable
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest
from psycopg import errors, sql

from cauce.database import Database, Role
from cauce.models.health import MEASURES, MeasurementType
from tests.conftest import make_person_in
from tests.migrations.rows import fill

MEASURED = "UPDATE health_measurements SET type = %s, value = %s WHERE user_id = %s"
CATALOGUE = {
    "instants without a zone": """
        SELECT c.relname || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
          AND a.atttypid IN ('timestamp'::regtype, 'time'::regtype, 'timetz'::regtype)
    """,
    "numbers that are not exact": """
        SELECT c.relname || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
          AND a.atttypid IN ('real'::regtype, 'double precision'::regtype, 'money'::regtype)
    """,
    "columns with a default that take NULL": """
        SELECT c.relname || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
          AND a.atthasdef AND a.attgenerated = '' AND NOT a.attnotnull
    """,
    "updated_at that nobody keeps": """
        SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND a.attname = 'updated_at' AND NOT EXISTS (
            SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgfoid = 'update_updated_at_column'::regproc)
          -- Its functions say it themselves: see test_counters.
          AND c.relname <> 'monthly_usage'
    """,
    "currencies that are no code": """
        SELECT c.relname || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND a.attname ~ '(^|_)currency$' AND NOT EXISTS (
            SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.confrelid = 'currencies'::regclass
              AND k.conkey = ARRAY[a.attnum])
    """,
}
"""Queries for what must not be there at all."""
WRONG = {
    "instants without a zone": "ALTER TABLE debts ADD wrong timestamp",
    "numbers that are not exact": "ALTER TABLE debts ADD wrong real",
    "columns with a default that take NULL": "ALTER TABLE debts ADD wrong boolean DEFAULT false",
    "updated_at that nobody keeps": "DROP TRIGGER updated_at ON debts",
    "currencies that are no code": "ALTER TABLE debts ADD fee_currency varchar(3)",
}


@pytest.fixture(scope="module")
def ana(shared_db: Database) -> UUID:
    person = make_person_in(shared_db, "ana@example.com")
    with shared_db.transaction(Role.OWNER) as conn:
        fill(conn, person)
    return person


@pytest.fixture
def conn(shared_db: Database):
    """The owner, in a transaction that is not kept."""
    with shared_db.connect(Role.OWNER) as connection:
        yield connection
        connection.rollback()


@pytest.mark.parametrize("what", CATALOGUE)
def test_the_catalogue_holds_none_and_one_would_be_found(conn: psycopg.Connection, what: str) -> None:
    assert conn.execute(CATALOGUE[what].encode()).fetchall() == []
    conn.execute(WRONG[what].encode())
    assert len(conn.execute(CATALOGUE[what].encode()).fetchall()) == 1


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("transactions", "amount", "-1.2350"),  # KWD has three decimals
        ("investments", "purchase_price", "0.000012340000"),
        ("investments", "returns_percentage", "1000.000000000000"),
        ("investments", "quantity", "9000000000000000.000000000001"),
        ("usage_logs", "total_cost", "0.000525000000"),
        ("monthly_usage", "total_cost", "12000.000000000001"),
    ],
)
def test_a_number_is_read_back_as_it_was_written(
    conn: psycopg.Connection, ana: UUID, table: str, column: str, value: str
) -> None:
    written = sql.SQL("UPDATE {} SET {} = %s WHERE user_id = %s RETURNING {}::text").format(
        sql.Identifier(table), sql.Identifier(column), sql.Identifier(column)
    )
    assert conn.execute(written, (Decimal(value), ana)).fetchone() == (value,)


@pytest.mark.parametrize("kind", MEASURES)
def test_a_measurement_takes_its_own_numbers_between_its_limits(
    conn: psycopg.Connection, ana: UUID, kind: MeasurementType
) -> None:
    highest = {key: str(high) for key, (_, high) in MEASURES[kind].items()}
    assert conn.execute(MEASURED, (kind, _json(highest), ana)).rowcount == 1
    beyond = {key: str(high + Decimal("0.01")) for key, (_, high) in MEASURES[kind].items()}
    with pytest.raises(errors.CheckViolation, match="ck_health_measurements_value"):
        conn.execute(MEASURED, (kind, _json(beyond), ana))


def _json(numbers: dict[str, str]) -> str:
    return "{" + ", ".join(f'"{key}": {number}' for key, number in numbers.items()) + "}"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("weight", '"banana"'),
        ("weight", "75"),
        ("weight", "[]"),
        ("weight", "{}"),
        ("weight", "null"),
        ("weight", '{"kg": "75"}'),
        ("weight", '{"kg": null}'),
        ("weight", '{"kg": true}'),
        ("weight", '{"kg": [75]}'),
        ("weight", '{"kg": -1}'),
        ("weight", '{"kg": 7500}'),
        ("weight", '{"lb": 165}'),
        ("weight", '{"kg": 75, "name": "Ana"}'),
        ("heart_rate", '{"mg_dl": 95}'),
        ("glucose", '{"mg_dl": 95, "fasting": "yes"}'),
        ("blood_pressure", '{"systolic": 120}'),
        ("blood_pressure", '{"systolic": 80, "diastolic": 120}'),
        ("oxygen_saturation", '{"percent": 101}'),
    ],
)
def test_a_measurement_is_never_garbage(conn: psycopg.Connection, ana: UUID, kind: str, value: str) -> None:
    with pytest.raises(errors.CheckViolation, match="ck_health_measurements_value"):
        conn.execute(MEASURED, (kind, value, ana))


@pytest.mark.parametrize("times", ['["8 am"]', "[8]", "[null]", '[["08:00"]]', '"08:00"', "{}"])
def test_reminders_are_times_of_a_day(conn: psycopg.Connection, ana: UUID, times: str) -> None:
    with pytest.raises(errors.CheckViolation, match="reminder_times"):
        conn.execute("UPDATE medications SET reminder_times = %s WHERE user_id = %s", (times, ana))


@pytest.mark.parametrize("email", ["o'brien@example.com", "ana@señal.mx", "maría+1@correo.méxico"])
def test_addresses_that_people_have_are_taken(conn: psycopg.Connection, ana: UUID, email: str) -> None:
    assert conn.execute("UPDATE users SET email = %s WHERE id = %s", (email, ana)).rowcount == 1


@pytest.mark.parametrize("email", ["a@b.c|d", "ana@example", "ana", "a b@example.com", "a@b@example.com"])
def test_what_is_no_address_is_refused(conn: psycopg.Connection, ana: UUID, email: str) -> None:
    with pytest.raises(errors.CheckViolation, match="ck_users_email"):
        conn.execute("UPDATE users SET email = %s WHERE id = %s", (email, ana))


def test_one_address_is_one_person_however_it_is_written(conn: psycopg.Connection, ana: UUID) -> None:
    with pytest.raises(errors.UniqueViolation, match="uq_users_email_lower"):
        conn.execute("INSERT INTO users (email, name) VALUES ('Ana@Example.com', 'x')")


@pytest.mark.parametrize("column", ["role", "is_active", "created_at"])
def test_nothing_of_a_persons_standing_is_unknown(conn: psycopg.Connection, ana: UUID, column: str) -> None:
    update = sql.SQL("UPDATE users SET {} = NULL WHERE id = %s").format(sql.Identifier(column))
    with pytest.raises(errors.NotNullViolation, match=column):
        conn.execute(update, (ana,))


@pytest.mark.parametrize("slug", ["Agente", "a--b", "-a", "a b"])
def test_a_slug_is_in_small_letters(conn: psycopg.Connection, ana: UUID, slug: str) -> None:
    with pytest.raises(errors.CheckViolation, match="slug"):
        conn.execute("INSERT INTO agents (name, slug) VALUES ('x', %s)", (slug,))


def test_an_instant_is_the_same_from_every_zone(conn: psycopg.Connection, ana: UUID) -> None:
    seen = set()
    for zone in ("UTC", "America/Mexico_City", "Asia/Tokyo"):
        conn.execute(sql.SQL("SET LOCAL timezone = {}").format(sql.Literal(zone)))
        conn.execute("UPDATE medical_appointments SET scheduled_date = '2026-10-31 17:35Z' WHERE user_id = %s", (ana,))
        seen.add(conn.execute("SELECT extract(epoch FROM scheduled_date) FROM medical_appointments").fetchone())
    assert len(seen) == 1


def test_an_account_used_in_transfers_and_standing_payments_can_be_deleted(conn: psycopg.Connection, ana: UUID) -> None:
    other = conn.execute(
        "INSERT INTO financial_accounts (user_id, financial_profile_id, name, type)"
        " SELECT user_id, financial_profile_id, 'y', 'savings' FROM financial_accounts WHERE user_id = %s RETURNING id",
        (ana,),
    ).fetchone()
    assert other is not None
    conn.execute("UPDATE recurring_payments SET account_id = %s, auto_debit = true WHERE user_id = %s", (other[0], ana))
    conn.execute(
        "UPDATE transactions SET type = 'transfer', from_account_id = account_id, to_account_id = %s WHERE user_id = %s",
        (other[0], ana),
    )
    conn.execute("DELETE FROM financial_accounts WHERE id = %s", (other[0],))
    left = "SELECT from_account_id, to_account_id, account_id FROM transactions WHERE user_id = %s"
    assert conn.execute(left, (ana,)).fetchall() == [(ana, None, ana)]
    paid = "SELECT user_id, account_id FROM recurring_payments WHERE user_id = %s"
    assert conn.execute(paid, (ana,)).fetchall() == [(ana, None)]


def test_a_payment_that_recurs_no_more_leaves_its_transactions(conn: psycopg.Connection, ana: UUID) -> None:
    conn.execute(
        "UPDATE transactions SET is_recurring = true, recurring_payment_id = %s WHERE user_id = %s", (ana, ana)
    )
    conn.execute("DELETE FROM recurring_payments WHERE user_id = %s", (ana,))
    left = "SELECT user_id, recurring_payment_id FROM transactions WHERE user_id = %s"
    assert conn.execute(left, (ana,)).fetchall() == [(ana, None)]


def test_an_author_who_goes_takes_nothing_of_others(db: Database, make_person: Callable[..., UUID]) -> None:
    author, ana = make_person("author@example.com"), make_person("ana@example.com")
    with db.transaction(Role.OWNER) as conn:
        fill(conn, ana)
        conn.execute("UPDATE agents SET created_by = %s", (author,))
        conn.execute("UPDATE user_agent_permissions SET granted_by = %s", (author,))
        before = _counts(conn)
        conn.execute("DELETE FROM users WHERE id = %s", (author,))
        assert _counts(conn) == before
        assert conn.execute("SELECT DISTINCT created_by FROM agents").fetchall() == [(None,)]
        assert conn.execute("SELECT granted_by FROM user_agent_permissions").fetchall() == [(None,)]


def _counts(conn: psycopg.Connection) -> dict[str, object]:
    tables = ("conversations", "messages", "usage_logs", "monthly_usage", "user_agent_permissions")
    count = sql.SQL("SELECT count(*) FROM {}")
    return {table: conn.execute(count.format(sql.Identifier(table))).fetchone() for table in tables}
