"""A migration killed at any moment, and run again, ends in the schema of one that was not."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from signal import SIGKILL
from typing import Literal

import psycopg
import pytest

from cauce.database import Database, Role
from cauce.database.migrations import newest_revision
from cauce.database.roles import ensure_roles
from cauce.database.server import EmbeddedServer
from cauce.settings import Settings
from tests.migrations.catalog import WHOLE, read

# The nth statement of a migration that changes the schema stands still, until somebody is killed.
STAND_STILL = """
CREATE SCHEMA halt;
GRANT USAGE ON SCHEMA halt TO PUBLIC;
CREATE SEQUENCE halt.statements;
GRANT USAGE ON SEQUENCE halt.statements TO PUBLIC;
CREATE FUNCTION halt.wait() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
  IF nextval('halt.statements') = current_setting('halt.at')::bigint THEN PERFORM pg_sleep(60); END IF;
END $$;
CREATE EVENT TRIGGER halt ON ddl_command_end EXECUTE FUNCTION halt.wait();
"""
STANDING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
AT = (1, 40, 160, 40, 90, 250)
"""Which statement of each attempt is the last; what was committed before it stays."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Database]:
    """An installation with a server of its own, whose migrations stand still where they are told to."""
    database = Database.from_settings(Settings(home=tmp_path, durable=False, database_url=None))
    ensure_roles(database.address.superuser_url, database.address.name, database.secrets)
    with superuser(database) as conn:
        conn.execute(STAND_STILL)
        conn.execute("ALTER DATABASE cauce SET client_connection_check_interval = '50ms'")  # see at once who is gone
        conn.execute("ALTER DATABASE cauce SET halt.at = 0")
    yield database
    database.close()
    EmbeddedServer(tmp_path).stop(mode="immediate")


def superuser(database: Database) -> psycopg.Connection:
    return psycopg.connect(database.address.superuser_url, dbname=database.address.name, autocommit=True)


def start_migration(home: Path) -> subprocess.Popen[str]:
    environment = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    return subprocess.Popen(
        [sys.executable, "-m", "cauce", "migrate"],
        cwd=Path(__file__).parents[2],
        env={**environment, "CAUCE_HOME": str(home), "CAUCE_DURABLE": "false"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def kill_at(database: Database, statement: int, whom: Literal["client", "server"]) -> None:
    """Start a migration, and kill one side of it when it has come to its nth statement."""
    with superuser(database) as conn:
        conn.execute(f"ALTER DATABASE cauce SET halt.at = {statement}".encode())
        conn.execute("SELECT setval('halt.statements', 1, false)")
        with start_migration(database.settings.home) as process:
            deadline = time.monotonic() + 60
            while conn.execute(STANDING).fetchone() is None:
                assert process.poll() is None, process.communicate()[0]
                assert time.monotonic() < deadline, "the migration never came to its statement"
                time.sleep(0.01)
            if whom == "client":
                process.kill()
                while conn.execute(STANDING).fetchone() is not None:
                    assert time.monotonic() < deadline, "the server still works for a client that is gone"
                    time.sleep(0.01)
            else:
                postmaster = EmbeddedServer(database.settings.home).status().pid
                assert postmaster is not None
                os.kill(postmaster, SIGKILL)
                said = process.communicate()[0]
                assert process.returncode != 0
                assert "Traceback" not in said


def test_killed_again_and_again_a_migration_ends_in_the_same_schema(db: Database, house: Database) -> None:
    database = house
    for attempt, statement in enumerate(AT):
        kill_at(database, statement, "server" if attempt % 2 else "client")
        database.close()
        database = Database.from_settings(house.settings)  # the port may be another after a crash
    with superuser(database) as conn:
        reached = conn.execute("SELECT version_num FROM alembic_version").fetchone()
        assert reached != (newest_revision(),), "the last attempt was not killed in the middle"
        conn.execute("ALTER DATABASE cauce SET halt.at = 0")
    with start_migration(database.settings.home) as process:
        said = process.communicate()[0]
    assert process.returncode == 0, said
    with superuser(database) as conn:
        conn.execute("DROP EVENT TRIGGER halt")
        conn.execute("DROP SCHEMA halt CASCADE")
    with database.transaction(Role.OWNER) as conn:
        found = read(conn, WHOLE)
    database.close()
    with db.transaction(Role.OWNER) as conn:
        calm = read(conn, WHOLE)
    for part, rows in calm.items():
        assert found[part] == rows, part
