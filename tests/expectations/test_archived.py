"""Marts do not notice that calls were archived, or that more of them came afterwards."""

from datetime import UTC, date, datetime

from psycopg import sql

from cauce.database import Database, Role
from cauce.lifecycle.archive import archive_month
from expectations.audit import check
from expectations.build import build
from expectations.publish import publish
from tests.expectations.world import AGENT, AS_OF

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
    renew(copy, force=False)
    add_late_call(copy)
    renew(copy, force=False)
    assert marts(copy) == expected
    archive_month(copy, date(2025, 2, 1))
    renew(copy, force=True)
    assert marts(copy) == expected
    with copy.transaction(Role.OWNER) as conn:
        assert conn.execute(
            "SELECT count(*) FROM usage_archives WHERE month = %s", (datetime(2025, 2, 1, tzinfo=UTC).date(),)
        ).fetchone() == (2,)
