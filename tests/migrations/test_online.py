"""Migrating under load: with a million usage rows and people at work, no statement of theirs waits long or fails."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread, Timer
from uuid import UUID

import psycopg
import pytest

from cauce.database import Database, Role
from cauce.database.migrations import migrate, newest_revision
from tests.conftest import make_person_in, sign_in_to

ROWS = 1_000_000
PEOPLE = 40
LONGEST = 1.0
"""Seconds that a statement may wait for a lock."""

# As a replica, without triggers and foreign keys: the counters are taken from the rows afterwards.
BULK = """
INSERT INTO usage_logs (user_id, id, timestamp, agent_id, source, event_id, model, tokens_input, tokens_output, total_tokens,
  total_cost, local_date)
SELECT people.id, uuidv7(), at, agents.id, 'bulk', i::text, 'm', 7, 3, 10, 0.000525, at::date
FROM (SELECT array_agg(id ORDER BY id) AS ids FROM users) everybody,
  agents,
  generate_series(1, %(rows)s) AS i,
  LATERAL (SELECT everybody.ids[1 + i * %(people)s / (%(rows)s + 1)] AS id) people,
  LATERAL (SELECT date_trunc('month', now()) + make_interval(secs => i * 8) AS at) moment
"""
INDEXES = """
SELECT indexname, replace(indexdef, ' ON ONLY ', ' ON ') FROM pg_indexes WHERE tablename = 'usage_logs' AND indexname LIKE 'ix%'
"""
INSERT = """
INSERT INTO usage_logs (user_id, agent_id, source, event_id, model, tokens_input, tokens_output, total_tokens, total_cost)
SELECT %(person)s, id, 'online', uuidv7()::text, 'm', 7, 3, 10, 0.5 FROM agents
"""
RENAME = "UPDATE users SET display_name = 'x'"
READ = "SELECT sum(total_messages), sum(total_tokens) FROM monthly_usage"
WAITING = """
SELECT extract(epoch FROM clock_timestamp() - l.waitstart)::float8, left(a.query, 80)
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE NOT l.granted AND l.waitstart IS NOT NULL AND a.datname = current_database() AND a.usename <> 'cauce_owner'
"""


@dataclass
class Measured:
    """What people's programs met with."""

    statements: int = 0
    failures: list[str] = field(default_factory=list)
    longest: float = 0.0
    waited: tuple[float, str] = (0.0, "")


@pytest.fixture
def busy(empty_db: Database) -> tuple[Database, list[UUID]]:
    """The schema of the first slice with its people and a million usage rows, counted."""
    migrate(empty_db, "pipeline")
    people = [make_person_in(empty_db, f"p{n}@example.com") for n in range(PEOPLE)]
    with empty_db.transaction(Role.OWNER) as conn:
        conn.execute("INSERT INTO agents (name, slug) VALUES ('A', 'a')")
    with psycopg.connect(empty_db.address.superuser_url, dbname=empty_db.address.name) as conn:
        conn.execute("SET session_replication_role = replica")
        indexes = conn.execute(INDEXES).fetchall()
        for name, _ in indexes:
            conn.execute(f"DROP INDEX {name}")
        conn.execute(BULK, {"rows": ROWS, "people": PEOPLE})
        for _, definition in indexes:  # over all rows at once is faster than row by row
            conn.execute(definition)
        conn.execute("SELECT recount_usage(array_agg(id)) FROM users")
    return empty_db, people


@contextmanager
def at_work(db: Database, people: list[UUID]) -> Iterator[Measured]:
    """Two programs that write, one that reads, and one that watches who waits for a lock."""
    measured, done = Measured(), Event()

    def repeat(act: Callable[[], object]) -> None:
        while not done.is_set():
            began = time.monotonic()
            try:
                act()
            except Exception as error:  # noqa: BLE001 - whatever it was, the test fails with it
                measured.failures.append(repr(error))
            measured.longest = max(measured.longest, time.monotonic() - began)
            measured.statements += 1

    def load(n: int) -> object:
        with db.transaction(Role.INGEST) as conn:
            return conn.execute(INSERT, {"person": people[n]}).rowcount

    def rename() -> None:
        with db.transaction(Role.USER, session_token=session) as conn:
            conn.execute(RENAME)

    def read() -> None:
        with db.transaction(Role.USER, session_token=session) as conn:
            conn.execute(READ)

    def watch() -> None:
        with psycopg.connect(db.address.superuser_url, dbname=db.address.name, autocommit=True) as conn:
            while not done.wait(0.02):
                for waited in conn.execute(WAITING).fetchall():
                    measured.waited = max(measured.waited, waited)

    def write_both() -> None:
        load(0)
        rename()

    session = sign_in_to(db, "p0@example.com")
    acts = [lambda: repeat(lambda: load(0)), lambda: repeat(write_both), lambda: repeat(read), watch]
    threads = [Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    try:
        yield measured
    finally:
        done.set()
        for thread in threads:
            thread.join()


@contextmanager
def report(db: Database, seconds: float) -> Iterator[None]:
    """A long report, which every change of a table that it read has to wait for."""
    with psycopg.connect(db.address.superuser_url, dbname=db.address.name) as conn:
        conn.execute("LOCK TABLE users, usage_logs, monthly_usage, conversations, transactions IN ACCESS SHARE MODE")
        ending = Timer(seconds, conn.rollback)
        ending.start()
        yield
        ending.join()


def test_with_a_million_rows_and_people_at_work_nobody_waits(busy: tuple[Database, list[UUID]]) -> None:
    db, people = busy
    with at_work(db, people) as calm:
        time.sleep(2)
    with at_work(db, people) as migrating, report(db, seconds=2 * LONGEST):
        assert migrate(db) == ("pipeline", newest_revision())
    assert calm.failures == migrating.failures == []
    assert migrating.statements > calm.statements / 10
    assert migrating.waited[0] < LONGEST, migrating.waited
    # Whatever else a statement took is what it took on this machine before.
    assert migrating.longest < LONGEST + calm.longest
