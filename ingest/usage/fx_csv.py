"""Exchange rates as central banks publish them; a record is one currency of one day → frame "fx_rate" → fx_rates.

- European Central Bank, `eurofxref-hist.csv`: a column per currency, what one euro costs in it; `N/A` for none.
- Banco de México, the SIE's CSV export: lines of titles, then `"Fecha","SF43718"` and a day a row (dd/mm/yyyy), what
  one unit of the series' currency costs in pesos; `N/E` for none. Series that are no rate of a currency are ignored.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from cauce.errors import SkippableError
from ingest.csv_rows import physical_rows
from ingest.delimited import texts_of
from ingest.encoding import decode_head, text_encoding
from ingest.formats import Chunk, Rejection, Source

SERIES: Mapping[str, str] = {
    "SF43718": "USD",  # FIX, as it is determined each banking day
    "SF46410": "EUR",
    "SF46406": "JPY",
    "SF46407": "GBP",
    "SF60632": "CAD",
}
"""Series of the SIE that are what a unit of a currency costs in pesos, and that currency."""

FX_RATE: dict[str, pl.DataType | type[pl.DataType]] = {
    "record": pl.Int64,
    "line": pl.Int64,
    "base": pl.String,
    "quote": pl.String,
    "date": pl.Date,
    "source": pl.String,
    "rate": pl.Decimal(24, 12),
}
"""The columns of the frame: what one unit of `base` costs in `quote`."""

_RECORDS = 40_000
_TITLES = 100
"""The lines within which a table of the SIE begins."""
_RATE = re.compile(r"\d{1,9}(\.\d{1,12})?", re.ASCII)
_ECB = re.compile(r'"?Date"?\s*,\s*"?[A-Z]{3}"?\s*(,|$)')
_SIE = re.compile(r'"?Fecha"?\s*,\s*"?S[A-Z]\d{3,6}"?\s*(,|$)')
_NONE = frozenset({"", "N/A", "N/E"})
_CODE = re.compile(r"[A-Z]{3}")
# Left the euro's table before 2009; nobody bills in them and ISO 4217's list here has none of them.
_GONE = frozenset({"CYP", "MTL", "ROL", "SIT", "TRL"})


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of one bank: its columns as written, and of each the pair it is of, or what it is ignored as."""

    source: str
    header: list[str]
    pairs: list[tuple[str, str] | str]
    date: re.Pattern[str]


@dataclass(slots=True)
class _Batch:
    rows: list[tuple[int, int, str, str, date, str, Decimal]] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    texts: dict[int, str] = field(default_factory=dict)

    def chunk(self) -> Chunk:
        frame = pl.DataFrame(self.rows, schema=FX_RATE, orient="row")
        return Chunk({"fx_rate": frame}, self.rejections, self.ignored, texts_of(self.texts))


class FxCsv:
    """Format `fx-csv`."""

    name = "fx-csv"
    domain = "usage"
    version = 1

    def sniff(self, head: bytes) -> bool:
        """Tell by the header of either bank; the SIE's comes after lines of titles."""
        lines = decode_head(head).lstrip("\ufeff").splitlines()[:_TITLES]
        return bool(lines and _ECB.match(lines[0])) or any(_SIE.match(line) for line in lines)

    def read(self, source: Source) -> Iterator[Chunk]:
        """Read the days in order. Raises `SkippableError` when there is no header within the first lines."""
        text = io.TextIOWrapper(source.stream, text_encoding(source.stream), errors="replace", newline="")
        try:
            yield from _days(text, source)
        finally:
            text.detach()


def _days(text: io.TextIOWrapper, source: Source) -> Iterator[Chunk]:
    table: _Table | None = None
    latest = source.received_at.date() + timedelta(days=1)
    batch, record = _Batch(), 0
    for number, (line, raw, cells) in enumerate(physical_rows(text, ","), 1):
        if table is None:
            table = _table(raw.lstrip("\ufeff"))
            if table is None and number >= _TITLES:
                break
            continue
        for rejected, values in _cells(table, line, raw, cells, latest):
            record += 1
            column, written, value = values
            batch.texts[record] = f"{table.header[0]},{column}\n{written}" if column else raw
            if rejected is not None:
                rule, reason = rejected
                batch.rejections.append(Rejection(record, line, column, rule, reason, batch.texts[record]))
            elif isinstance(value, str):
                batch.ignored[value] += 1
            elif value is not None:
                batch.rows.append((record, line, *value))
        if record and len(batch.texts) >= _RECORDS:
            yield batch.chunk()
            batch = _Batch()
    if table is None:
        raise SkippableError("the table has no header", where=source.name, action="export it again, with its titles")
    yield batch.chunk()


_Cell = tuple[tuple[str, str] | None, tuple[str | None, str, tuple[str, str, date, str, Decimal] | str | None]]


def _cells(table: _Table, line: int, raw: str, cells: Sequence[str] | None, latest: date) -> Iterator[_Cell]:
    """Give each cell of a day: why it is refused, if it is; its column, its text with the day, its value or kind."""
    if cells is None or len(cells) != len(table.header):
        reason = f"the row has {0 if cells is None else len(cells)} cells where the header has {len(table.header)}"
        yield ("wrong_cell_count", f"{reason}: download the file again"), (None, raw, None)
        return
    day, problem = _day(cells[0].strip(), table, latest)
    for column, pair, cell in zip(table.header[1:], table.pairs, cells[1:], strict=True):
        written = cell.strip()
        text = f"{_quoted(cells[0].strip())},{_quoted(written)}"
        if not column:
            continue
        if isinstance(pair, str):
            yield None, (column, text, pair)
        elif written in _NONE:
            yield None, (column, text, "no rate")
        elif day is None:
            yield problem, (column, text, None)
        elif not _RATE.fullmatch(written) or not Decimal(written):
            yield ("invalid_rate", "the rate is not a number above 0 such as 18.4573"), (column, text, None)
        else:
            yield None, (column, text, (*pair, day, table.source, Decimal(written)))


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(sign in cell for sign in ',"\r\n') else cell


def _day(text: str, table: _Table, latest: date) -> tuple[date | None, tuple[str, str]]:
    form = "2026-01-31" if table.source == "ecb" else "31/01/2026"
    found = table.date.fullmatch(text)
    try:
        day = date(*(int(found[part]) for part in ("year", "month", "day"))) if found else None
    except ValueError:
        day = None
    if day is None:
        return None, ("invalid_date", f"the day is not a date such as {form}")
    if day > latest:
        return None, ("future_date", "the day is in the future: no rate of it can be known")
    return day, ("", "")


def _table(line: str) -> _Table | None:
    """The table that a header begins; None for a line of titles."""
    header = [name.strip() for name in next(csv.reader([line]), [])]
    if _ECB.match(line):
        iso = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)", re.ASCII)
        return _Table("ecb", header, [_euro(name) for name in header[1:]], iso)
    if _SIE.match(line):
        mexican = re.compile(r"(?P<day>\d\d)/(?P<month>\d\d)/(?P<year>\d{4})", re.ASCII)
        pairs: list[tuple[str, str] | str] = [
            (SERIES[name], "MXN") if name in SERIES else f"series {name[:20]}" for name in header[1:]
        ]
        return _Table("banxico", header, pairs, mexican)
    return None


def _euro(name: str) -> tuple[str, str] | str:
    return ("EUR", name) if _CODE.fullmatch(name) and name not in _GONE else f"currency {name[:20]}"
