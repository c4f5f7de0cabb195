"""Polars frames into temporary tables by COPY, and the SQL steps that merge them from there."""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import psycopg
from psycopg import sql

HERE = Path(__file__).parent
_BLOCK = 1024 * 1024
_JSON_NUL = r"(?:^|[^\\])(?:\\\\)*\\u0000"
"""A NUL as JSON writes it; a backslash that is written itself, as two, makes none of what follows it."""


@dataclass(frozen=True, slots=True)
class StagingTable:
    """A temporary table `staged_<kind>`: the columns a frame must bring, how long texts may be, which are JSON."""

    name: str
    columns: tuple[str, ...]
    limits: Mapping[str, int]
    json: frozenset[str] = frozenset()


def run_steps(conn: psycopg.Connection, folder: Path, pattern: str) -> None:
    """Run the SQL files of a folder that match, in the order of their names. They take no parameters."""
    for step in sorted(folder.glob(pattern)):
        conn.execute(step.read_bytes())


def staging_tables(conn: psycopg.Connection) -> dict[str, StagingTable]:
    """Find this session's staging tables, by kind of record. Columns the database fills by itself are left out."""
    rows = conn.execute(
        """
        SELECT c.relname, a.attname, CASE WHEN a.atttypid = 'varchar'::regtype THEN a.atttypmod - 4 END,
          a.atttypid = 'jsonb'::regtype
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = pg_my_temp_schema() AND c.relname LIKE 'staged\\_%' AND c.relkind = 'r'
          AND a.attnum > 0 AND NOT a.attisdropped AND NOT a.atthasdef
        ORDER BY c.relname, a.attnum
        """
    ).fetchall()
    tables: dict[str, StagingTable] = {}
    for name in dict.fromkeys(row[0] for row in rows):
        columns = [row[1:] for row in rows if row[0] == name]
        tables[name.removeprefix("staged_")] = StagingTable(
            name,
            tuple(column for column, _, _ in columns),
            {column: limit for column, limit, _ in columns if limit},
            frozenset(column for column, _, is_json in columns if is_json),
        )
    return tables


def copy_frame(conn: psycopg.Connection, table: StagingTable, frame: pl.DataFrame) -> None:
    """COPY the table's columns of a frame. Binary goes as hexadecimal, a list as an array literal."""
    text = frame.select(_as_csv(name, frame.schema[name]) for name in table.columns)
    buffer = io.BytesIO()
    text.write_csv(buffer, include_header=False)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, table.columns))
    )
    data = buffer.getbuffer()
    with conn.cursor().copy(statement) as copy:
        for start in range(0, len(data), _BLOCK):
            copy.write(data[start : start + _BLOCK])


def _as_csv(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if dtype == pl.Binary:
        return column.bin.encode("hex")
    if dtype == pl.List:
        joined = column.cast(pl.List(pl.String)).list.join(",")
        return (pl.lit("{") + joined + pl.lit("}")).alias(name)
    return column


@dataclass(frozen=True, slots=True)
class Unfit:
    """A record that a frame brought and no table may hold: where, which rule, why."""

    record: int
    line: int | None
    column: str
    rule: str
    reason: str


def unstorable(frame: pl.DataFrame, table: StagingTable) -> Iterator[Unfit]:
    """Find records whose texts are longer than their column or hold a NUL; the first such text of each record."""
    texts = [name for name in table.columns if frame.schema[name] == pl.String]
    if not texts or frame.is_empty():
        return
    tests = {name: _too_much(name, table.limits.get(name), is_json=name in table.json) for name in texts}
    for row in frame.filter(pl.any_horizontal(tests.values())).select("record", "line", *texts).iter_rows(named=True):
        for name in texts:
            value, limit = row[name], table.limits.get(name)
            if value is None:
                continue
            if "\x00" in value or (name in table.json and re.search(_JSON_NUL, value)):
                reason = "holds a NUL character, which no text may hold: remove it"
                yield Unfit(row["record"], row["line"], name, "unstorable_text", reason)
                break
            if limit is not None and len(value) > limit:
                reason = f"is {len(value)} characters long; at most {limit} fit: shorten it"
                yield Unfit(row["record"], row["line"], name, "too_long", reason)
                break


def _too_much(name: str, limit: int | None, *, is_json: bool) -> pl.Expr:
    test = pl.col(name).str.contains("\x00", literal=True)
    if is_json:
        test |= pl.col(name).str.contains(_JSON_NUL)
    if limit is not None:
        test |= pl.col(name).str.len_chars() > limit
    return test.fill_null(value=False)
