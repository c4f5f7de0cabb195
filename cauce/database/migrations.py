"""Bringing a database to the newest revision."""

import itertools
import random
import time
from collections.abc import Iterator

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

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
HELD_UP = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)


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
    engine = create_engine(database.url(Role.OWNER, driver="psycopg"), poolclass=NullPool)
    with database.lock("migrate"), engine.connect() as connection:
        before = current_revision(connection)
        deadline = time.monotonic() + patience
        for pause in _pauses():
            try:
                if current_revision(connection) not in (None, newest_revision()):
                    _let_go_of_columns(database)
                command.upgrade(migration_config(connection), revision)
                connection.execute(
                    text("SELECT ensure_month_partitions(now(), now() + make_interval(months => :months))"),
                    {"months": MONTHS_AHEAD},
                )
                connection.commit()
                break
            except (DBAPIError, psycopg.Error) as error:
                connection.rollback()
                cause = error.orig if isinstance(error, DBAPIError) else error
                if not isinstance(cause, HELD_UP) or time.monotonic() + pause > deadline:
                    raise _migration_error(cause) from error
            time.sleep(pause)
        if revision == "head":
            with database.transaction(Role.OWNER) as conn:
                ensure_first_key(conn, database.secrets)
        return before, current_revision(connection)


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


def current_revision(connection: Connection) -> str | None:
    """The revision the database is at; None before the first."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str | None:
    """The newest revision of this checkout."""
    return ScriptDirectory.from_config(migration_config()).get_current_head()


def _let_go_of_columns(database: Database) -> None:
    """Drop the warehouse's staging views, which would keep a column from changing; the next build makes them again."""
    with database.transaction(Role.TRANSFORM) as conn:
        conn.execute("SET LOCAL lock_timeout = '200ms'")
        conn.execute("DROP SCHEMA IF EXISTS staging CASCADE")


def _migration_error(cause: BaseException | None) -> FatalError | RetriableError:
    detail = str(cause).strip().splitlines()[0]
    if isinstance(cause, (*HELD_UP, psycopg.errors.QueryCanceled)):
        return RetriableError(
            f"a migration could not get its lock in time: {detail}",
            action="run `cauce migrate` again when it is quieter",
        )
    return FatalError(
        f"a migration failed, and what it had not finished was rolled back: {detail}",
        action="run `cauce doctor`, then try again",
    )
