"""Our own usage events as Parquet: the columns of `own`, counts as integers, the time as text or with a zone."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import polars as pl
import polars.selectors as cs

from cauce.errors import SkippableError
from ingest.formats import CHUNK_RECORDS, Chunk, Source
from ingest.usage import own
from ingest.usage.values import json_text


class UsageParquet:
    """Format `cauce-usage-parquet`."""

    name = "cauce-usage-parquet"
    domain = "usage"
    version = 1

    def sniff(self, head: bytes) -> bool:
        """Tell by the magic number; the columns stand at the end of the file and are checked when it is read."""
        return head.startswith(b"PAR1")

    def read(self, source: Source) -> Iterator[Chunk]:
        """Read the file in slices of row groups."""
        record = 1
        for batch in _batches(source):
            yield _chunk(batch, record, source.received_at)
            record += batch.height


def _batches(source: Source) -> Iterator[pl.DataFrame]:
    try:
        names = pl.read_parquet_schema(source.stream).keys()
        missing = own.missing(names)
        if missing:
            action = f"write the columns {', '.join(own.REQUIRED)}"
            raise SkippableError(f"the file has no column {', '.join(missing)}", where=source.name, action=action)
        source.stream.seek(0)
        lazy = pl.scan_parquet(source.stream)
        for batch in lazy.collect_batches(chunk_size=CHUNK_RECORDS, maintain_order=True):
            yield from batch.iter_slices(CHUNK_RECORDS)
    except (pl.exceptions.PolarsError, OSError) as error:
        problem = f"the file is not readable as Parquet ({str(error).splitlines()[0]})"
        raise SkippableError(problem, where=source.name, action="write it again") from error


def _as_texts(batch: pl.DataFrame) -> pl.DataFrame:
    """Give as texts what is bytes (some writers do not mark their texts) and what is no scalar in a column of ours."""
    held = [
        name
        for name, dtype in batch.schema.items()
        if "Binary" in str(dtype) or (name in own.COLUMNS and dtype.is_nested())
    ]
    return batch.with_columns(
        pl.Series(name, [None if value is None else _text(value) for value in batch[name].to_list()], dtype=pl.String)
        for name in held
    )


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else json_text(value)


def _chunk(batch: pl.DataFrame, record: int, received_at: datetime) -> Chunk:
    batch = _as_texts(batch)
    extra = [name for name in batch.columns if name not in own.COLUMNS]
    missing = [pl.lit(None, dtype=pl.String).alias(name) for name in own.COLUMNS if name not in batch.columns]
    aside = pl.lit(None, dtype=pl.String)
    if extra:
        some = pl.any_horizontal(pl.col(extra).is_not_null())
        aside = pl.when(some).then(pl.struct(extra).struct.json_encode())
    frame = batch.with_columns(
        *missing,
        aside.alias("extra"),
        pl.int_range(record, record + pl.len(), dtype=pl.Int64).alias("record"),
        pl.lit(None, dtype=pl.Int64).alias("line"),
    )

    def raw(records: Sequence[int]) -> list[str]:
        # A line of our own JSON Lines, which can be read again.
        rows = batch[[number - record for number in records]].with_columns(cs.datetime().dt.to_string("iso:strict"))
        return rows.select(pl.struct(pl.all()).struct.json_encode()).to_series().to_list()

    frames, breaches = own.accept(frame, received_at)
    texts = raw([frame["record"][row] for row, _, _ in breaches]) if breaches else []
    rejections = [own.rejection(frame, breach, text) for breach, text in zip(breaches, texts, strict=True)]
    return Chunk(frames, rejections, {}, raw)
