"""Along every reference between tables of people, a row points at its own person's rows and at nobody else's."""

from uuid import UUID

import pytest
from psycopg import errors, sql

from cauce.database import Database, Role
from cauce.models import Base
from tests.conftest import make_person_in, sign_in_to
from tests.migrations.rows import fill

REFERENCES = sorted(
    (table.name, local, reference.referred_table.name, reference.elements[1].column.name)
    for table in Base.metadata.tables.values()
    for reference in table.foreign_key_constraints
    if len(reference.columns) == 2 and "user_id" in table.primary_key.columns
    for tenant, local in [reference.column_keys]
    if tenant == "user_id"
)
CHECKS = "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'"
ROW = (
    "(tableoid, ctid) = (SELECT tableoid, ctid FROM {table} WHERE user_id = %(ana)s ORDER BY {column} IS NULL LIMIT 1)"
)
AT_OWN = f"UPDATE {{table}} SET {{column}} = coalesce({{column}}, (SELECT {{key}} FROM {{target}} WHERE user_id = %(ana)s LIMIT 1)) WHERE {ROW}"
AT_ANOTHERS = (
    f"UPDATE {{table}} SET {{column}} = (SELECT {{key}} FROM {{target}} WHERE user_id = %(luis)s LIMIT 1) WHERE {ROW}"
)


@pytest.fixture(scope="module")
def two(shared_db: Database) -> tuple[Database, dict[str, UUID]]:
    ana, luis = (make_person_in(shared_db, f"{name}@example.com") for name in ("ana", "luis"))
    for person in (ana, luis):
        with shared_db.transaction(Role.OWNER) as conn:
            fill(conn, person)
    for name in ("ana", "luis"):
        sign_in_to(shared_db, f"{name}@example.com")
    return shared_db, {"ana": ana, "luis": luis}


@pytest.mark.parametrize(("table", "column", "target", "key"), REFERENCES)
def test_a_row_points_at_its_own_persons_rows(
    two: tuple[Database, dict[str, UUID]], table: str, column: str, target: str, key: str
) -> None:
    db, people = two
    names = {"table": table, "column": column, "target": target, "key": key}
    with db.connect(Role.OWNER) as conn:
        # What else a change of the row would break is tried in test_rules; here only the reference is to speak.
        conn.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(table)))
        for (check,) in conn.execute(CHECKS, (table,)).fetchall():
            conn.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(*map(sql.Identifier, (table, check))))
        if table != target:  # a row that is its own parent breaks another rule
            assert conn.execute(AT_OWN.format(**names).encode(), people).rowcount == 1, f"no row in {table}"
        conn.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(errors.ForeignKeyViolation) as refused:
            conn.execute(AT_ANOTHERS.format(**names).encode(), people)
        conn.rollback()
    assert column.removesuffix("_id") in str(refused.value.diag.constraint_name)
