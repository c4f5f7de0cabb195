import pytest
from alembic import command
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from cauce.database import Database, Role
from cauce.database.migrations import migrate, migration_config, newest_revision
from cauce.errors import FatalError, RetriableError
from cauce.models import Base
from tests.migrations.catalog import DESCRIBED, INDEXES, WHOLE, read


def test_the_models_alone_make_the_same_tables_checks_and_indexes(db: Database, empty_db: Database) -> None:
    """Alembic does not compare CHECKs; the server's own words for them do."""
    engine = create_engine(empty_db.url(Role.OWNER, driver="psycopg"), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("CREATE EXTENSION btree_gist WITH SCHEMA pg_catalog"))  # exclusion constraints want it
        Base.metadata.create_all(connection)
    with db.transaction(Role.OWNER) as conn:
        migrated = read(conn, DESCRIBED)
    with empty_db.transaction(Role.OWNER) as conn:
        described = read(conn, DESCRIBED)
    for part, rows in described.items():
        assert rows == migrated[part], part


def test_up_down_up_ends_equal_and_down_leaves_nothing(db: Database) -> None:
    engine = create_engine(db.url(Role.OWNER, driver="psycopg"), poolclass=NullPool)
    with db.transaction(Role.OWNER) as conn:
        before = read(conn, WHOLE)
    with engine.connect() as connection:
        command.downgrade(migration_config(connection), "base")
        connection.commit()
        left = connection.execute(
            text(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'alembic%'"
                " UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            )
        ).all()
    assert left == []
    migrate(db)
    with db.transaction(Role.OWNER) as conn:
        after = read(conn, WHOLE)
    for part, rows in after.items():
        assert rows == before[part], part


def test_migrating_twice_changes_nothing(db: Database) -> None:
    assert migrate(db) == (newest_revision(), newest_revision())


def test_a_migration_that_cannot_get_its_lock_gives_up_and_keeps_nothing(db: Database) -> None:
    engine = create_engine(db.url(Role.OWNER, driver="psycopg"), poolclass=NullPool)
    with engine.connect() as connection:
        command.downgrade(migration_config(connection), "health")
        connection.commit()
    with db.connect(Role.OWNER) as reader:
        reader.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(RetriableError, match="could not get its lock"):
            migrate(db, patience=0.5)
    assert migrate(db) == ("health", newest_revision())


def test_an_index_that_a_killed_migration_left_is_made_anew(db: Database) -> None:
    engine = create_engine(db.url(Role.OWNER, driver="psycopg"), poolclass=NullPool)
    with db.transaction(Role.OWNER) as conn:
        before = read(conn, {"indexes": INDEXES})
    with engine.connect() as connection:
        command.downgrade(migration_config(connection), "records")
        connection.commit()
    with db.transaction(Role.OWNER) as conn:
        conn.execute("CREATE INDEX ix_transactions_user_id_recurring_payment_id ON transactions (user_id)")
    migrate(db)
    with db.transaction(Role.OWNER) as conn:
        assert read(conn, {"indexes": INDEXES}) == before


def test_old_rows_are_held_against_new_constraints_after_their_revision(db: Database) -> None:
    with db.transaction(Role.OWNER) as conn:
        conn.execute("INSERT INTO agents (name, slug) VALUES ('x', 'x')")
        conn.execute("ALTER TABLE agents ADD CONSTRAINT named CHECK (name <> 'x') NOT VALID")
    with pytest.raises(FatalError, match="named"):
        migrate(db)
    with db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE agents SET name = 'y'")
    migrate(db)
    with db.transaction(Role.OWNER) as conn:
        validated = conn.execute("SELECT convalidated FROM pg_constraint WHERE conname = 'named'").fetchone()
    assert validated == (True,)


def test_partitions_are_made_ahead_once_and_cannot_be_read_around_their_parent(db: Database) -> None:
    with db.transaction(Role.OWNER) as conn:
        made = conn.execute("SELECT ensure_month_partitions('2024-11-15', '2025-02-01')").fetchone()
        again = conn.execute("SELECT ensure_month_partitions('2024-11-15', '2025-02-01')").fetchone()
        open_ones = conn.execute(
            "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'"
            " AND (NOT relrowsecurity OR NOT relforcerowsecurity OR relacl IS NOT NULL)"
        ).fetchall()
    assert (made, again) == ((8,), (0,))  # four months of messages and of usage_logs
    assert open_ones == []
