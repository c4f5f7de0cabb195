"""What a person deletes is out of sight, can be brought back, and does not come back by itself."""

from uuid import UUID

import pytest
from psycopg import errors, sql

from cauce.database import Database, Role
from tests.conftest import make_person_in, sign_in_to
from tests.migrations.rows import fill

TABLES = ("conversations", "financial_accounts", "transactions", "budgets", "medications", "health_measurements")


@pytest.fixture(scope="module")
def two(shared_db: Database) -> tuple[Database, UUID, UUID, str]:
    ana, luis = (make_person_in(shared_db, f"{name}@example.com") for name in ("ana", "luis"))
    for person in (ana, luis):
        with shared_db.transaction(Role.OWNER) as conn:
            fill(conn, person)
    return shared_db, ana, luis, sign_in_to(shared_db, "ana@example.com")


@pytest.mark.parametrize("table", TABLES)
def test_a_person_deletes_and_recovers_their_own_and_nobody_elses(
    two: tuple[Database, UUID, UUID, str], table: str
) -> None:
    db, ana, _, token = two
    name = sql.Identifier(table)
    delete = sql.SQL("UPDATE {} SET deleted_at = now()").format(name)
    recover = sql.SQL("UPDATE {} SET deleted_at = NULL").format(name)
    deleted = sql.SQL("SELECT user_id FROM {} WHERE deleted_at IS NOT NULL").format(name)
    with db.connect(Role.USER) as conn:
        conn.execute("SELECT set_config('cauce.session_token', %s, false)", (token,))
        assert conn.execute(delete).rowcount == 1
        conn.commit()
        with db.transaction(Role.OWNER) as owner:
            assert owner.execute(deleted).fetchall() == [(ana,)]
        assert conn.execute(recover).rowcount == 1
        conn.commit()
    with db.transaction(Role.OWNER) as owner:
        assert owner.execute(deleted).fetchall() == []


@pytest.mark.parametrize("table", [table for table in TABLES if table != "budgets"])
def test_deleting_and_recovering_is_all_they_may_do(two: tuple[Database, UUID, UUID, str], table: str) -> None:
    db, _, _, token = two
    with pytest.raises(errors.InsufficientPrivilege), db.transaction(Role.USER, session_token=token) as conn:
        conn.execute(sql.SQL("UPDATE {} SET batch_id = NULL").format(sql.Identifier(table)))


def test_a_deleted_conversation_keeps_its_counts(two: tuple[Database, UUID, UUID, str]) -> None:
    db, ana, _, _ = two
    with db.connect(Role.OWNER) as conn:
        conn.execute("UPDATE conversations SET deleted_at = now() WHERE user_id = %s", (ana,))
        conn.execute("DELETE FROM messages WHERE user_id = %s", (ana,))
        assert conn.execute("SELECT message_count FROM conversations WHERE user_id = %s", (ana,)).fetchone() == (0,)
        conn.execute("DELETE FROM conversations WHERE user_id = %s", (ana,))
        kept = conn.execute("SELECT conversation_id FROM usage_logs WHERE user_id = %s", (ana,)).fetchall()
        conn.rollback()
    assert kept == [(None,)]


def test_the_vector_of_a_chunk_that_goes_is_noted_for_the_store(two: tuple[Database, UUID, UUID, str]) -> None:
    db, ana, _, _ = two
    with db.connect(Role.OWNER) as conn:
        conn.execute("UPDATE document_chunks SET vector_id = 'v1' WHERE user_id = %s", (ana,))
        conn.execute("DELETE FROM rag_documents WHERE user_id = %s", (ana,))
        noted = conn.execute("SELECT vector_id FROM vector_deletions").fetchall()
        conn.rollback()
    assert ("v1",) in noted
