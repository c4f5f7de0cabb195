"""Alembic's environment: migrations run as `cauce_owner`, on a connection the caller hands over.

Each revision is one transaction. A lock that cannot be had at once is not waited for: whoever waits for a table makes
every statement that comes after it wait, too. `cauce.database.migrations` tries the revision again.
"""

from alembic import context
from sqlalchemy import Connection, text

from cauce.models import Base

BRIEF = "SET lock_timeout = '200ms'", "SET statement_timeout = '10s'"
"""Of a revision: it keeps others out of the tables it changes."""
PATIENT = "SET lock_timeout = '1min'", "SET statement_timeout = '1h'"
"""Of a validation: neither it nor its waiting keeps anybody out."""

UNVALIDATED = """
SELECT format('ALTER TABLE %s VALIDATE CONSTRAINT %I', conrelid::regclass, conname)
FROM pg_constraint
WHERE NOT convalidated AND connamespace = 'public'::regnamespace AND conparentid = 0 AND coninhcount = 0
ORDER BY conrelid::regclass::text, conname
"""


def run(connection: Connection) -> None:
    """Run the migrations in one transaction per revision, then validate what they left NOT VALID."""
    _allow(connection, BRIEF)
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=True,
        include_object=_is_ours,
    )
    with context.begin_transaction():
        context.run_migrations()
    _allow(connection, PATIENT)
    _validate(connection)
    _allow(connection, BRIEF)


def _allow(connection: Connection, timeouts: tuple[str, ...]) -> None:
    for timeout in timeouts:
        connection.execute(text(timeout))
    connection.commit()


def _validate(connection: Connection) -> None:
    """Hold old rows against the constraints that revisions added; readers and writers go on meanwhile.

    Adding the constraint and reading the table in one transaction would shut the table for as long as it takes.
    """
    statements: list[str] = list(connection.scalars(text(UNVALIDATED)))
    for statement in statements:
        connection.execute(text(statement))
        connection.commit()


def _is_ours(_object: object, name: str | None, type_: str, _reflected: bool, _compare_to: object) -> bool:
    """Month partitions belong to their parents and are not described by a model of their own."""
    return not (type_ == "table" and name is not None and "_y2" in name)


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=Base.metadata, transaction_per_migration=True)
    with context.begin_transaction():
        for timeout in BRIEF:
            context.execute(timeout)
        context.run_migrations()
else:
    run(context.config.attributes["connection"])
