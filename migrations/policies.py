"""Row security as revisions declare it: who may do what, to which rows, of which table."""

from collections.abc import Mapping, Sequence

from alembic import op

OWN = "user_id = (SELECT current_user_id())"
"""The signed-in person's rows; the function runs once per statement, not once per row."""
TENANT = "user_id = (SELECT current_tenant_id())"
"""The rows of the person a batch of `cauce_ingest` names."""
ALL = "true"

READ = ("SELECT",)
WRITE = ("SELECT", "INSERT", "UPDATE", "DELETE")


def protect(table: str, rules: Mapping[str, tuple[Sequence[str], str]], *, owner: Sequence[str] = ("ALL",)) -> None:
    """Force row security on a table and give each role its commands on the rows its predicate selects.

    `rules` maps a role to (privileges, predicate). A privilege may name columns: `SELECT (id, email)`. A role that is
    not named has no privilege at all. The owner is named in every table: forced row security holds for it, too, and
    migrations, the sign-in functions and the counters need its rows. `owner` leaves it with some commands only.
    """
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"REVOKE ALL ON {table} FROM cauce_owner")
    op.execute(f"GRANT {', '.join(owner)} ON {table} TO cauce_owner")
    for command in owner:
        _policy(table, "cauce_owner", command, ALL)
    for role, (privileges, predicate) in rules.items():
        op.execute(f"GRANT {', '.join(privileges)} ON {table} TO {role}")
        for command in dict.fromkeys(privilege.split(" ")[0] for privilege in privileges):
            _policy(table, role, command, predicate)


def _policy(table: str, role: str, command: str, predicate: str) -> None:
    using = "" if command == "INSERT" else f" USING ({predicate})"
    check = "" if command in ("SELECT", "DELETE") else f" WITH CHECK ({predicate})"
    name = f"{role.removeprefix('cauce_')}_{command.lower()}"
    op.execute(f"CREATE POLICY {name} ON {table} FOR {command} TO {role}{using}{check}")


def keep_updated_at(*tables: str) -> None:
    """Have a trigger set `updated_at` on every update of the tables."""
    for table in tables:
        op.execute(
            f"CREATE TRIGGER updated_at BEFORE UPDATE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION update_updated_at_column()"
        )
