"""Alembic's environment: emits the SQL that `cauce migrate` runs, and compares models and database on a connection."""

from alembic import context
from sqlalchemy import Connection

from cauce.models import Base


def emit() -> None:
    """Write the SQL of the revisions; each is one transaction. `%` is not doubled: no driver reads it."""
    context.configure(
        dialect_name="postgresql",
        dialect_opts={"paramstyle": "named"},
        literal_binds=True,
        target_metadata=Base.metadata,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        # For whoever runs it by hand, and for the linter.
        context.execute("SET lock_timeout = '200ms'")
        context.execute("SET statement_timeout = '10s'")
        context.run_migrations()


def run(connection: Connection) -> None:
    """Run or compare on the connection, which is `cauce_owner`'s; one transaction per revision."""
    connection.commit()  # Alembic begins a transaction per revision, and none within another
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


def _is_ours(_object: object, name: str | None, type_: str, _reflected: bool, _compare_to: object) -> bool:
    """Month partitions belong to their parents and are not described by a model of their own."""
    return not (type_ == "table" and name is not None and "_y2" in name)


if context.is_offline_mode():
    emit()
else:
    run(context.config.attributes["connection"])
