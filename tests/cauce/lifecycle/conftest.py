"""Two people with everything that people can have."""

from uuid import UUID

import pytest

from cauce.database import Database, Role
from tests.cauce.lifecycle.canaries import BROWSER, EMAIL, NETWORK
from tests.cauce.lifecycle.usage import OLD, add_usage
from tests.conftest import make_person_in, sign_in_to
from tests.migrations.rows import fill


@pytest.fixture
def two(db: Database) -> tuple[Database, UUID, UUID]:
    """Ana and Luis with a row in every table, calls of a month long ago, a link, an invitation and a session each."""
    ana, luis = make_person_in(db, EMAIL), make_person_in(db, "luis@example.com")
    for person, email in ((ana, EMAIL), (luis, "luis@example.com")):
        with db.transaction(Role.OWNER) as conn:
            fill(conn, person)
            conn.execute("INSERT INTO agents (name, slug) VALUES ('B', 'b') ON CONFLICT DO NOTHING")
            add_usage(conn, person, OLD)
            conn.execute("SELECT request_sign_in(%s, %s, '1 hour')", (email, f"{person.hex}{person.hex}"))
            conn.execute(
                "INSERT INTO invitations (email, token, role) VALUES (%s, %s, 'USER')",
                (email.upper(), f"{person.hex[::-1]}{person.hex}"),
            )
    sign_in_to(db, EMAIL, ip=f"{NETWORK}:1", user_agent=BROWSER)
    sign_in_to(db, "luis@example.com", ip="192.0.2.7", user_agent="Luis")
    with db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE document_chunks SET vector_id = 'v-' || md5(user_id::text)")
        conn.execute("DELETE FROM vector_deletions")  # what was replaced names the person
    return db, ana, luis
