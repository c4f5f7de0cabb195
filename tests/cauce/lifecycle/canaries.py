"""A canary in every column of a person that can hold one, and looking for them everywhere."""

import hashlib
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
import psycopg
from psycopg import sql

from cauce.database import Database
from cauce.lifecycle.classification import DataClass, TableData, tables
from cauce.security.envelope import Place

PREFIX = "qzx"
EMAIL = f"{PREFIX}anamaria@example.com"
NETWORK = "2001:db8:7a7a:1:"
BROWSER = f"{PREFIX}0123456789"
TRACE = f"{PREFIX}[0-9a-f]{{9}}|{PREFIX}anamaria|{PREFIX.encode().hex()}|{NETWORK}"
REAL = ("timezone", "email", "vector_id", "vector_ids")
"""Must be what they say: days are computed with the zone; the address holds a canary of its own; a vector has a model."""
HELD = (DataClass.PERSONAL, DataClass.TEXT, DataClass.SEALED, DataClass.TRACE, DataClass.STORED)
TYPES = """
SELECT a.attname, t.typname, CASE WHEN t.typname = 'varchar' AND a.atttypmod > 0 THEN a.atttypmod - 4 END
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped
"""
EVERYWHERE = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND n.nspname !~ '^pg_|^information_schema$' ORDER BY 1, 2
"""
STATISTICS = """
SELECT n.nspname || '.' || c.relname || ': statistics ' || s.text FROM (
  SELECT starelid AS id, s::text AS text FROM pg_statistic s
  UNION ALL SELECT x.stxrelid, d::text FROM pg_statistic_ext_data d JOIN pg_statistic_ext x ON x.oid = d.stxoid
) s JOIN pg_class c ON c.oid = s.id JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE s.text ~* %s
"""


def canary(table: str, column: str) -> str:
    return PREFIX + hashlib.md5(f"{table}.{column}".encode(), usedforsecurity=False).hexdigest()[:9]


def plant(database: Database, person: UUID) -> dict[str, str]:
    """Put a canary wherever a rule does not forbid it; gives them by column. What refuses must be an enumeration."""
    planted: dict[str, str] = {}
    refused: dict[str, str] = {}
    with psycopg.connect(database.address.superuser_url, dbname=database.address.name) as conn:
        rules: dict[str, str] = dict(
            conn.execute("SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint").fetchall()
        )
        for table in tables("public"):
            if table.owner is None:
                continue
            for column, kind, length in conn.execute(TYPES, (f"public.{table.name}",)).fetchall():
                value = _value(database, conn, table, column, kind, length, person)
                if value is None or table.columns[column] not in HELD or column in REAL:
                    continue
                rule = _put(conn, table, column, value, person)
                if rule is not None and rule not in rules:
                    # A trigger keeps what is closed from being changed; here it must be.
                    conn.execute("SET session_replication_role = replica")
                    rule = _put(conn, table, column, value, person)
                    conn.execute("SET session_replication_role = origin")
                if rule is None:
                    planted[f"{table.name}.{column}"] = canary(table.name, column)
                else:
                    refused[f"{table.name}.{column}"] = rule
        planted = {place: text for place, text in planted.items() if _holds(conn, place, text)}
    for place, rule in refused.items():
        assert re.search(rf"\b{place.split('.')[1]}\b", rules[rule]), f"{place} cannot hold a canary because of {rule}"
    return planted


def _value(
    database: Database,
    conn: psycopg.Connection,
    table: TableData,
    column: str,
    kind: str,
    length: int | None,
    person: UUID,
) -> sql.Composable | None:
    """The canary as a value of the column's type, added to what is there where that has a shape; None where none fits."""
    text, name = canary(table.name, column), sql.Identifier(column)
    if table.columns[column] is DataClass.SEALED:
        row = conn.execute(sql.SQL("SELECT id FROM {} WHERE user_id = %s").format(_name(table)), (person,)).fetchone()
        return sql.Literal(database.sealer.seal(text, Place(table.name, column, person, row[0]))) if row else None
    if kind == "jsonb":
        nothing = sql.SQL("coalesce({}, '{{}}')").format(name)
        added = sql.SQL("jsonb_build_object('note', {})").format(sql.Literal(text))
        return sql.SQL("CASE jsonb_typeof({0}) WHEN 'array' THEN {0} || {1} ELSE {0} || {2} END").format(
            nothing, sql.Literal(json.dumps([text])), added
        )
    if kind in ("_text", "_varchar"):
        return sql.SQL("ARRAY[{}]").format(sql.Literal(text))
    if kind == "text" or (kind == "varchar" and (length is None or length >= len(text))):
        return sql.Literal(text)
    return None


def _put(conn: psycopg.Connection, table: TableData, column: str, value: sql.Composable, person: UUID) -> str | None:
    """Put a value into the person's rows; gives the rule that refuses it, if one does."""
    statement = sql.SQL("UPDATE {} SET {} = {} WHERE {} = {}").format(
        _name(table), sql.Identifier(column), value, sql.Identifier(table.owner or ""), sql.Literal(person)
    )
    try:
        with conn.transaction():
            rows = conn.execute(statement).rowcount
            conn.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except psycopg.errors.IntegrityError as error:
        return error.diag.constraint_name
    assert rows > 0, f"{table.name} has no row of the person: add one to tests/migrations/rows"
    return None


def _holds(conn: psycopg.Connection, place: str, text: str) -> bool:
    """Whether the canary is still there: what a trigger computes from other columns does not keep one."""
    table, column = place.split(".")
    if next(known for known in tables("public") if known.name == table).columns[column] is DataClass.SEALED:
        return True
    query = sql.SQL("SELECT 1 FROM {} WHERE {}::text LIKE %s").format(sql.Identifier(table), sql.Identifier(column))
    return conn.execute(query, (f"%{text}%",)).fetchone() is not None


def traces(database: Database, person: UUID) -> list[str]:
    """Where in the whole database, and in the archives, a canary, the address or the person's id still is."""
    found = []
    with psycopg.connect(database.address.superuser_url, dbname=database.address.name) as conn:
        for schema, table in conn.execute(EVERYWHERE).fetchall():
            query = sql.SQL("SELECT t::text FROM {} t WHERE t::text ~* %s").format(sql.Identifier(schema, table))
            found += [f"{schema}.{table}: {row[0]}" for row in conn.execute(query, (f"{TRACE}|{person}",)).fetchall()]
        found += [row[0] for row in conn.execute(STATISTICS, (f"{TRACE}|{person}",)).fetchall()]
    for path in sorted((database.settings.home / "archive").rglob("*.parquet*")):
        rows = str(pl.read_parquet(path).rows())
        found += [path.name] if PREFIX in rows or str(person) in rows else []
    for path in sorted((database.settings.home / "log").glob("*")):
        found += [path.name] if PREFIX in path.read_text() else []
    return found


def read_export(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of each file of an export."""
    with zipfile.ZipFile(path) as archive:
        return {
            name.removesuffix(".jsonl"): [json.loads(line) for line in io.TextIOWrapper(archive.open(name), "utf-8")]
            for name in archive.namelist()
            if name.endswith(".jsonl")
        }


SHARED = {
    "alembic_version", "audit_heads", "audit_logs", "audit_occasions", "audit_pending", "audit_seals", "erasure_log",
    "vector_deletions", "blob_deletions", "erased_addresses", "usage_archives",
}  # fmt: skip
"""What an erasure itself writes to."""


def hashes_of_others(database: Database, person: UUID) -> dict[str, str]:
    """A hash over everybody else's rows of every table in every schema, apart from who did something to them."""
    known = {table.name: table for table in tables("public")}
    found = {}
    with psycopg.connect(database.address.superuser_url, dbname=database.address.name) as conn:
        for schema, name in conn.execute(EVERYWHERE).fetchall():
            table = known.get(name) if schema == "public" else None
            if schema == "public" and (table is None or name in SHARED):
                continue
            actors = [*table.of_class(DataClass.ACTOR), *table.of_class(DataClass.TRACE)] if table else []
            ignored = [*actors, *(["updated_at"] if actors else [])]
            others = sql.SQL("true")
            if table is None or table.owner:
                owner = sql.Identifier((table.owner if table else None) or "user_id")
                if table is None and not _has_owner(conn, schema, name):
                    continue
                others = sql.SQL("{} IS DISTINCT FROM {}").format(owner, sql.Literal(person))  # type: ignore[assignment]
                if name == "ingest_batches":  # those of the person stay, as nobody's
                    others = sql.SQL("{} AND source_file <> '(erased)'").format(others)  # type: ignore[assignment]
            elif table.address:
                others = sql.SQL("lower({}) <> {}").format(sql.Identifier(table.address), sql.Literal(EMAIL))  # type: ignore[assignment]
            query = sql.SQL(
                "SELECT count(*) || ' ' || md5(coalesce(string_agg(h, '' ORDER BY h), ''))"
                " FROM (SELECT md5((to_jsonb(t) - {}::text[])::text) AS h FROM {} t WHERE {}) rows"
            ).format(sql.Literal(ignored), sql.Identifier(schema, name), others)
            found[f"{schema}.{name}"] = str((conn.execute(query).fetchone() or ("",))[0])
    return found


def _has_owner(conn: psycopg.Connection, schema: str, name: str) -> bool:
    query = "SELECT 1 FROM information_schema.columns WHERE table_schema = %s AND table_name = %s AND column_name = 'user_id'"
    return conn.execute(query, (schema, name)).fetchone() is not None


def _name(table: TableData) -> sql.Identifier:
    return sql.Identifier("public", table.name)
