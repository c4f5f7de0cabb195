"""The database says no by itself: each refusal beside what is allowed."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import psycopg
import pytest
from psycopg import errors, sql

from cauce.database import Database, Role
from tests.conftest import make_person_in, sign_in_to
from tests.migrations.rows import STATEMENTS, fill

LOOKUPS = ("account_lookup", "artifact_share_lookup", "file_share_lookup", "support_ticket_lookup")
PERSONAL = (
    *STATEMENTS, "financial_profiles", "monthly_usage", "user_timezones", "auth_sessions", "storage_quotas", *LOOKUPS,
)  # fmt: skip
CLOSED_TO_PEOPLE = {"usage_event_keys", "session_lookup", *LOOKUPS}
PRIVATE = {
    "messages", "conversations", "chat_sessions", "financial_profiles", "financial_accounts", "transactions", "budgets",
    "health_profiles", "medications", "medication_schedules", "medication_logs", "health_measurements", "user_settings",
    "accounts", "artifacts", "rag_documents", "document_chunks", "rag_settings", "mcp_integrations", "mcp_sync_logs",
    "storage_folders",
}  # fmt: skip
"""What no admin, analyst or support role reads."""


@dataclass
class Two:
    db: Database
    ana: UUID
    luis: UUID
    token: str


@pytest.fixture(scope="module")
def two(shared_db: Database) -> Two:
    ana, luis = (make_person_in(shared_db, f"{name}@example.com") for name in ("ana", "luis"))
    for person in (ana, luis):
        with shared_db.transaction(Role.OWNER) as conn:
            fill(conn, person)
    token = sign_in_to(shared_db, "ana@example.com")
    sign_in_to(shared_db, "luis@example.com")
    return Two(shared_db, ana, luis, token)


def owners(conn: psycopg.Connection, table: str) -> set[UUID]:
    return {row[0] for row in conn.execute(sql.SQL("SELECT user_id FROM {}").format(sql.Identifier(table))).fetchall()}


def test_every_table_that_can_carry_a_person_forces_row_security(two: Two) -> None:
    with two.db.transaction(Role.OWNER) as conn:
        rows = conn.execute(
            "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity FROM pg_class c"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'user_id' AND NOT a.attisdropped"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        ).fetchall()
    forced = dict(rows)
    assert set(forced) == {*PERSONAL, "session_lookup"}
    assert all(forced.values())


@pytest.mark.parametrize("table", sorted(set(PERSONAL) - CLOSED_TO_PEOPLE))
def test_a_person_reads_their_own_rows_and_nobody_elses(two: Two, table: str) -> None:
    with two.db.transaction(Role.OWNER) as conn:
        assert {two.ana, two.luis} <= owners(conn, table)
    with two.db.transaction(Role.USER, session_token=two.token) as conn:
        assert owners(conn, table) == {two.ana}


@pytest.mark.parametrize("token", [None, "", "forged"])
@pytest.mark.parametrize("table", sorted(set(PERSONAL) - CLOSED_TO_PEOPLE))
def test_nobody_reads_nothing(two: Two, table: str, token: str | None) -> None:
    with two.db.transaction(Role.USER, session_token=token) as conn:
        assert owners(conn, table) == set()


@pytest.mark.parametrize("table", sorted(CLOSED_TO_PEOPLE))
def test_tables_of_the_machinery_are_closed_to_people(two: Two, table: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege), two.db.transaction(Role.USER, session_token=two.token) as conn:
        owners(conn, table)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.ANALYST, Role.SIGN_IN])
@pytest.mark.parametrize("table", sorted(PRIVATE))
def test_no_admin_and_no_analyst_reads_private_rows(two: Two, table: str, role: Role) -> None:
    with pytest.raises(errors.InsufficientPrivilege), two.db.transaction(role) as conn:
        owners(conn, table)


def test_an_admin_reads_usage_and_people_but_not_their_private_columns(two: Two) -> None:
    with two.db.transaction(Role.ADMIN) as conn:
        assert owners(conn, "usage_logs") == {two.ana, two.luis}
        assert len(conn.execute("SELECT email, role FROM users").fetchall()) == 2
    with pytest.raises(errors.InsufficientPrivilege), two.db.transaction(Role.ADMIN) as conn:
        conn.execute("SELECT personality_profile FROM users")


def test_an_admin_sees_usage_batches_only(two: Two) -> None:
    with two.db.transaction(Role.OWNER) as conn:
        conn.execute(
            "INSERT INTO ingest_batches (domain, source_file, format, format_version, content_sha256)"
            " VALUES ('usage', 'u.jsonl', 'cauce-usage-jsonl', 1, 'u')"
        )
    with two.db.transaction(Role.ADMIN) as conn:
        assert conn.execute("SELECT DISTINCT domain FROM ingest_batches").fetchall() == [("usage",)]
        assert conn.execute("SELECT count(*) FROM quarantined_rows").fetchone() == (0,)


def test_an_analyst_reads_nothing_of_the_operational_schema_but_the_publications(two: Two) -> None:
    with two.db.transaction(Role.ANALYST) as conn:
        readable = conn.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')"
            " AND (has_table_privilege(oid, 'SELECT') OR has_any_column_privilege(oid, 'SELECT'))"
        ).fetchall()
    assert {row[0] for row in readable} == {"publications", "publication_status"}


def test_an_analyst_cannot_write_even_what_was_granted(two: Two) -> None:
    with pytest.raises(errors.ReadOnlySqlTransaction), two.db.transaction(Role.ANALYST) as conn:
        conn.execute("CREATE TEMPORARY TABLE t (x int)")


@pytest.mark.parametrize(
    "table", ["financial_accounts", "transactions", "budgets", "medications", "medication_logs", "health_measurements"]
)
def test_a_batch_touches_only_the_person_it_names(two: Two, table: str) -> None:
    with two.db.transaction(Role.INGEST, tenant=two.ana) as conn:
        assert owners(conn, table) == {two.ana}
        touched = conn.execute(
            sql.SQL("UPDATE {} SET batch_id = NULL WHERE user_id = %s").format(sql.Identifier(table)), (two.luis,)
        )
        assert touched.rowcount == 0
    with two.db.transaction(Role.INGEST) as conn:
        assert owners(conn, table) == set()


def test_a_batch_cannot_write_another_persons_row(two: Two) -> None:
    insert = STATEMENTS["budgets"].replace("'x', 'x', 1", "'y', 'y', 1").replace("%(id)s, (", "uuidv7(), (")
    with two.db.transaction(Role.INGEST, tenant=two.ana) as conn:
        conn.execute(insert.encode(), {"person": two.ana, "id": two.ana})
    profile = "(SELECT id FROM financial_profiles WHERE user_id = %(person)s)"
    with pytest.raises(errors.InsufficientPrivilege), two.db.transaction(Role.INGEST, tenant=two.ana) as conn:
        conn.execute(insert.replace(profile, "%(person)s").encode(), {"person": two.luis, "id": two.luis})


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE transactions SET account_id = %(luis)s WHERE user_id = %(ana)s", "financial_accounts"),
        ("UPDATE conversations SET chat_session_id = %(luis)s WHERE user_id = %(ana)s", "chat_sessions"),
        ("UPDATE usage_logs SET conversation_id = %(luis)s WHERE user_id = %(ana)s", "conversations"),
        ("UPDATE messages SET conversation_id = %(luis)s WHERE user_id = %(ana)s", "conversations"),
        ("UPDATE medication_logs SET medication_id = %(luis)s WHERE user_id = %(ana)s", "medications"),
        ("UPDATE artifacts SET conversation_id = %(luis)s WHERE user_id = %(ana)s", "conversations"),
        ("UPDATE document_chunks SET document_id = %(luis)s WHERE user_id = %(ana)s", "rag_documents"),
        ("UPDATE mcp_sync_logs SET integration_id = %(luis)s WHERE user_id = %(ana)s", "mcp_integrations"),
        ("UPDATE storage_files SET folder_id = %(luis)s WHERE user_id = %(ana)s", "storage_folders"),
        ("UPDATE file_shares SET file_id = %(luis)s WHERE user_id = %(ana)s", "storage_files"),
        ("UPDATE support_messages SET ticket_id = %(luis)s WHERE user_id = %(ana)s", "support_tickets"),
    ],
)
def test_a_row_cannot_point_at_another_persons(two: Two, statement: str, constraint: str) -> None:
    people = {"ana": two.ana, "luis": two.luis}
    with two.db.transaction(Role.OWNER) as conn:
        own = conn.execute(statement.replace("luis", "ana").encode(), people)
        assert own.rowcount == 1
    with pytest.raises(errors.ForeignKeyViolation, match=constraint), two.db.transaction(Role.OWNER) as conn:
        conn.execute(statement.encode(), people)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE users SET role = 'ADMIN'",
        "UPDATE users SET email = 'x@example.com'",
        "INSERT INTO auth_sessions (user_id, session_token, expires, idle_expires) VALUES (uuidv7(), 'x', now(), now())",
        "SELECT * FROM verification_tokens",
        "SELECT request_sign_in('luis@example.com', 'x', '1 hour')",
        "SELECT recount_usage(ARRAY[]::uuid[])",
        "UPDATE usage_logs SET total_cost = 0",
        "SET ROLE cauce_owner",
        "SET SESSION AUTHORIZATION cauce_owner",
        "ALTER TABLE users DISABLE ROW LEVEL SECURITY",
        "CREATE TABLE public.x (y int)",
    ],
)
def test_a_person_cannot_reach_above_themselves(two: Two, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege), two.db.transaction(Role.USER, session_token=two.token) as conn:
        conn.execute(statement.encode())


def test_naming_another_person_in_the_session_setting_is_nobody(two: Two) -> None:
    for forged in (str(two.luis), "luis@example.com", two.token[:-1], two.token + " "):
        with two.db.transaction(Role.USER, session_token=forged) as conn:
            assert owners(conn, "transactions") == set()


def test_a_person_changes_their_own_settings_only(two: Two) -> None:
    with two.db.transaction(Role.USER, session_token=two.token) as conn:
        assert conn.execute("UPDATE users SET display_name = 'Ana'").rowcount == 1
        assert conn.execute("UPDATE user_settings SET theme = 'dark'").rowcount == 1


def test_deleting_a_person_takes_their_rows_and_nobody_elses(db: Database, make_person: Callable[..., UUID]) -> None:
    ana, luis = make_person("ana@example.com"), make_person("luis@example.com")
    for person in (ana, luis):
        with db.transaction(Role.OWNER) as conn:
            fill(conn, person)
    with db.transaction(Role.OWNER) as conn:
        conn.execute("DELETE FROM users WHERE id = %s", (ana,))
        for table in PERSONAL:
            assert ana not in owners(conn, table)
            if table != "auth_sessions":
                assert luis in owners(conn, table)
