"""Our own usage events as CSV: a header with the columns of `own` in any order, comma, semicolon or tab separated.

Read by blocks with Polars; a block that does not parse as a whole is read record by record, so that each bad record
becomes one rejection. Blank lines are not records.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime

import polars as pl

from cauce.errors import SkippableError
from ingest.formats import Chunk, Rejection, Source
from ingest.usage import own
from ingest.usage.csv_records import CsvRecord, last_record_end, records
from ingest.usage.events import KIND
from ingest.usage.lines import BOM, Block, blocks

_SEPARATORS = ",;\t"


class UsageCsv:
    """Format `cauce-usage-csv`."""

    name = "cauce-usage-csv"
    domain = "usage"
    version = 1

    def sniff(self, head: bytes) -> bool:
        """Tell by the first line: a header that names an event, and a token count or a model."""
        names = _header(head.removeprefix(BOM).split(b"\n", 1)[0])[1]
        return "event_id" in names and not {*own.COUNTS, "model"}.isdisjoint(names)

    def read(self, source: Source) -> Iterator[Chunk]:
        """Read the file in blocks."""
        first, line = b"", 0
        while not first.strip():
            first, line = source.stream.readline(2**20), line + 1
            if not first:
                raise SkippableError("the file is empty", where=source.name, action="export it again")
        separator, names = _header(first.removeprefix(BOM))
        missing = [name for name in own.REQUIRED if name not in names]
        twice = sorted({name for name in names if names.count(name) > 1})
        if missing or twice:
            problem = f"has no column {', '.join(missing)}" if missing else f"names {', '.join(twice)} twice"
            action = f"the header needs {', '.join(own.REQUIRED)}, each once"
            raise SkippableError(f"the header {problem}", where=f"{source.name}, line {line}", action=action)
        record = 1
        for block in blocks(source.stream, last_record_end):
            chunk = _chunk(block, line, record, separator, names, source.received_at)
            record += chunk.read
            yield chunk


def _header(line: bytes) -> tuple[str, list[str]]:
    text = line.decode(errors="replace").strip()
    separator = max(_SEPARATORS, key=text.count)
    fields = next(csv.reader([text], delimiter=separator), [])
    return separator, [field.strip().lower() for field in fields]


def _chunk(block: Block, before: int, record: int, separator: str, names: list[str], received_at: datetime) -> Chunk:
    """Read a block; `before` is the number of lines that precede the blocks of the file."""
    first = before + block.line
    read = None if block.too_long else _at_once(block.data, separator, names, first)
    bad: list[tuple[int, CsvRecord]] = []
    if read is None:
        frame, bad = _by_records(block.data, separator, names, first, record)
    else:
        frame = read.with_row_index("record", offset=record).cast({"record": pl.Int64})
    frame = _contract(frame, names)

    def raw(wanted: Sequence[int]) -> list[str]:
        texts = [r.text for r in records(block.data, separator, len(names), first)]
        return [texts[number - record] for number in wanted]

    events, breaches = own.accept(frame, received_at)
    texts = raw([frame["record"][row] for row, _, _ in breaches]) if breaches else []
    rejections = [own.rejection(frame, breach, text) for breach, text in zip(breaches, texts, strict=True)]
    for number, r in bad:
        rejections.append(Rejection(number, r.line, None, r.rule or "", r.reason or "", r.text))
    return Chunk({KIND: events}, sorted(rejections, key=lambda r: r.record), {}, raw)


def _at_once(data: bytes, separator: str, names: list[str], first: int) -> pl.DataFrame | None:
    """Read a block of well-formed records without blank lines, or None."""
    if b"\n\n" in data or b"\n\r\n" in data or data.startswith((b"\n", b"\r\n")):
        return None
    try:
        frame = pl.read_csv(
            io.BytesIO(data),
            has_header=False,
            separator=separator,
            schema=dict.fromkeys(names, pl.String),
        )
    except pl.exceptions.PolarsError:
        return None
    # A record short of fields comes with nulls at its end, as does one with empty ones: only the slow way tells.
    if frame.height == 0 or (frame.get_column(names[-1]).null_count() and _is_short(data, separator, names)):
        return None
    if b'"' not in data:
        return frame.with_columns(pl.int_range(first, first + pl.len(), dtype=pl.Int64).alias("line"))
    inside = pl.sum_horizontal(pl.col(name).str.count_matches("\n", literal=True).fill_null(0) for name in names)
    lines = pl.int_range(first, first + pl.len(), dtype=pl.Int64) + inside.cum_sum().shift(1, fill_value=0)
    return frame.with_columns(lines.cast(pl.Int64).alias("line"))


def _is_short(data: bytes, separator: str, names: list[str]) -> bool:
    """Tell whether there are fewer separators than the records need; quoted ones only make it less certain."""
    return data.count(separator.encode()) < (len(names) - 1) * data.count(b"\n")


def _by_records(
    data: bytes, separator: str, names: list[str], first: int, record: int
) -> tuple[pl.DataFrame, list[tuple[int, CsvRecord]]]:
    rows: list[list[str | int | None]] = []
    bad: list[tuple[int, CsvRecord]] = []
    for number, r in enumerate(records(data, separator, len(names), first), record):
        if r.rule:
            bad.append((number, r))
        else:
            rows.append([number, r.line, *r.fields])
    schema = {"record": pl.Int64(), "line": pl.Int64(), **dict.fromkeys(names, pl.String())}
    return pl.DataFrame(rows, schema=schema, orient="row"), bad


def _contract(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Give a frame of texts the columns of the contract; unknown ones go to `extra`."""
    extra = [name for name in names if name not in own.COLUMNS]
    missing = [pl.lit(None, dtype=pl.String).alias(name) for name in own.COLUMNS if name not in names]
    aside = pl.lit(None, dtype=pl.String)
    if extra:
        some = pl.any_horizontal((pl.col(name) != "").fill_null(False) for name in extra)
        aside = pl.when(some).then(pl.struct(extra).struct.json_encode())
    return frame.with_columns(*missing, aside.alias("extra")).select("record", "line", *own.COLUMNS, "extra")
