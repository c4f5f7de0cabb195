"""Which changes the audit log is told of, as revisions declare it."""

from collections.abc import Sequence

from alembic import op


def audit(
    table: str,
    *columns: str,
    on: str = "INSERT OR UPDATE OR DELETE",
    action: str | None = None,
    hidden: Sequence[str] = (),
    named_by: Sequence[str] = (),
    when: str | None = None,
) -> None:
    """Have triggers write an entry for every row of `table` that is inserted, deleted, or changed in these columns.

    The entry holds old and new values of those `columns` that changed, and of `hidden` ones (e-mail addresses, names:
    what must be able to vanish) only that they changed; secrets are named in neither. The action is `UPDATE_<TABLE>`
    and the like where none is given. A row of a table without an `id` is told by its columns `named_by`. `when` is a
    further condition on OLD and NEW. Rows that go because their person does are not told one by one: the person's
    deletion is. A change of other columns costs one comparison.
    """
    operations = on.split(" OR ")
    for operation in operations:
        conditions = [when] if when else []
        if operation == "UPDATE":
            conditions.append(" OR ".join(f"OLD.{c} IS DISTINCT FROM NEW.{c}" for c in (*columns, *hidden)))
        told = action or f"{operation}_{table}".upper()
        op.execute(
            f"CREATE TRIGGER audit_{operation.lower()}_{told.lower()} AFTER {operation} ON {table} FOR EACH ROW"
            + (f" WHEN ({' AND '.join(f'({condition})' for condition in conditions)})" if conditions else "")
            + f" EXECUTE FUNCTION audit_change('{told}', '{','.join(columns)}', '{','.join(hidden)}'"
            + (f", '{','.join(named_by)}')" if named_by else ")")
        )
