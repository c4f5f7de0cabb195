"""Rows of a table as frames, and a hash of their content that database and file compute alike.

A row is written as the texts of its columns: instants as microseconds since 1970, everything else as PostgreSQL writes
it. Its hash is the first 60 bits of the md5 of those texts; the hash of many rows is the sum of theirs, in any order.
"""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl
import psycopg
from psycopg import sql

from cauce.errors import FatalError

NULL, SEPARATOR = chr(30), chr(31)
CHUNK = 200_000
"""Rows of one chunk, some 100 MB of text."""

_COLUMNS = """
SELECT a.attname, t.typname, ((a.atttypmod - 4) & 65535) AS scale, a.atttypmod > 0
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_TYPES: dict[str, pl.DataType] = {
    "uuid": pl.String(),
    "varchar": pl.String(),
    "text": pl.String(),
    "jsonb": pl.String(),
    "inet": pl.String(),
    "int2": pl.Int64(),
    "int4": pl.Int64(),
    "int8": pl.Int64(),
    "bool": pl.Boolean(),
    "date": pl.Date(),
    "timestamptz": pl.Datetime("us", "UTC"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column, how SQL writes it as text, and its type in a frame."""

    name: str
    text: sql.Composable
    dtype: pl.DataType


def columns_of(conn: psycopg.Connection, table: str) -> list[Column]:
    """The table's columns; raises `FatalError` for a type that no file keeps exactly."""
    columns = []
    for name, kind, scale, is_bounded in conn.execute(_COLUMNS, (f"public.{table}",)).fetchall():
        dtype = pl.Decimal(38, scale) if kind == "numeric" and is_bounded else _TYPES.get(kind)
        if dtype is None:
            raise FatalError(
                f"a column of type {kind} cannot be archived",
                where=f"{table}.{name}",
                action="report this as a defect of Cauce",
            )
        text = "(extract(epoch FROM {}) * 1000000)::bigint::text" if kind == "timestamptz" else "{}::text"
        columns.append(Column(name, sql.SQL(text).format(sql.Identifier(name)), dtype))
    return columns


def read_frame(conn: psycopg.Connection, columns: list[Column], query: sql.Composable) -> pl.DataFrame:
    """The rows of a query over exactly these columns' texts, as a frame of their types."""
    copy_out = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, NULL {}, FORCE_QUOTE *)").format(query, sql.Literal(NULL))
    with conn.cursor().copy(copy_out) as copy:
        data = b"".join(bytes(block) for block in copy)
    if not data:
        return pl.DataFrame(schema={column.name: column.dtype for column in columns})
    texts = pl.read_csv(
        io.BytesIO(data),
        has_header=False,
        schema={column.name: pl.String() for column in columns},
        null_values=NULL,
        empty_string_is_null=False,
    )
    return texts.select(_typed(column) for column in columns)


def chunks(
    conn: psycopg.Connection, columns: list[Column], table: str, where: sql.Composable, size: int = CHUNK
) -> Iterator[pl.DataFrame]:
    """The rows that `where` selects, in the order of the tenant key, a chunk at a time."""
    selected = sql.SQL(", ").join(column.text for column in columns)
    after: sql.Composable = sql.SQL("true")
    while True:
        query = sql.SQL("SELECT {} FROM {} WHERE ({}) AND {} ORDER BY user_id, id, timestamp LIMIT {}").format(
            selected, sql.Identifier("public", table), where, after, sql.Literal(size)
        )
        frame = read_frame(conn, columns, query)
        if frame.height:
            yield frame
        if frame.height < size:
            return
        last = frame.select("user_id", "id", "timestamp").row(-1)
        after = sql.SQL("(user_id, id, timestamp) > ({}::uuid, {}::uuid, {})").format(*map(sql.Literal, last))


def content_hash(frame: pl.DataFrame) -> int:
    """The hash of a frame's rows; the sum over several frames is the hash of all their rows."""
    texts = frame.select(pl.concat_str([_text(name, frame) for name in frame.columns], separator=SEPARATOR)).to_series()
    return sum(int(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:15], 16) for text in texts)


def hash_sql(columns: list[Column]) -> sql.Composed:
    """The same hash as an SQL aggregate."""
    row = sql.SQL(" || chr(31) || ").join(sql.SQL("coalesce({}, chr(30))").format(column.text) for column in columns)
    return sql.SQL("coalesce(sum(('x' || left(md5({}), 15))::bit(60)::bigint), 0)").format(row)


def _typed(column: Column) -> pl.Expr:
    text = pl.col(column.name)
    if column.dtype == pl.Boolean():
        return text == "true"
    if column.dtype == pl.Date():
        return text.str.to_date("%Y-%m-%d")
    if isinstance(column.dtype, pl.Datetime):
        return text.cast(pl.Int64).cast(column.dtype)
    return text.cast(column.dtype)


def _text(name: str, frame: pl.DataFrame) -> pl.Expr:
    column = pl.col(name)
    if isinstance(frame.schema[name], pl.Datetime):
        column = column.cast(pl.Int64)
    return column.cast(pl.String).fill_null(NULL)
