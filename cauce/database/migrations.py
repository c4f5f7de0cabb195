"""Bringing a database to the newest revision."""

import itertools
import random
import re
import time
from collections.abc import Iterator
from io import StringIO

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection

from cauce.database import locks
from cauce.database.database import Database
from cauce.database.roles import Role, ensure_roles
from cauce.errors import FatalError, RetriableError
from cauce.security.keyring import ensure_first_key, stored_keys, unwrap
from cauce.settings import PROJECT

MONTHS_AHEAD = 3
"""Month partitions that are always ready before anybody needs them."""
PATIENCE = 60.0
"""Seconds in which revisions are tried again that do not get their locks."""
LONGEST_PAUSE = 2.0
BRIEF = "SET lock_timeout = '200ms'; SET statement_timeout = '10s'"
"""In a revision's transaction: it keeps others out of the tables it changes."""
PATIENT = "SET lock_timeout = '1min'; SET statement_timeout = '1h'"
"""Of an index made concurrently and of a validation: neither they nor their waiting keep anybody out."""
UNVALIDATED = """
SELECT format('ALTER TABLE %s VALIDATE CONSTRAINT %I', conrelid::regclass, conname)
FROM pg_constraint
WHERE NOT convalidated AND connamespace = 'public'::regnamespace AND conparentid = 0 AND coninhcount = 0
ORDER BY conrelid::regclass::text, conname
"""


def migration_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without a file: the scripts of this checkout and the connection to run on."""
    config = Config()
    config.set_main_option("script_location", str(PROJECT / "migrations").replace("%", "%%"))
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def migrate(database: Database, revision: str = "head", *, patience: float = PATIENCE) -> tuple[str | None, str | None]:
    """Make roles and database where missing and run the revisions up to `revision`; gives (before, after).

    A revision that does not get its locks at once is rolled back and tried again, for `patience` seconds in all. With
    the newest revision comes the first key to seal with.
    Raises `RetriableError` when it has not got them by then: nothing of that revision is kept.
    """
    _require_same_secret(database)
    ensure_roles(database.address.superuser_url, database.address.name, database.secrets)
    with database.lock("migrate"), database.connect(Role.OWNER, autocommit=True) as conn:
        before = current_revision(conn)
        deadline = time.monotonic() + patience
        for pause in _pauses():
            try:
                if current_revision(conn) not in (None, newest_revision()):
                    _let_go_of_columns(database)
                for script in _pending(conn, revision):
                    _run(conn, emitted_sql(script))
                _validate(conn)
                conn.execute(BRIEF)
                conn.execute(
                    "SELECT ensure_month_partitions(now(), now() + make_interval(months => %s))", (MONTHS_AHEAD,)
                )
                break
            except psycopg.Error as error:
                conn.rollback()
                if not isinstance(error, locks.HELD_UP) or time.monotonic() + pause > deadline:
                    raise _migration_error(error) from error
            time.sleep(pause)
        if revision == "head":
            _count_old_usage(conn)
            with database.transaction(Role.OWNER) as owner:
                ensure_first_key(owner, database.secrets)
        return before, current_revision(conn)


def _count_old_usage(conn: psycopg.Connection) -> None:
    """Recount the months that are older than their columns, a person at a time: nobody's events wait for it long."""
    conn.execute(PATIENT)
    people = conn.execute("SELECT DISTINCT user_id FROM monthly_usage WHERE agent_usage IS NULL").fetchall()
    for (person,) in people:
        conn.execute("SELECT recount_usage(ARRAY[%s])", (person,))


def emitted_sql(script: Script) -> str:
    """The SQL of a revision, as Alembic emits it without a database: what is linted is what runs."""
    config = migration_config()
    config.output_buffer = StringIO()
    command.upgrade(config, f"{script.down_revision or 'base'}:{script.revision}", sql=True)
    # Alembic's own table outlives a downgrade to nothing.
    return config.output_buffer.getvalue().replace(
        "CREATE TABLE alembic_version", "CREATE TABLE IF NOT EXISTS alembic_version"
    )


def _pending(conn: psycopg.Connection, revision: str) -> list[Script]:
    scripts = ScriptDirectory.from_config(migration_config())
    return list(scripts.iterate_revisions(revision, current_revision(conn) or "base"))[::-1]


def _run(conn: psycopg.Connection, sql: str) -> None:
    """Send each transaction at once: its locks are held for as long as the server works, and no round trip longer.

    What stands outside of transactions, such as an index made concurrently, goes statement by statement.
    """
    for part in re.split(r"^(BEGIN;\n.*?^COMMIT;)$", sql, flags=re.MULTILINE | re.DOTALL):
        inside = part.startswith("BEGIN;")
        conn.execute(BRIEF if inside else PATIENT)
        for statement in [part] if inside else part.split(";\n\n"):
            if statement.strip():
                conn.execute(statement.encode())


def _validate(conn: psycopg.Connection) -> None:
    """Hold old rows against the constraints that revisions added; readers and writers go on meanwhile.

    Adding the constraint and reading the table in one transaction would shut the table for as long as it takes.
    """
    conn.execute(PATIENT)
    for (statement,) in conn.execute(UNVALIDATED).fetchall():
        conn.execute(statement.encode())


def _require_same_secret(database: Database) -> None:
    """Refuse another secret before the roles' passwords are changed to it: nothing that is sealed would open."""
    try:
        with psycopg.connect(database.address.superuser_url, dbname=database.address.name) as conn:
            if conn.execute("SELECT to_regclass('public.encryption_keys') IS NOT NULL").fetchone() == (True,):
                for key in stored_keys(conn):
                    unwrap(database.secrets, key)
    except (psycopg.OperationalError, psycopg.errors.InsufficientPrivilege):
        return  # no such database yet, or none of ours


def _pauses() -> Iterator[float]:
    """Seconds between attempts: longer each time, and never in step with whoever holds the lock."""
    for attempt in itertools.count():
        yield min(0.1 * 2**attempt, LONGEST_PAUSE) * random.uniform(0.5, 1)  # noqa: S311 - no secret


def current_revision(conn: psycopg.Connection) -> str | None:
    """The revision the database is at; None before the first."""
    if conn.execute("SELECT to_regclass('public.alembic_version') IS NULL").fetchone() == (True,):
        return None
    row = conn.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


def newest_revision() -> str | None:
    """The newest revision of this checkout."""
    return ScriptDirectory.from_config(migration_config()).get_current_head()


def _let_go_of_columns(database: Database) -> None:
    """Drop the warehouse's staging views, which would keep a column from changing; the next build makes them again."""
    with database.transaction(Role.TRANSFORM) as conn:
        conn.execute("SET LOCAL lock_timeout = '200ms'")
        conn.execute("DROP SCHEMA IF EXISTS staging CASCADE")


def _migration_error(cause: psycopg.Error) -> FatalError | RetriableError:
    detail = str(cause).strip().splitlines()[0]
    if isinstance(cause, (*locks.HELD_UP, psycopg.errors.QueryCanceled)):
        return RetriableError(
            f"a migration could not get its lock in time: {detail}",
            action="run `cauce migrate` again when it is quieter",
        )
    return FatalError(
        f"a migration failed, and what it had not finished was rolled back: {detail}",
        action="run `cauce doctor`, then try again",
    )
