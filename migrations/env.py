"""Alembic's environment: migrations run as `cauce_owner`, on a connection the caller hands over."""

from alembic import context
from sqlalchemy import Connection, text

from cauce.models import Base

LOCK_TIMEOUT = "5s"
"""A migration that waits this long for a lock gives up instead of queueing every reader behind it."""
STATEMENT_TIMEOUT = "10min"


def run(connection: Connection) -> None:
    """Run the migrations in one transaction per revision."""
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    connection.commit()
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
    context.configure(dialect_name="postgresql", target_metadata=Base.metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        context.run_migrations()
else:
    run(context.config.attributes["connection"])
