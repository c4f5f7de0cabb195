"""Isolation beyond privileges and policies (tests/migrations/access): real connections, and what goes with a person."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import psycopg
import pytest
from psycopg import errors, sql

from cauce.database import Database, Role
from tests.conftest import make_person_in, sign_in_to
from tests.migrations.rows import fill

CARRIERS = """
SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'user_id' AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
"""


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


def test_an_analyst_cannot_write_even_what_was_granted(two: Two) -> None:
    with pytest.raises(errors.ReadOnlySqlTransaction), two.db.transaction(Role.ANALYST) as conn:
        conn.execute("CREATE TEMPORARY TABLE t (x int)")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE users SET role = 'ADMIN'",
        "SELECT * FROM verification_tokens",
        "SELECT request_sign_in('luis@example.com', 'x', '1 hour')",
        "SET ROLE cauce_owner",
        "SET SESSION AUTHORIZATION cauce_owner",
        "SET session_replication_role = replica",
        "ALTER TABLE users DISABLE ROW LEVEL SECURITY",
        "CREATE TABLE public.x (y int)",
        "CREATE TEMPORARY TABLE users (id uuid)",
    ],
)
def test_a_person_cannot_reach_above_themselves(two: Two, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege), two.db.transaction(Role.USER, session_token=two.token) as conn:
        conn.execute(statement.encode())


def test_naming_another_person_in_the_session_setting_is_nobody(two: Two) -> None:
    with two.db.transaction(Role.USER, session_token=two.token) as conn:
        assert owners(conn, "transactions") == {two.ana}
    for forged in (str(two.luis), "luis@example.com", two.token[:-1], two.token + " "):
        with two.db.transaction(Role.USER, session_token=forged) as conn:
            assert owners(conn, "transactions") == set()


def test_deleting_a_person_takes_their_rows_and_nobody_elses(db: Database, make_person: Callable[..., UUID]) -> None:
    ana, luis = make_person("ana@example.com"), make_person("luis@example.com")
    for person in (ana, luis):
        with db.transaction(Role.OWNER) as conn:
            fill(conn, person)
    with db.transaction(Role.OWNER) as conn:
        tables = [row[0] for row in conn.execute(CARRIERS).fetchall()]
        before = {table: owners(conn, table) for table in tables}
        assert sum(ana in people for people in before.values()) > len(tables) / 2
        conn.execute("DELETE FROM users WHERE id = %s", (ana,))
        assert {table: owners(conn, table) for table in tables} == {t: people - {ana} for t, people in before.items()}
