"""What people say can be as long as they like, and conversations know how much of it there is."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cauce.database import Database, Role
from tests.conftest import make_person_in
from tests.migrations.rows import fill

PEOPLE = ("ana@example.com", "luis@example.com")
INSTANTS = ["2025-01-31T23:59:59Z", "2025-02-01T00:00:00Z", "2025-03-05T12:00:00Z"]
TALK = """
INSERT INTO messages (user_id, conversation_id, timestamp, role, content, tokens_input, tokens_output)
SELECT c.user_id, c.id, m.at, 'user', 'x', m.i, m.o
FROM unnest(%s::int[], %s::timestamptz[], %s::int[], %s::int[]) WITH ORDINALITY AS m (place, at, i, o, n)
JOIN (SELECT *, row_number() OVER (ORDER BY user_id, id) - 1 AS place FROM conversations) c USING (place)
ORDER BY m.n
"""
COUNTED = "SELECT user_id, id, message_count, token_count FROM conversations ORDER BY 1, 2"
RECOUNT = """
SELECT c.user_id, c.id, count(m.id), coalesce(sum(coalesce(m.tokens_input, 0) + coalesce(m.tokens_output, 0)), 0)
FROM conversations c LEFT JOIN messages m ON m.user_id = c.user_id AND m.conversation_id = c.id
GROUP BY 1, 2 ORDER BY 1, 2
"""
WAITING = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
# Half a person's messages go to the other of their two conversations.
MOVE = """
UPDATE messages m SET conversation_id = c.id FROM conversations c
WHERE c.user_id = m.user_id AND c.id <> m.conversation_id AND coalesce(m.tokens_input, 0) %% 2 = %s %% 2
"""
CHANGES = {
    "delete": "DELETE FROM messages WHERE coalesce(tokens_input, 0) %% 3 = %s",
    "more tokens": "UPDATE messages SET tokens_input = coalesce(tokens_input, 0) + 7 WHERE coalesce(tokens_output, 0) %% 3 = %s",
    "unknown tokens": "UPDATE messages SET tokens_output = NULL WHERE coalesce(tokens_input, 0) %% 3 = %s",
    "other words": "UPDATE messages SET content = 'y' WHERE coalesce(tokens_input, 0) %% 3 = %s",
    "other time": "UPDATE messages SET timestamp = '2025-03-01' WHERE coalesce(tokens_input, 0) %% 3 = %s",
    "other conversation": MOVE,
    "trash": "UPDATE conversations SET deleted_at = now() WHERE message_count %% 3 = %s",
    "conversation gone": "DELETE FROM conversations WHERE message_count = %s AND deleted_at IS NOT NULL",
}
tokens = st.one_of(st.none(), st.integers(0, 1_000_000))
said = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(INSTANTS), tokens, tokens), min_size=1, max_size=6)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("say"), said),
        st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(0, 2)),
    ),
    max_size=10,
)


def prepare(db: Database) -> list[UUID]:
    """Two people with two conversations each, and nothing said in them."""
    people = [make_person_in(db, email) for email in PEOPLE]
    with db.transaction(Role.OWNER) as conn:
        conn.execute("SELECT ensure_month_partitions('2025-01-01', '2025-03-01')")
        for person in people:
            fill(conn, person)
        conn.execute(
            "INSERT INTO conversations (user_id, chat_session_id, agent_id, title)"
            " SELECT user_id, chat_session_id, agent_id, 'y' FROM conversations"
        )
        conn.execute("DELETE FROM messages")
    return people


@pytest.fixture(scope="module")
def people(shared_db: Database) -> list[UUID]:
    return prepare(shared_db)


@pytest.fixture
def conn(shared_db: Database, people: list[UUID]) -> Iterator[psycopg.Connection]:
    """The owner's connection; nothing of the test stays."""
    with shared_db.connect(Role.OWNER) as conn:
        yield conn
        conn.rollback()


def say(conn: psycopg.Connection, *messages: tuple[int, str, int | None, int | None]) -> None:
    """Messages of one statement: the place of the conversation, when, tokens in and out."""
    conn.execute(TALK, tuple(list(column) for column in zip(*messages, strict=True)))


def assert_counted(conn: psycopg.Connection) -> None:
    assert conn.execute(COUNTED).fetchall() == conn.execute(RECOUNT).fetchall()


def recount(conn: psycopg.Connection) -> None:
    conn.execute("SELECT recount_conversations(array_agg(user_id), array_agg(id)) FROM conversations")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_counters_equal_a_recount_after_any_history(
    shared_db: Database, people: list[UUID], steps: list[tuple[str, object]]
) -> None:
    with shared_db.connect(Role.OWNER) as conn:
        for kind, what in steps:
            if isinstance(what, list):
                say(conn, *what)
            else:
                conn.execute(CHANGES[kind].encode(), (what,))
            assert_counted(conn)
        kept = conn.execute(COUNTED).fetchall()
        recount(conn)
        assert conn.execute(COUNTED).fetchall() == kept
        conn.rollback()


def test_eight_writers_of_the_same_conversations_neither_deadlock_nor_miscount(db: Database) -> None:
    prepare(db)

    def write(worker: int) -> None:
        order = range(4) if worker % 2 else range(3, -1, -1)
        with db.connect(Role.OWNER) as conn:
            for turn in range(12):
                say(conn, *((place, INSTANTS[turn % 3], worker, turn) for place in order))
                conn.commit()
                conn.execute("UPDATE messages SET tokens_output = 5 WHERE tokens_input = %s", (worker,))
                conn.commit()
                conn.execute(f"{MOVE} AND m.tokens_input = %s".encode(), (worker, worker))
                conn.commit()
                if turn % 4 == 3:
                    conn.execute("DELETE FROM messages WHERE tokens_input = %s", (worker,))
                    conn.commit()
                    recount(conn)
                    conn.commit()
                    say(conn, *((place, INSTANTS[0], worker, None) for place in order))
                    conn.commit()

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(write, worker) for worker in range(8)]:
            future.result(timeout=60)
    with db.transaction(Role.OWNER) as conn:
        assert conn.execute("SELECT count(*) FROM messages").fetchone() == (8 * 4,)
        assert_counted(conn)


def test_recount_repairs_what_was_meddled_with_and_only_that(conn: psycopg.Connection) -> None:
    say(conn, (0, INSTANTS[0], 5, None), (1, INSTANTS[1], 7, 1), (1, INSTANTS[2], None, None), (3, INSTANTS[0], 2, 2))
    conn.execute("UPDATE conversations SET message_count = 99, token_count = 0")
    one, *others = conn.execute("SELECT user_id, id FROM conversations ORDER BY 1, 2").fetchall()
    conn.execute("SELECT recount_conversations(ARRAY[%s::uuid], ARRAY[%s::uuid])", one)
    counts = [row[2:] for row in conn.execute(COUNTED).fetchall()]
    assert counts == [(1, 5), *[(99, 0)] * len(others)]
    recount(conn)
    assert_counted(conn)


def test_a_repair_counts_what_a_writer_it_waited_for_has_written(db: Database) -> None:
    prepare(db)
    with (
        db.connect(Role.OWNER) as writer,
        db.connect(Role.OWNER, autocommit=True) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        other.execute("UPDATE conversations SET message_count = 99")
        say(writer, (0, INSTANTS[0], 5, None))
        repair = pool.submit(recount, other)
        while writer.execute(WAITING).fetchone() is None:
            assert not repair.done()
        writer.commit()
        repair.result(timeout=30)
        assert_counted(writer)


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
