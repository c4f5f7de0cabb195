"""Read a file the way the load engine does: sniff, then chunk by chunk."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from ingest.formats import CHUNK_RECORDS, Rejection, Source
from ingest.usage import FORMATS
from ingest.usage.events import KIND, SCHEMA

DATA = Path(__file__).parents[2] / "data" / "usage"
RECEIVED = datetime(2026, 4, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Result:
    format: str
    events: pl.DataFrame
    rejections: list[Rejection]
    ignored: Mapping[str, int]
    read: int
    texts: dict[int, str]

    def event(self, event_id: str) -> dict[str, Any]:
        return self.events.row(by_predicate=pl.col("event_id") == event_id, named=True)

    @property
    def broken(self) -> dict[int, str]:
        return {r.record: r.rule for r in self.rejections}


def read(data: bytes | Path, received_at: datetime = RECEIVED, taken: str = KIND) -> Result:
    content = data if isinstance(data, bytes) else data.read_bytes()
    formats = [f for f in FORMATS if f.sniff(content[: 2**16])]
    assert len(formats) == 1, f"recognised as {[f.name for f in formats]}"
    source = Source(Path("file"), io.BytesIO(content), "file", len(content), received_at, "America/Mexico_City")
    frames: list[pl.DataFrame] = []
    rejections: list[Rejection] = []
    texts: dict[int, str] = {}
    total = 0
    ignored: dict[str, int] = {}
    for chunk in formats[0].read(source):
        assert chunk.read <= CHUNK_RECORDS
        total += chunk.read
        rejections += chunk.rejections
        for kind, count in chunk.ignored.items():
            ignored[kind] = ignored.get(kind, 0) + count
        if taken in chunk.frames:
            frame = chunk.frames[taken]
            assert taken != KIND or frame.schema == pl.Schema(SCHEMA)
            numbers = frame["record"].to_list()
            texts |= dict(zip(numbers, chunk.raw(numbers), strict=True))
            frames.append(frame)
    events = pl.concat(frames) if frames else pl.DataFrame(schema=SCHEMA)
    records = events["record"].to_list() + [r.record for r in rejections]
    assert len(set(records)) == len(records)
    assert total == len(records) + sum(ignored.values())
    return Result(formats[0].name, events, rejections, ignored, total, texts)
