"""Plans over time, and invoices: no gap, no overlap, no number skipped, no figure changed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cauce.database import Database, Role
from ingest.finance.currencies import MINOR_UNITS
from tests.conftest import make_person_in

PERIODS = "SELECT plan_code, custom_limits, amount, valid_from, valid_to FROM subscriptions WHERE user_id = %s ORDER BY valid_from"
DRAFT = "INSERT INTO invoices (user_id, period_start, period_end, currency) VALUES (%s, %s::date, %s::date + 30, %s) RETURNING id"
LINE = (
    "INSERT INTO invoice_lines (user_id, invoice_id, position, kind, description, quantity, unit_price)"
    " VALUES (%s, %s, %s, %s, 'x', %s, %s)"
)
changes = st.lists(
    st.one_of(
        st.tuples(st.just("subscription_tier"), st.sampled_from(["FREE", "BASIC", "PRO", "CUSTOM"])),
        st.tuples(st.just("custom_limits"), st.sampled_from([None, '{"tokens": 5}', '{"tokens": 6}'])),
        st.tuples(st.just("bio"), st.sampled_from(["a", "b"])),
    ),
    max_size=8,
)


def draft(conn: psycopg.Connection, person: UUID, day: str = "2026-01-01", currency: str = "MXN") -> UUID:
    row = conn.execute(DRAFT, (person, day, day, currency)).fetchone()
    assert row
    conn.execute(LINE, (person, row[0], 1, "base", 1, 199))
    conn.execute(LINE, (person, row[0], 2, "tax", 199, "0.16"))
    return UUID(str(row[0]))


def make_final(conn: psycopg.Connection, invoice: UUID) -> str:
    row = conn.execute("UPDATE invoices SET status = 'final' WHERE id = %s RETURNING number", (invoice,)).fetchone()
    assert row
    return str(row[0])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=changes)
def test_a_persons_plans_have_neither_gaps_nor_overlaps(
    shared_db: Database, changes: list[tuple[str, str | None]]
) -> None:
    person = make_person_in(shared_db)
    with shared_db.connect(Role.OWNER) as conn:
        said: list[tuple[str, str | None]] = [("FREE", None)]
        for column, value in changes:
            conn.execute(f"UPDATE users SET {column} = %s WHERE id = %s".encode(), (value, person))
            row = conn.execute(
                "SELECT subscription_tier, custom_limits::text FROM users WHERE id = %s", (person,)
            ).fetchone()
            assert row
            if row != said[-1]:
                said.append((row[0], row[1]))
        periods = conn.execute(PERIODS.replace("custom_limits,", "custom_limits::text,"), (person,)).fetchall()
        assert [(plan, limits) for plan, limits, *_ in periods] == said
        assert [ended for *_, ended in periods] == [*(began for *_, began, _ in periods[1:]), None]
        conn.rollback()


def test_a_period_keeps_the_price_that_was_listed_when_it_began(db: Database) -> None:
    person = make_person_in(db)
    with db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE users SET subscription_tier = 'PRO'")
        conn.execute("UPDATE plan_prices SET valid_to = current_date - 1 WHERE plan_code = 'PRO'")
        conn.execute(
            "INSERT INTO plan_prices (plan_code, currency, billing_interval, amount, valid_from)"
            " VALUES ('PRO', 'MXN', 'month', 599, current_date - 1)"
        )
        conn.execute("""UPDATE users SET custom_limits = '{"tokens": 5}'""")
        conn.execute("UPDATE users SET subscription_tier = 'CUSTOM'")
        conn.execute("UPDATE users SET subscription_tier = 'PRO'")
        amounts = [row[2] for row in conn.execute(PERIODS, (person,)).fetchall()]
    assert amounts == [Decimal(0), Decimal(499), Decimal(499), None, Decimal(599)]


@pytest.mark.parametrize("table", ["plan_prices", "plan_limits"])
def test_terms_are_ended_and_only_those_to_come_go(db: Database, table: str) -> None:
    ends = f"UPDATE {table} SET valid_to = '2090-01-01' WHERE plan_code = 'PRO'"
    coming = {
        "plan_prices": "INSERT INTO plan_prices (plan_code, currency, billing_interval, amount, valid_from)"
        " VALUES ('PRO', 'MXN', 'month', 1, '2090-01-01')",
        "plan_limits": "INSERT INTO plan_limits (plan_code, valid_from) VALUES ('PRO', '2090-01-01')",
    }[table]
    with db.transaction(Role.OWNER) as conn:
        conn.execute(ends.encode())
        conn.execute(coming.encode())
        conn.execute(f"DELETE FROM {table} WHERE valid_from = '2090-01-01'".encode())
    for change in (f"DELETE FROM {table}", f"UPDATE {table} SET valid_from = '2024-01-01'"):
        with pytest.raises(psycopg.errors.CheckViolation, match="stay as they are"), db.transaction(Role.OWNER) as conn:
            conn.execute(change.encode())


def test_a_plan_that_has_not_begun_is_replaced(db: Database) -> None:
    with db.transaction(Role.OWNER) as conn:
        row = conn.execute(
            "INSERT INTO users (email, subscription_tier, subscription_start) VALUES ('x@example.com', 'BASIC', now() + interval '1 day')"
            " RETURNING id, subscription_start"
        ).fetchone()
        assert row
        conn.execute("UPDATE users SET subscription_tier = 'PRO' WHERE id = %s", (row[0],))
        periods = conn.execute(PERIODS, (row[0],)).fetchall()
    assert [(plan, began, ended) for plan, _, _, began, ended in periods] == [("PRO", row[1], None)]


def test_what_a_month_may_use_follows_the_plan_in_it(db: Database) -> None:
    """The month is the person's: a plan that began on 31 October at 20:00 in Mexico City is October's."""
    person = make_person_in(db)
    with db.transaction(Role.OWNER) as conn:
        conn.execute("DELETE FROM subscriptions")
        conn.execute(
            "INSERT INTO subscriptions (user_id, plan_code, status, valid_from, valid_to) VALUES"
            " (%(p)s, 'FREE', 'ended', '2025-03-05Z', '2025-11-01 02:00Z'), (%(p)s, 'PRO', 'active', '2025-11-01 02:00Z', NULL)",
            {"p": person},
        )
        conn.execute("UPDATE plan_limits SET valid_to = '2026-02-01' WHERE plan_code = 'PRO'")
        conn.execute(
            "INSERT INTO plan_limits (plan_code, valid_from, included_messages) VALUES ('PRO', '2026-02-01', 7)"
        )
        found = {
            month: conn.execute(
                "SELECT limit_messages FROM usage_limits(ARRAY[%s], ARRAY[%s::date])", (person, f"{month}-01")
            ).fetchone()
            for month in ("2025-01", "2025-03", "2025-09", "2025-10", "2026-01", "2026-02", "2027-01")
        }
    assert found == {
        "2025-01": (200,), "2025-03": (200,), "2025-09": (200,), "2025-10": (10000,), "2026-01": (10000,),
        "2026-02": (7,), "2027-01": (7,),
    }  # fmt: skip


def test_numbers_have_no_gaps_however_many_write_and_give_up(db: Database) -> None:
    people = [make_person_in(db, f"p{n}@example.com") for n in range(8)]

    def bill(worker: int) -> None:
        with db.connect(Role.OWNER) as conn:
            for turn in range(6):
                make_final(conn, draft(conn, people[worker], f"2026-0{turn + 1}-01"))
                conn.rollback() if (worker + turn) % 3 == 0 else conn.commit()

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(bill, worker) for worker in range(8)]:
            future.result()
    with db.transaction(Role.OWNER) as conn:
        numbers = [row[0] for row in conn.execute("SELECT number FROM invoices ORDER BY number").fetchall()]
    assert numbers == [f"F-{n + 1:06}" for n in range(8 * 6 * 2 // 3)]


def test_what_is_given_up_within_a_transaction_gives_its_number_back(db: Database) -> None:
    person = make_person_in(db)
    with db.transaction(Role.OWNER) as conn:
        first = draft(conn, person)
        with conn.transaction(force_rollback=True):
            assert make_final(conn, first) == "F-000001"
        assert make_final(conn, draft(conn, person, "2026-02-01")) == "F-000001"
        assert make_final(conn, first) == "F-000002"


def test_an_invoice_adds_up_its_lines(db: Database) -> None:
    person = make_person_in(db)
    figures = "SELECT subtotal, tax, total FROM invoices"
    with db.transaction(Role.OWNER) as conn:
        invoice = draft(conn, person)
        assert conn.execute(figures).fetchone() == (Decimal(199), Decimal("31.84"), Decimal("230.84"))
        conn.execute(LINE, (person, invoice, 3, "credit", 1, "-9.005"))
        assert conn.execute(figures).fetchone() == (Decimal("189.99"), Decimal("31.84"), Decimal("221.83"))
        conn.execute("DELETE FROM invoice_lines WHERE position = 2")
        assert conn.execute(figures).fetchone() == (Decimal("189.99"), Decimal(0), Decimal("189.99"))
        make_final(conn, invoice)
        assert conn.execute(figures).fetchone() == (Decimal("189.99"), Decimal(0), Decimal("189.99"))


@pytest.mark.parametrize(("currency", "amount"), [("MXN", "1.24"), ("KWD", "1.235"), ("JPY", "1"), ("CLF", "1.2350")])
def test_a_line_is_rounded_to_the_smallest_unit_of_its_currency(db: Database, currency: str, amount: str) -> None:
    person = make_person_in(db)
    with db.transaction(Role.OWNER) as conn:
        row = conn.execute(DRAFT, (person, "2026-01-01", "2026-01-01", currency)).fetchone()
        assert row
        conn.execute(LINE, (person, row[0], 1, "base", 1, "1.235"))
        assert conn.execute("SELECT amount FROM invoice_lines").fetchone() == (Decimal(amount),)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE invoices SET subtotal = 1",
        "UPDATE invoices SET period_end = '2026-03-01'",
        "UPDATE invoices SET currency = 'USD'",
        "UPDATE invoices SET number = 'F-000009'",
        "UPDATE invoices SET status = 'draft', number = NULL, issued_at = NULL",
        "UPDATE invoice_lines SET description = 'y'",
        "UPDATE invoice_lines SET amount = 1, unit_price = 1",
        "DELETE FROM invoice_lines",
        "DELETE FROM invoices",
        "INSERT INTO invoice_lines (user_id, invoice_id, position, kind, description, unit_price) SELECT user_id, id, 9, 'base', 'x', 1 FROM invoices",
    ],
)
@pytest.mark.parametrize("status", ["final", "paid", "void"])
def test_an_invoice_that_is_issued_stays_as_it_is(db: Database, status: str, statement: str) -> None:
    person = make_person_in(db)
    with db.transaction(Role.OWNER) as conn:
        invoice = draft(conn, person)
        make_final(conn, invoice)
        conn.execute("UPDATE invoices SET status = %s", (status,))
    with pytest.raises(psycopg.errors.CheckViolation), db.transaction(Role.OWNER) as conn:
        conn.execute(statement.encode())
    with db.transaction(Role.OWNER) as conn:
        assert conn.execute("SELECT number, total, status FROM invoices").fetchone() == (
            "F-000001", Decimal("230.84"), status,
        )  # fmt: skip
        conn.execute("DELETE FROM users WHERE id = %s", (person,))
        assert conn.execute("SELECT count(*) FROM invoice_lines").fetchone() == (0,)


def test_currencies_are_those_that_files_may_name(db: Database) -> None:
    with db.transaction(Role.OWNER) as conn:
        assert dict(conn.execute("SELECT code, minor_units FROM currencies").fetchall()) == MINOR_UNITS


def test_the_first_period_begins_when_the_person_came(db: Database) -> None:
    person = make_person_in(db)
    with db.transaction(Role.OWNER) as conn:
        row = conn.execute("SELECT created_at FROM users WHERE id = %s", (person,)).fetchone()
        assert row
        began = [began for *_, began, _ in conn.execute(PERIODS, (person,)).fetchall()]
    assert [abs(instant - row[0]) < timedelta(seconds=1) for instant in began] == [True]
