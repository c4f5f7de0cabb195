"""Parquet files that are on the disk, whole and right, before anybody relies on them."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from cauce.lifecycle.rows import content_hash

PART = ".part"
"""What a file's name ends with until its rows are the file's and nobody else's."""


@dataclass(slots=True)
class Content:
    """What rows of usage add up to: how many, their tokens, their known cost in USD, and the hash of all of them."""

    rows: int = 0
    total_tokens: Decimal = field(default_factory=Decimal)
    total_cost: Decimal = field(default_factory=Decimal)
    content_hash: Decimal = field(default_factory=Decimal)

    def add(self, frame: pl.DataFrame) -> None:
        """Count the rows of one more frame in."""
        self.rows += frame.height
        self.total_tokens += int(frame["total_tokens"].sum() or 0)
        self.total_cost += Decimal(str(frame["total_cost"].sum() or 0))
        self.content_hash += content_hash(frame)


def write(path: Path, frames: Iterable[pl.DataFrame]) -> Content:
    """Write frames of one schema to a file and have the disk keep it; gives what was written. No frames, no file."""
    content, writer = Content(), None
    try:
        for frame in frames:
            table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
            writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table)
            content.add(frame)
    finally:
        if writer is not None:
            writer.close()
    if writer is not None:
        _keep(path)
    return content


def read(path: Path) -> Iterator[pl.DataFrame]:
    """The rows of a file, a row group at a time."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            frame = pl.from_arrow(file.read_row_group(group))
            assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table gives a frame
            yield frame


def content_of(path: Path) -> Content:
    """What the rows of a file add up to, as read back from it."""
    content = Content()
    for frame in read(path):
        content.add(frame)
    return content


def put_in_place(part: Path, path: Path) -> None:
    """Give a finished file its name, in one step that survives a power cut."""
    part.replace(path)
    _keep(path.parent)


def _keep(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
