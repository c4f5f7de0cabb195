"""Queries of the pages: one `.sql` file each, run as the person's role, returned as a Polars frame.

They select, filter and group what dbt published; no figure is computed here. Types of the frame follow the columns of
the answer, so an empty frame has them too: numeric becomes an exact Decimal, uuid and json text, instants UTC.
"""

import json
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import polars as pl
from psycopg import Connection, Cursor
from psycopg.rows import TupleRow

FOLDER: Final = Path(__file__).parent
_TYPES: Final[dict[int, pl.DataType]] = {
    16: pl.Boolean(),
    20: pl.Int64(),
    21: pl.Int64(),
    23: pl.Int64(),
    700: pl.Float64(),
    701: pl.Float64(),
    1082: pl.Date(),
    1114: pl.Datetime("us"),
    1184: pl.Datetime("us", "UTC"),
}
_NUMERIC: Final = 1700


@cache
def text(name: str) -> str:
    """The SQL of the query `name`, such as 'finance/balances'."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def fetch(conn: Connection[TupleRow], name: str, **params: object) -> pl.DataFrame:
    """Run the query `name` with named parameters and return its rows."""
    cursor = conn.execute(text(name).encode(), params)
    return to_frame(cursor, cursor.fetchall())


def to_frame(cursor: Cursor[Any], rows: Sequence[Sequence[Any]]) -> pl.DataFrame:
    """The rows of an answer as a frame; columns of the same name get a number."""
    columns = cursor.description or []
    data: dict[str, pl.Series] = {}
    for index, column in enumerate(columns):
        name = column.name if column.name not in data else f"{column.name}_{index + 1}"
        data[name] = _series(name, column.type_code, column.scale, [row[index] for row in rows])
    return pl.DataFrame(data)


def _series(name: str, oid: int, scale: int | None, values: list[Any]) -> pl.Series:
    if oid == _NUMERIC:
        if any(value is not None and not value.is_finite() for value in values):
            return pl.Series(name, [None if v is None else str(v) for v in values], dtype=pl.Utf8())
        places = scale if scale is not None else max((_places(v) for v in values if v is not None), default=0)
        return pl.Series(name, values, dtype=pl.Decimal(38, places))
    if (dtype := _TYPES.get(oid)) is not None:
        return pl.Series(name, values, dtype=dtype)
    return pl.Series(name, [_plain(value) for value in values], dtype=pl.Utf8())


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def _plain(value: Any) -> str | None:  # noqa: ANN401 - whatever type a column of the database has
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value.hex() if isinstance(value, bytes | memoryview) else str(value)
