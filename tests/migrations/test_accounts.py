"""Invitations replace each other, and an account with a provider opens one person."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest
from psycopg import errors

from cauce.database import Database, Role
from tests.conftest import make_person_in

ACCOUNT = "INSERT INTO accounts (user_id, type, provider, provider_account_id) VALUES (%s, 'oidc', 'google', %s)"


@pytest.fixture(scope="module")
def ana(shared_db: Database) -> UUID:
    return make_person_in(shared_db)


def invite(conn: psycopg.Connection, email: str, letter: str, lifetime: str = "7 days", by: UUID | None = None) -> None:
    conn.execute(
        "INSERT INTO invitations (email, token, role, created_at, expires_at, invited_by)"
        " VALUES (%s, repeat(%s, 64), 'GUEST', now() - interval '1 month', now() + %s::interval, %s)",
        (email, letter, lifetime, by),
    )


def statuses(db: Database, email: str) -> list[str]:
    with db.transaction(Role.OWNER) as conn:
        rows = conn.execute(
            "SELECT status FROM invitations WHERE lower(email) = %s ORDER BY token", (email,)
        ).fetchall()
    return [row[0] for row in rows]


def test_a_new_invitation_cancels_the_pending_one_and_leaves_ended_ones(shared_db: Database) -> None:
    with shared_db.transaction(Role.OWNER) as conn:
        invite(conn, "eva@example.com", "1", "-1 day")
        invite(conn, "Eva@example.com", "2")
        invite(conn, "EVA@example.com", "3")
        invite(conn, "luz@example.com", "4")
    assert statuses(shared_db, "eva@example.com") == ["EXPIRED", "CANCELLED", "PENDING"]
    assert statuses(shared_db, "luz@example.com") == ["PENDING"]


def test_two_invitations_at_once_leave_one_pending(shared_db: Database) -> None:
    with shared_db.connect(Role.OWNER) as first, shared_db.connect(Role.OWNER) as second, ThreadPoolExecutor(1) as pool:
        invite(first, "pia@example.com", "5")
        waiting = pool.submit(invite, second, "pia@example.com", "6")
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.3)
        first.commit()
        waiting.result(timeout=10)
        second.commit()
    assert statuses(shared_db, "pia@example.com") == ["CANCELLED", "PENDING"]


def test_an_invitation_stays_when_its_author_goes(shared_db: Database) -> None:
    author = make_person_in(shared_db, "author@example.com")
    with shared_db.transaction(Role.OWNER) as conn:
        invite(conn, "sol@example.com", "7", by=author)
        conn.execute("DELETE FROM users WHERE id = %s", (author,))
    assert statuses(shared_db, "sol@example.com") == ["PENDING"]


def test_an_account_of_a_provider_opens_one_person_until_it_is_let_go(shared_db: Database, ana: UUID) -> None:
    luis = make_person_in(shared_db, "luis@example.com")
    with shared_db.transaction(Role.OWNER) as conn:
        conn.execute(ACCOUNT, (luis, "sub-1"))
    with pytest.raises(errors.UniqueViolation, match="pk_account_lookup"), shared_db.transaction(Role.OWNER) as conn:
        conn.execute(ACCOUNT, (ana, "sub-1"))
    with shared_db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE accounts SET provider_account_id = 'sub-2' WHERE user_id = %s", (luis,))
        conn.execute(ACCOUNT, (ana, "sub-1"))
        conn.execute("DELETE FROM users WHERE id = %s", (luis,))
        assert conn.execute("SELECT provider_account_id, user_id FROM account_lookup").fetchall() == [("sub-1", ana)]
