"""Delimited text (CSV) in bounded batches of rows, with the line each row begins on and its text as it was read.

The standard library's reader takes the rows apart, because a row with too many cells, a stray quote or a cell of
several lines must cost that row and no other, and keep its line number; what is in the cells is judged in Polars.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from cauce.errors import SkippableError
from ingest.csv_rows import physical_rows
from ingest.encoding import decode_head, text_encoding
from ingest.formats import Chunk, Rejection, Source

_ROWS = 25_000
_LONGEST_HEADER = 64 * 1024
_DELIMITERS = (",", ";", "\t")

Aliases = Mapping[str, Sequence[str]]
"""The names a column may have in a file, by its canonical name, as `plain` writes them."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Consecutive rows. `frame` has `record`, `line` and every canonical column as text: trimmed, null when empty."""

    frame: pl.DataFrame
    rejections: list[Rejection]
    blank: int
    texts: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Check:
    """A rule a row must keep: `fails` is true where it is broken (null is not broken)."""

    rule: str
    column: str
    reason: str
    fails: pl.Expr


def plain(name: str) -> str:
    """Write a column name or a word plainly: no accents, lower case, one underscore between words."""
    letters = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", letters).strip("_")


def header_columns(head: bytes, aliases: Aliases) -> frozenset[str]:
    """Tell which canonical columns the header of a file names; none when it is not a table."""
    first = decode_head(head).lstrip("\ufeff").split("\n", 1)[0]
    return frozenset(_canonical(_header(first, _delimiter(first)), aliases)) - {""}


def read_rows(source: Source, aliases: Aliases, required: Sequence[str]) -> Iterator[Rows]:
    """Read a table in batches. Raises `SkippableError` when a required column is missing or one is there twice."""
    text = io.TextIOWrapper(source.stream, text_encoding(source.stream), errors="replace", newline="")
    try:
        first = text.readline(_LONGEST_HEADER)
        delimiter = _delimiter(first)
        columns = _canonical(_header(first, delimiter), aliases)
        _complete(columns, required, source.name)
        header = first.strip("\ufeff\r\n")
        batch = _Batch(columns, aliases, header)
        for record, (line, raw, cells) in enumerate(physical_rows(text, delimiter), 1):
            batch.add(record, line + 1, raw, cells)
            if len(batch.texts) == _ROWS:
                yield batch.rows()
                batch = _Batch(columns, aliases, header)
        if batch.texts:
            yield batch.rows()
    finally:
        text.detach()


def checked(rows: Rows, frame: pl.DataFrame, checks: Sequence[Check]) -> tuple[pl.DataFrame, list[Rejection]]:
    """Split a frame by the first rule each row breaks: the rows that keep them all, and the rejections."""
    broken = pl.lit(None, pl.Int32)
    for index in reversed(range(len(checks))):
        broken = pl.when(checks[index].fails.fill_null(value=False)).then(pl.lit(index, pl.Int32)).otherwise(broken)
    judged = frame.with_columns(broken.alias("_broken"))
    bad = judged.filter(pl.col("_broken").is_not_null()).select("record", "line", "_broken")
    rejections = [
        Rejection(record, line, checks[i].column, checks[i].rule, checks[i].reason, rows.texts[record])
        for record, line, i in bad.iter_rows()
    ]
    return judged.filter(pl.col("_broken").is_null()).drop("_broken"), rejections


def chunk(rows: Rows, kind: str, frame: pl.DataFrame, rejections: Sequence[Rejection]) -> Chunk:
    """Put a batch of rows together: its good ones of one kind, its bad ones, and blank ones ignored."""
    return Chunk(
        frames={kind: frame},
        rejections=sorted([*rows.rejections, *rejections], key=lambda r: r.record),
        ignored={"blank row": rows.blank} if rows.blank else {},
        raw=texts_of(rows.texts),
    )


def texts_of(texts: Mapping[int, str]) -> Callable[[Sequence[int]], list[str]]:
    """Make the look-up of raw texts by record that a chunk carries."""
    return lambda records: [texts[record] for record in records]


class _Batch:
    def __init__(self, columns: list[str], canonical: Iterable[str], header: str) -> None:
        self.columns = columns
        self._header = header
        self._absent = [name for name in canonical if name not in columns]
        self.texts: dict[int, str] = {}
        self._good: list[tuple[int, int, list[str]]] = []
        self._rejections: list[Rejection] = []
        self._blank = 0

    def add(self, record: int, line: int, text: str, cells: list[str] | None) -> None:
        self.texts[record] = f"{self._header}\n{text}"  # so that the row can be read again by itself
        if cells is None:
            reason = 'quotes do not match: put a cell in quotes as a whole and double the quotes inside: "a ""b"" c"'
            self._reject(record, line, "malformed_row", reason)
        elif not any(cell.strip() for cell in cells):
            self._blank += 1
        elif len(cells) != len(self.columns):
            reason = (
                f"the row has {len(cells)} cells where the header has {len(self.columns)}: "
                "quote cells that contain the separator"
            )
            self._reject(record, line, "wrong_cell_count", reason)
        elif "\x00" in text:
            self._reject(record, line, "null_character", "the row contains a null character: remove it")
        else:
            self._good.append((record, line, cells))

    def _reject(self, record: int, line: int, rule: str, reason: str) -> None:
        self._rejections.append(Rejection(record, line, None, rule, reason, self.texts[record]))

    def rows(self) -> Rows:
        cells = list(zip(*(row[2] for row in self._good), strict=True)) or [()] * len(self.columns)
        data = {name: column for name, column in zip(self.columns, cells, strict=True) if name}
        trimmed = pl.all().str.strip_chars()
        frame = pl.DataFrame(data, schema=dict.fromkeys(data, pl.String)).select(
            pl.Series("record", [row[0] for row in self._good], pl.Int64),
            pl.Series("line", [row[1] for row in self._good], pl.Int64),
            pl.when(trimmed != "").then(trimmed),
            *(pl.lit(None, pl.String).alias(name) for name in self._absent),
        )
        return Rows(frame, self._rejections, self._blank, self.texts)


def _delimiter(header: str) -> str:
    return max(_DELIMITERS, key=header.count)


def _header(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line.lstrip("\ufeff")], delimiter=delimiter), [])
    except csv.Error:
        return []


def _canonical(header: Sequence[str], aliases: Aliases) -> list[str]:
    """Give the canonical name of each column of a header; an unknown column has the empty name."""
    names = {alias: name for name, others in aliases.items() for alias in (name, *others)}
    return [names.get(plain(column), "") for column in header]


def _complete(columns: Sequence[str], required: Sequence[str], where: str) -> None:
    missing = [name for name in required if name not in columns]
    if missing:
        raise SkippableError(
            f"the table has no column {', '.join(missing)}", where=f"{where}, line 1", action="add it to the header"
        )
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise SkippableError(
            f"the table has the column {', '.join(twice)} twice", where=f"{where}, line 1", action="keep one of them"
        )
