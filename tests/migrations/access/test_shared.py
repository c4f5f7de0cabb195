"""What all roles of a database share outside of its tables: no policy holds there, so nobody has it who does not need it."""

import psycopg
import pytest

from cauce.database import Database, Role
from cauce.database.roles import ensure_privileges

MAY_CALL = """
SELECT r FROM unnest(%s::text[]) AS r
WHERE EXISTS (
  SELECT FROM pg_proc AS p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname ~ %s AND has_function_privilege(r, p.oid, 'EXECUTE')
)
"""


@pytest.mark.parametrize(
    ("functions", "roles"),
    [
        # A large object has no person, and would outlive them.
        ("^lo_|^loread$|^lowrite$", set()),
        # A lock that is held until a connection ends, which a pool keeps open: all that `cauce` runs waits for it.
        ("^pg_(try_)?advisory_(lock|unlock)", {Role.OWNER}),
        # One that ends with its transaction: loads and drafts of invoices take turns.
        ("^pg_(try_)?advisory_xact_lock", {Role.OWNER, Role.INGEST, Role.ADMIN}),
    ],
)
def test_what_all_share_is_called_by_those_declared_and_nobody_else(
    shared_db: Database, functions: str, roles: set[Role]
) -> None:
    with shared_db.transaction(Role.OWNER) as conn:
        assert {row[0] for row in conn.execute(MAY_CALL, (list(Role), functions)).fetchall()} == roles


@pytest.mark.parametrize("role", [Role.USER, Role.ANALYST])
@pytest.mark.parametrize("call", ["lo_from_bytea(0, 'x')", "pg_advisory_lock(hashtextextended('cauce:marts', 0))"])
def test_injected_sql_leaves_nothing_and_holds_nobody_up(shared_db: Database, role: Role, call: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), shared_db.transaction(role) as conn:
        conn.execute(f"SELECT {call}".encode())


def test_on_a_server_of_others_that_is_left_as_it_is(db: Database) -> None:
    """There nobody of ours may say who calls the server's own functions, and everything else must go on."""
    with psycopg.connect(db.address.superuser_url, dbname=db.address.name) as conn:
        conn.execute("GRANT EXECUTE ON FUNCTION pg_catalog.lo_create(oid) TO PUBLIC")
    ensure_privileges(db.url(Role.OWNER), db.address.name)
    with db.transaction(Role.ANALYST) as conn:
        assert conn.execute("SELECT has_function_privilege('pg_catalog.lo_create(oid)', 'EXECUTE')").fetchone() == (
            True,
        )
