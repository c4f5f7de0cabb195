"""Identities of events are claimed without a look at their person's row for each, and found by batch in a small index."""

from collections.abc import Sequence

from alembic import op

revision: str = "event_keys"
down_revision: str | None = "admin_usage"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

BATCH = "ix_usage_event_keys_batch_id"
# The reference of each key to its person was two fifths of what claiming a key cost, and told nothing: a key is written
# with its event, in one transaction, and the event has that reference. What goes with the person goes here, at once for
# all that a statement removes.
FORGET = [
    """
CREATE FUNCTION forget_event_keys() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  DELETE FROM usage_event_keys WHERE user_id IN (SELECT id FROM removed);
  RETURN NULL;
END $$
""",
    """
CREATE TRIGGER forget_event_keys AFTER DELETE ON users REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION forget_event_keys()
""",
]


def _index(using: str) -> None:
    with op.get_context().autocommit_block():
        # Killed on the way it leaves an index that is not valid, and is made again.
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {BATCH}")
        op.create_index(
            op.f(BATCH),
            "usage_event_keys",
            ["batch_id"],
            unique=False,
            postgresql_using=using,
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def upgrade() -> None:
    # The keys of a batch lie together, so that a summary of blocks finds them.
    _index("brin")
    op.execute("LOCK TABLE users, usage_event_keys IN ACCESS EXCLUSIVE MODE")
    for statement in FORGET:
        op.execute(statement)
    op.execute("REVOKE ALL ON FUNCTION forget_event_keys() FROM PUBLIC")
    # What it gave to those who read is given by the trigger now.
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"
        "ALTER TABLE usage_event_keys DROP CONSTRAINT fk_usage_event_keys_user_id_users"
    )


def downgrade() -> None:
    _index("btree")
    op.execute("LOCK TABLE users, usage_event_keys IN ACCESS EXCLUSIVE MODE")
    op.create_foreign_key(
        op.f("fk_usage_event_keys_user_id_users"),
        "usage_event_keys",
        "users",
        ["user_id"],
        ["id"],
        ondelete="CASCADE",
        postgresql_not_valid=True,
    )
    op.execute("DROP TRIGGER forget_event_keys ON users")
    op.execute("DROP FUNCTION forget_event_keys()")
