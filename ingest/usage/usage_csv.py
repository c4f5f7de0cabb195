"""Our own usage events as CSV: a header with the columns of `own` in any order, comma, semicolon or tab separated.

Read by blocks with Polars; a block that does not parse as a whole is read record by record, so that each bad record
becomes one rejection. Blank lines are not records.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from cauce.errors import SkippableError
from ingest.formats import Chunk, Rejection, Source
from ingest.usage import own
from ingest.usage.csv_records import CsvRecord, last_record_end, records
from ingest.usage.lines import BOM, blocks, too_long

_SEPARATORS = ",;\t"
# Names no header can have, since a line end splits it.
_RECORD, _LINE = "\nrecord", "\nline"


class UsageCsv:
    """Format `cauce-usage-csv`."""

    name = "cauce-usage-csv"
    domain = "usage"
    version = 1

    def sniff(self, head: bytes) -> bool:
        """Tell by the first line: a header that names an event and a token count or a model, or events to take back."""
        names = _header(head.removeprefix(BOM).lstrip().split(b"\n", 1)[0]).names
        return own.REVERSES in names or ("event_id" in names and not {*own.COUNTS, "model"}.isdisjoint(names))

    def read(self, source: Source) -> Iterator[Chunk]:
        """Read the file in blocks."""
        first, line = b"", 0
        while not first.strip():
            first, line = source.stream.readline(2**20).removeprefix(BOM), line + 1
            if not first:
                raise SkippableError("the file is empty", where=source.name, action="export it again")
        header = _header(first)
        missing = own.missing(header.names)
        twice = sorted({name for name in header.names if header.names.count(name) > 1})
        if missing or twice:
            problem = f"has no column {', '.join(missing)}" if missing else f"names {', '.join(twice)} twice"
            action = f"the header needs {', '.join(own.REQUIRED)}, each once"
            raise SkippableError(f"the header {problem}", where=f"{source.name}, line {line}", action=action)
        record = 1
        for block in blocks(source.stream, last_record_end):
            first_line = line + block.line
            if block.too_long:
                chunk = too_long(block, record, first_line)
            else:
                chunk = _chunk(block.data, header, first_line, record, source.received_at)
            record += chunk.read
            yield chunk


@dataclass(frozen=True, slots=True)
class _Header:
    text: str
    separator: str
    names: list[str]


def _header(line: bytes) -> _Header:
    text = line.decode(errors="replace").strip()
    separator = max(_SEPARATORS, key=text.count)
    fields = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), [])
    return _Header(text, separator, [field.strip().lower() for field in fields])


def _chunk(data: bytes, header: _Header, first_line: int, record: int, received_at: datetime) -> Chunk:
    read = _at_once(data, header, first_line)
    bad: list[tuple[int, CsvRecord]] = []
    if read is None:
        frame, bad = _by_records(data, header, first_line, record)
    else:
        frame = read.with_columns(pl.int_range(record, record + pl.len(), dtype=pl.Int64).alias(_RECORD))
    frame = _contract(frame, header.names)

    def raw(wanted: Sequence[int]) -> list[str]:
        texts = [r.text for r in records(data, header.separator, len(header.names), first_line)]
        # With the header, a record is a file of its own that can be read again.
        return [f"{header.text}\n{texts[number - record]}" for number in wanted]

    frames, breaches = own.accept(frame, received_at)
    texts = raw([frame["record"][row] for row, _, _ in breaches]) if breaches else []
    rejections = [own.rejection(frame, breach, text) for breach, text in zip(breaches, texts, strict=True)]
    for number, r in bad:
        text = f"{header.text}\n{r.text}"
        rejections.append(Rejection(number, r.line, None, r.rule or "", r.reason or "", text))
    return Chunk(frames, sorted(rejections, key=lambda r: r.record), {}, raw)


def _at_once(data: bytes, header: _Header, first_line: int) -> pl.DataFrame | None:
    """Read a block of well-formed records without blank lines, or None."""
    if b"\n\n" in data or b"\n\r\n" in data or data.startswith((b"\n", b"\r\n")):
        return None
    try:
        frame = pl.read_csv(
            io.BytesIO(data),
            has_header=False,
            separator=header.separator,
            schema=dict.fromkeys(header.names, pl.String),
        )
    except pl.exceptions.PolarsError:
        return None
    # A record short of fields is filled up in silence: every separator must be accounted for.
    separators = frame.height * (len(header.names) - 1) + _inside(frame, header.separator)
    if frame.height == 0 or data.count(header.separator.encode()) != separators:
        return None
    lines = pl.int_range(first_line, first_line + pl.len(), dtype=pl.Int64)
    if b'"' in data:
        breaks = pl.sum_horizontal(pl.all().str.count_matches("\n", literal=True).fill_null(0))
        lines = (lines + breaks.cum_sum().shift(1, fill_value=0)).cast(pl.Int64)
    return frame.with_columns(lines.alias(_LINE))


def _inside(frame: pl.DataFrame, character: str) -> int:
    """Count a character inside the fields."""
    counts = frame.select(pl.sum_horizontal(pl.all().str.count_matches(character, literal=True).fill_null(0)).sum())
    return int(counts.item() or 0)


def _by_records(
    data: bytes, header: _Header, first_line: int, record: int
) -> tuple[pl.DataFrame, list[tuple[int, CsvRecord]]]:
    rows: list[list[str | int | None]] = []
    bad: list[tuple[int, CsvRecord]] = []
    for number, r in enumerate(records(data, header.separator, len(header.names), first_line), record):
        if r.rule:
            bad.append((number, r))
        else:
            rows.append([number, r.line, *r.fields])
    schema = {_RECORD: pl.Int64(), _LINE: pl.Int64(), **dict.fromkeys(header.names, pl.String())}
    return pl.DataFrame(rows, schema=schema, orient="row"), bad


def _contract(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Give a frame of texts the columns of the contract; unknown ones go to `extra`."""
    extra = [name for name in names if name not in own.COLUMNS]
    missing = [pl.lit(None, dtype=pl.String).alias(name) for name in own.COLUMNS if name not in names]
    aside = pl.lit(None, dtype=pl.String)
    if extra:
        some = pl.any_horizontal((pl.col(name) != "").fill_null(False) for name in extra)
        aside = pl.when(some).then(pl.struct(extra).struct.json_encode())
    return frame.with_columns(*missing, aside.alias("extra")).select(
        pl.col(_RECORD).alias("record"), pl.col(_LINE).alias("line"), *own.COLUMNS, "extra"
    )
