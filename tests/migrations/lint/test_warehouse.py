"""The rules of the schema hold in the warehouse, too, where they say something of it."""

import psycopg
import pytest

from cauce.database import Database
from tests.migrations.lint.test_rules import RULES

OF_THE_OPERATIONAL_SCHEMA = {
    "owned_by_somebody_else",  # the warehouse is of the role that builds it: access matrix
    "extension_in_public",
    "powerful_role",
    "foreign_key_that_blocks_erasure",  # there is no foreign key: what is built follows the tables it is built of
    "foreign_key_without_tenant",
    "unindexed_foreign_key",
}
EXCEPTIONS = {
    # What belongs to nobody has no person: its key is unique with NULLs, which a primary key cannot have.
    ("marts", "no_primary_key"): {"margin_monthly"},
}
SLIPS = """
CREATE TABLE marts.slip (user_id uuid, at timestamp);
CREATE VIEW marts.seen AS SELECT * FROM marts.slip;
GRANT TRIGGER ON marts.slip TO cauce_user;
"""


def found(conn: psycopg.Connection, schema: str, rule: str) -> set[str]:
    assert "'public'" in RULES[rule]
    return {row[0] for row in conn.execute(RULES[rule].replace("'public'", f"'{schema}'").encode()).fetchall()}


@pytest.mark.parametrize("schema", ["marts", "intermediate", "staging"])
def test_the_warehouse_is_clean(warehouse: Database, schema: str) -> None:
    # Facts are read whole by models, never by a key; that their rows are unique is tested where they are built.
    without = OF_THE_OPERATIONAL_SCHEMA | ({"no_primary_key"} if schema == "intermediate" else set())
    with psycopg.connect(warehouse.address.superuser_url, dbname=warehouse.address.name) as conn:
        wrong = {
            rule: found(conn, schema, rule) - EXCEPTIONS.get((schema, rule), set()) for rule in RULES.keys() - without
        }
    assert {rule: names for rule, names in wrong.items() if names} == {}


def test_a_slip_in_the_warehouse_is_found(warehouse: Database) -> None:
    with psycopg.connect(warehouse.address.superuser_url, dbname=warehouse.address.name) as conn:
        conn.execute(SLIPS)
        slips = {
            rule
            for rule in RULES.keys() - OF_THE_OPERATIONAL_SCHEMA
            if found(conn, "marts", rule) & {"slip", "marts.slip.at", "seen", "slip TRIGGER cauce_user"}
        }
        conn.rollback()
    assert slips == {
        "no_primary_key",
        "table_without_row_security",
        "timestamp_without_zone",
        "view_of_its_owner",
        "other_privilege",
    }
