"""Columns of sealed values, as revisions declare them."""

from alembic import op


def guard_sealed(table: str, *columns: str) -> None:
    """Let only envelopes into the columns, and only of keys that are still there; their writers hold the keys.

    Without it a value could be committed under a key that a rotation destroyed meanwhile, or in plain text.
    """
    dead = " OR ".join(f"NOT key_is_live(NEW.{column})" for column in columns)
    op.execute(
        f"CREATE TRIGGER sealed BEFORE INSERT OR UPDATE OF {', '.join(columns)} ON {table}"
        f" FOR EACH ROW WHEN ({dead}) EXECUTE FUNCTION refuse_dead_key()"
    )
