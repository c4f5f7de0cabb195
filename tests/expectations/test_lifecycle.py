"""Marts do not notice that calls were archived, or that more of them came afterwards; they do notice deletions."""

from datetime import date
from uuid import UUID

from psycopg import sql

from cauce.database import Database, Role
from cauce.lifecycle.archive import archive_month
from expectations.audit import check
from expectations.build import build
from expectations.publish import publish
from tests.expectations.world import AGENT, ANA, AS_OF

MARTS = ("usage_daily", "billing_monthly")


def marts(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.transaction(Role.TRANSFORM) as conn:
        return {
            name: conn.execute(sql.SQL("SELECT * FROM marts.{} ORDER BY 1, 2, 3, 4, 5").format(sql.Identifier(name))).fetchall()
            for name in MARTS
        }  # fmt: skip


def renew(database: Database, *, force: bool) -> None:
    build(database, as_of=AS_OF, force=force)
    assert check(database).failures == []
    assert publish(database).published


def add_late_call(database: Database) -> None:
    with database.transaction(Role.OWNER) as conn:
        conn.execute("SELECT ensure_month_partitions('2025-02-01', '2025-02-01')")
        conn.execute(
            "INSERT INTO usage_logs (user_id, timestamp, agent_id, source, event_id, provider, model, tokens_input,"
            " tokens_output, total_tokens, total_cost) SELECT id, '2025-02-10 13:00+00', %s, 'world', 'late', 'openai',"
            " 'gpt', 1, 1, 2, 0.5 FROM users WHERE email = 'ana@example.com'",
            (AGENT,),
        )


def test_marts_are_the_same_when_months_are_archived_and_everything_is_built_from_nothing(copy: Database) -> None:
    before = marts(copy)
    assert sum(archive_month(copy, month) for month in (date(2025, 2, 1), date(2025, 3, 1))) > 0
    renew(copy, force=True)
    assert marts(copy) == before


def test_a_late_call_of_an_archived_month_is_added_to_what_was_archived(copy: Database) -> None:
    add_late_call(copy)
    renew(copy, force=False)
    expected = marts(copy)
    with copy.transaction(Role.OWNER) as conn:
        conn.execute("DELETE FROM usage_logs WHERE event_id = 'late'")
    archive_month(copy, date(2025, 2, 1))
    add_late_call(copy)
    renew(copy, force=False)
    assert marts(copy) == expected


DELETED = {
    "financial_accounts": ("account_balances", "spending_monthly", "cash_flow_monthly"),
    "budgets": ("budget_status",),
    "medications": ("adherence_daily",),
    "health_measurements": ("measurement_readings", "measurements_latest"),
}


def rows_of(database: Database, person: UUID) -> dict[str, int]:
    names = sorted(name for marts_of in DELETED.values() for name in marts_of)
    query = "SELECT count(*) FROM marts.{} WHERE user_id = %s"
    with database.transaction(Role.TRANSFORM) as conn:
        return {
            name: int((conn.execute(sql.SQL(query).format(sql.Identifier(name)), (person,)).fetchone() or (0,))[0])
            for name in names
        }


def test_what_is_deleted_is_in_no_mart_and_back_when_it_is_recovered(copy: Database) -> None:
    """With an account go its transactions, with a medicine its doses; the totals marts are held against agree."""
    with copy.transaction(Role.OWNER) as conn:
        (ana,) = conn.execute("SELECT id FROM users WHERE email = %s", (ANA,)).fetchone() or (None,)
    before = rows_of(copy, ana)
    assert all(before.values())
    for moment, expected in (("now()", dict.fromkeys(before, 0)), ("NULL", before)):
        with copy.transaction(Role.OWNER) as conn:
            for table in DELETED:
                conn.execute(f"UPDATE {table} SET deleted_at = {moment} WHERE user_id = %s".encode(), (ana,))
        renew(copy, force=False)
        assert rows_of(copy, ana) == expected
