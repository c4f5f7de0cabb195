"""Each policy takes what is outside its window and leaves what is inside."""

from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest

from cauce.database import Database, Role
from cauce.lifecycle import archive
from cauce.lifecycle.archive_reading import scan_archive
from cauce.lifecycle.retention import BATCH, policies, recoverable_tables, run
from cauce.models import Base
from cauce.models.security import RetentionSubject
from tests.conftest import make_person_in
from tests.migrations.rows import fill

TOKEN = "repeat(md5(%(n)s::text), 2)"
PAIRS: dict[str, str] = {
    "verification_tokens": (
        "INSERT INTO verification_tokens (identifier, token, expires)"
        f" VALUES ('ana@example.com', {TOKEN}, now() + %(margin)s::interval)"
    ),
    "auth_sessions": (
        "INSERT INTO auth_sessions (user_id, id, session_token, expires, idle_expires)"
        f" VALUES (%(ana)s, %(n)s::text::uuid, {TOKEN}, now() + interval '1 day', now() + %(margin)s::interval)"
    ),
    "invitations": (
        "INSERT INTO invitations (email, token, role, created_at, expires_at) VALUES ('x' || %(n)s || '@example.com',"
        f" {TOKEN}, 'USER', now() - interval '7 days', now() + %(margin)s::interval)"
    ),
    "mcp_sync_logs": (
        "INSERT INTO mcp_sync_logs (user_id, integration_id, last_sync, created_at)"
        " SELECT user_id, id, now(), now() - interval '30 days' + %(margin)s::interval FROM mcp_integrations WHERE user_id = %(ana)s"
    ),
    "file_access_logs": (
        "INSERT INTO file_access_logs (user_id, file_id, action, timestamp)"
        " SELECT user_id, id, 'VIEW', now() - interval '1 year' + %(margin)s::interval FROM storage_files WHERE user_id = %(ana)s"
    ),
    "deleted_rows": (
        "INSERT INTO budgets (user_id, financial_profile_id, name, category, amount, start_date, deleted_at)"
        " SELECT user_id, id, 'x', 'c' || %(n)s, 1, current_date, now() - interval '30 days' + %(margin)s::interval"
        " FROM financial_profiles WHERE user_id = %(ana)s"
    ),
    "usage_logs": (
        "INSERT INTO usage_logs (user_id, timestamp, agent_id, source, event_id, model, tokens_input, tokens_output, total_tokens)"
        " SELECT %(ana)s, date_trunc('month', now() - interval '1 year', 'UTC') + %(margin)s::interval, id, 's', %(n)s, 'm', 1, 1, 2"
        " FROM agents LIMIT 1"
    ),
}
"""By subject: a row that ends `margin` after (or, negative, before) the edge of its window."""
LEFT: dict[str, str] = {
    "invitations": "SELECT count(*) FROM invitations WHERE status = 'PENDING'",
    "deleted_rows": "SELECT count(*) FROM budgets WHERE category LIKE 'c%'",
    "usage_logs": "SELECT count(*) FROM usage_logs WHERE source = 's'",
}
SUBJECTS = [subject for subject in PAIRS if subject == "deleted_rows" or subject in Base.metadata.tables]


@pytest.fixture
def ana(db: Database) -> UUID:
    person = make_person_in(db, "ana@example.com")
    with db.transaction(Role.OWNER) as conn:
        fill(conn, person)
        conn.execute("DELETE FROM usage_logs")
        conn.execute("SELECT ensure_month_partitions(now() - interval '14 months', now())")
    return person


def put(conn: psycopg.Connection, subject: str, ana: UUID, n: int, margin: str) -> None:
    values = {"ana": ana, "n": UUID(int=n) if subject == "auth_sessions" else str(n), "margin": margin}
    conn.execute(PAIRS[subject].encode(), values)


def left(db: Database, subject: str) -> int:
    with db.transaction(Role.OWNER) as conn:
        query = LEFT.get(subject, f"SELECT count(*) FROM {subject}")
        return int((conn.execute(query.encode()).fetchone() or (0,))[0])


def taken(db: Database, *, dry_run: bool = False) -> dict[str, int]:
    return {outcome.table: outcome.rows for outcome in run(db, dry_run=dry_run) if outcome.rows}


def told(db: Database) -> list[tuple[str, str, int]]:
    with db.transaction(Role.ADMIN) as conn:
        return conn.execute(
            "SELECT target_type, details ->> 'subject', (details -> 'rows')::int FROM audit_logs"
            " WHERE action = 'RUN_RETENTION' ORDER BY sequence"
        ).fetchall()


def test_a_change_of_a_policy_is_told_with_its_subject(db: Database) -> None:
    with db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE retention_policies SET keep = '1 day' WHERE subject = 'deleted_rows'")
        conn.execute("UPDATE retention_policies SET enabled = false WHERE subject = 'mcp_sync_logs'")
        conn.execute("UPDATE retention_policies SET keep = keep")
        conn.execute("DELETE FROM retention_policies WHERE subject = 'usage_logs'")
    with db.transaction(Role.ADMIN) as conn:
        rows = conn.execute("SELECT action, details FROM audit_logs ORDER BY sequence").fetchall()
    gone = {"action": "archive", "keep": "1 year", "enabled": True}
    assert rows == [
        (
            "UPDATE_RETENTION_POLICIES",
            {"subject": "deleted_rows", "old": {"keep": "30 days"}, "new": {"keep": "1 day"}},
        ),
        (
            "UPDATE_RETENTION_POLICIES",
            {"subject": "mcp_sync_logs", "old": {"enabled": True}, "new": {"enabled": False}},
        ),
        ("DELETE_RETENTION_POLICIES", {"subject": "usage_logs", "old": gone}),
    ]


def test_every_subject_has_its_policy_and_the_audit_log_has_none(db: Database) -> None:
    assert {policy.subject for policy in policies(db)} == set(RetentionSubject)
    assert "audit_logs" not in list(RetentionSubject)
    assert set(PAIRS) == set(RetentionSubject)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_policy_takes_the_row_outside_its_window_and_leaves_the_one_inside(
    db: Database, ana: UUID, subject: str
) -> None:
    before = left(db, subject)
    with db.transaction(Role.OWNER) as conn:
        put(conn, subject, ana, 1, "-1 hour")
        put(conn, subject, ana, 2, "1 hour")
    table = "budgets" if subject == "deleted_rows" else subject
    assert taken(db, dry_run=True) == {table: 1}
    assert left(db, subject) == before + 2
    assert told(db) == []
    assert taken(db) == {table: 1}
    assert left(db, subject) == before + 1
    assert taken(db) == {}
    # An invitation that expires is not gone, and a trigger tells it.
    assert told(db) == ([] if subject == "invitations" else [(table, subject, 1)])


def test_a_policy_that_is_off_takes_nothing(db: Database, ana: UUID) -> None:
    with db.transaction(Role.OWNER) as conn:
        put(conn, "deleted_rows", ana, 1, "-1 hour")
        conn.execute("UPDATE retention_policies SET enabled = false")
    assert run(db) == []


def test_how_long_is_data(db: Database, ana: UUID) -> None:
    with db.transaction(Role.OWNER) as conn:
        put(conn, "deleted_rows", ana, 1, "1 hour")
        conn.execute("UPDATE retention_policies SET keep = '20 days' WHERE subject = 'deleted_rows'")
    assert taken(db) == {"budgets": 1}


def test_more_rows_than_a_batch_go_and_what_somebody_holds_waits(db: Database, ana: UUID) -> None:
    with db.transaction(Role.OWNER) as conn:
        conn.execute(
            "INSERT INTO verification_tokens (identifier, token, expires)"
            " SELECT 'x@example.com', repeat(md5(n::text), 2), now() - interval '1 day' FROM generate_series(1, %s) n",
            (BATCH + 10,),
        )
    with db.connect(Role.OWNER) as holder:
        holder.execute("SELECT 1 FROM verification_tokens ORDER BY token LIMIT 1 FOR UPDATE")
        assert taken(db) == {"verification_tokens": BATCH + 9}
    assert taken(db) == {"verification_tokens": 1}


def test_purging_reaches_every_table_that_can_be_recovered_from() -> None:
    assert set(recoverable_tables()) >= {
        "conversations", "financial_accounts", "transactions", "budgets", "medications", "health_measurements",
    }  # fmt: skip


def test_a_month_that_readers_hold_is_left_for_later(db: Database, ana: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "PAUSES", ())
    with db.transaction(Role.OWNER) as conn:
        put(conn, "usage_logs", ana, 1, "-1 hour")
    with db.connect(Role.OWNER) as reader:
        reader.execute("SELECT count(*) FROM usage_logs")
        assert [outcome.postponed is not None for outcome in run(db) if outcome.table == "usage_logs"] == [True]
    assert left(db, "usage_logs") == 1
    assert scan_archive(db).collect().height == 0
    assert taken(db) == {"usage_logs": 1}
    assert scan_archive(db).collect().height == 1


def test_two_runs_at_once_take_turns(db: Database, ana: UUID, in_parallel: Callable[..., list[dict[str, int]]]) -> None:
    with db.transaction(Role.OWNER) as conn:
        for subject in SUBJECTS:
            put(conn, subject, ana, 1, "-1 hour")
    both = in_parallel(lambda: taken(db), lambda: taken(db))
    assert sorted(map(len, both)) == [0, len(SUBJECTS)]
