"""Numbers of tickets, and who speaks in them."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from psycopg import errors

from cauce.database import Database, Role
from tests.conftest import make_person_in, sign_in_to

TICKET = "INSERT INTO support_tickets (user_id, title, description, category) VALUES (%s, 'x', 'x', 'BUG')"
SAID = "INSERT INTO support_messages (user_id, ticket_id, content, author_id) SELECT user_id, id, 'x', %s FROM support_tickets"


@pytest.fixture
def ana(db: Database) -> UUID:
    return make_person_in(db, "ana@example.com")


def test_tickets_are_numbered_and_grow_wider_after_the_millionth(db: Database, ana: UUID) -> None:
    with db.transaction(Role.USER, session_token=sign_in_to(db, "ana@example.com")) as conn:
        conn.execute(TICKET, (ana,))
    with db.transaction(Role.OWNER) as conn:
        conn.execute("SELECT setval('support_ticket_numbers', 999998)")
        for _ in range(3):
            conn.execute(TICKET, (ana,))
        numbers = [row[0] for row in conn.execute("SELECT ticket_number FROM support_tickets ORDER BY id").fetchall()]
    assert numbers == ["TICK-000001", "TICK-999999", "TICK-1000000", "TICK-1000001"]


def test_tickets_made_at_once_have_numbers_of_their_own(db: Database, ana: UUID) -> None:
    def ask(_: int) -> None:
        for _ in range(20):
            with db.transaction(Role.OWNER) as conn:
                conn.execute(TICKET, (ana,))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))
    with db.transaction(Role.ADMIN) as conn:
        found = conn.execute(
            "SELECT count(*), count(DISTINCT t.ticket_number), count(DISTINCT l.ticket_number) FROM support_tickets t"
            " JOIN support_ticket_lookup l ON l.user_id = t.user_id AND l.ticket_id = t.id"
        ).fetchone()
    assert found == (80, 80, 80)


def test_a_person_speaks_for_themselves_and_support_for_itself(db: Database, ana: UUID) -> None:
    staff = make_person_in(db, "staff@example.com", role="ADMIN")
    token = sign_in_to(db, "ana@example.com")
    with db.transaction(Role.USER, session_token=token) as conn:
        conn.execute(TICKET, (ana,))
        conn.execute(SAID.encode(), (ana,))
    with db.transaction(Role.ADMIN) as conn:
        conn.execute(
            SAID.replace("author_id)", "author_id, is_staff)").replace("%s FROM", "%s, true FROM").encode(), (staff,)
        )
    for role, author in ((Role.USER, staff), (Role.ADMIN, ana)):
        with (
            pytest.raises((errors.CheckViolation, errors.InsufficientPrivilege)),
            db.transaction(role, session_token=token) as conn,
        ):
            conn.execute(SAID.encode(), (author,))
    with pytest.raises(errors.InsufficientPrivilege), db.transaction(Role.USER, session_token=token) as conn:
        conn.execute("UPDATE support_tickets SET status = 'CLOSED', closed_at = now()")
    with db.transaction(Role.ADMIN) as conn:
        conn.execute(
            "UPDATE support_tickets SET status = 'RESOLVED', resolved_at = now(), assigned_to_id = %s", (staff,)
        )
    with db.transaction(Role.OWNER) as conn:
        conn.execute("DELETE FROM users WHERE id = %s", (staff,))
    with db.transaction(Role.USER, session_token=token) as conn:
        assert conn.execute("SELECT status, assigned_to_id FROM support_tickets").fetchall() == [("RESOLVED", None)]
        assert conn.execute("SELECT count(*) FROM support_messages").fetchone() == (2,)
