"""What people say can be as long as they like."""

from cauce.database import Database, Role
from tests.conftest import make_person_in
from tests.migrations.rows import fill


def test_a_message_of_two_megabytes_of_different_words_can_be_inserted(db: Database) -> None:
    ana = make_person_in(db, "ana@example.com")
    content = " ".join(f"palabra{n}" for n in range(160_000))
    with db.transaction(Role.OWNER) as conn:
        fill(conn, ana)
        conn.execute(
            "INSERT INTO messages (user_id, conversation_id, role, content) VALUES (%s, %s, 'user', %s)",
            (ana, ana, content),
        )
        assert conn.execute("SELECT max(length(content)) FROM messages").fetchone() == (len(content),)
    assert len(content) > 2_000_000
