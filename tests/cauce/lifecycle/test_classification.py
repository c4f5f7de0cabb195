"""Every column that can carry a person is classified: a new one that is not fails here."""

import psycopg
import pytest
import yaml  # type: ignore[import-untyped]  # comes with dbt, without stubs

from cauce.database import Database, Role
from cauce.lifecycle.classification import DataClass, tables
from cauce.models import Base
from cauce.settings import PROJECT

COLUMNS = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
  AND c.relname <> 'alembic_version' AND a.attnum > 0 AND NOT a.attisdropped
GROUP BY 1
"""
TO_PEOPLE = """
SELECT c.relname, a.attname, k.confdeltype FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN LATERAL unnest(k.conkey) AS key (number) ON true
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = key.number
WHERE k.contype = 'f' AND k.confrelid = 'public.users'::regclass AND NOT c.relispartition
"""
PUBLIC = {table.name: table for table in tables("public")}
OF_A_PERSON = {DataClass.PERSONAL, DataClass.TEXT, DataClass.TRACE, DataClass.SEALED}
NOBODYS = {
    "agents": ("category description is_active is_public model name", "the company's product, which others use (101)"),
    "audit_logs": ("action timestamp", "what was done stays, under an id that names nobody"),
    "audit_pending": ("action timestamp", "as audit_logs, until the transaction ends"),
    "closed_months": ("closed_at month", "everybody's books"),
    "erasure_log": ("finished_at started_at status", "how an erasure went"),
    "model_prices": ("model provider valid_from valid_to", "prices for everybody"),
    "month_totals": ("limit_messages limit_tokens", "the plan's limits, given to everybody who has it"),
    "monthly_usage": ("limit_messages limit_tokens", "the plan's limits, given to everybody who has it"),
}
"""Columns that say something of a person in other tables, and why they do not in these, whose rows name somebody."""


def columns(conn: psycopg.Connection) -> dict[str, list[str]]:
    return dict(conn.execute(COLUMNS).fetchall())


def test_every_column_of_every_table_and_view_has_one_class(db: Database) -> None:
    with db.transaction(Role.OWNER) as conn:
        there = columns(conn)
    assert {name: sorted(table.columns) for name, table in PUBLIC.items()} == {
        name: sorted(found) for name, found in there.items()
    }


def test_every_column_of_every_mart_has_one_class() -> None:
    described = [
        model
        for path in sorted((PROJECT / "dbt_project" / "marts").glob("*/*.yml"))
        for model in yaml.safe_load(path.read_text())["models"]
    ]
    there = {model["name"]: sorted(column["name"] for column in model["columns"]) for model in described}
    assert {table.name: sorted(table.columns) for table in tables("marts")} == there


@pytest.mark.parametrize("schema", ["public", "marts"])
def test_rows_with_a_person_find_their_person(schema: str) -> None:
    for table in tables(schema):
        if "user_id" in table.columns:
            assert table.owner == "user_id", table.name
        held = set(table.columns.values())
        if held & {DataClass.PERSONAL, DataClass.TEXT, DataClass.SEALED}:
            assert table.owner or table.address, f"{table.name} holds something of a person, but not whose"
        assert {table.owner, table.address} - {None} <= set(table.columns)


def test_what_is_of_a_person_in_one_table_is_not_technical_in_another() -> None:
    """An address is an address everywhere: a wrong class would keep it from the export and leave it after an erasure."""
    known = [*tables("public"), *tables("marts")]
    of_a_person = {name for table in known for name, kind in table.columns.items() if kind in OF_A_PERSON}
    found = {
        table.name: " ".join(sorted(of_a_person & set(table.of_class(DataClass.TECHNICAL))))
        for table in known
        if table.owner or table.address or {DataClass.ACTOR, DataClass.PSEUDONYM} & set(table.columns.values())
    }
    assert {name: columns for name, columns in found.items() if columns} == {
        name: columns for name, (columns, _) in NOBODYS.items()
    }


def test_classes_agree_with_the_models() -> None:
    for name, table in PUBLIC.items():
        if name in Base.metadata.tables:
            for column in Base.metadata.tables[name].columns:
                kind = table.columns[column.name]
                if column.info.get("sealed"):
                    assert kind is DataClass.SEALED, f"{name}.{column.name}"
                if str(column.type) == "BLOB":
                    assert kind in (DataClass.SEALED, DataClass.SECRET, DataClass.TECHNICAL), f"{name}.{column.name}"


def test_no_reference_to_a_person_can_hinder_their_erasure(db: Database) -> None:
    """Their own rows go with them; where they only did something, they are cleared. Nothing refuses."""
    with db.transaction(Role.OWNER) as conn:
        found = conn.execute(TO_PEOPLE).fetchall()
    assert found
    for name, column, action in found:
        expected = "c" if column == PUBLIC[name].owner else "n"
        assert action == expected, f"{name}.{column}"
        if action == "n":
            assert PUBLIC[name].columns[column] is DataClass.ACTOR, f"{name}.{column}"
