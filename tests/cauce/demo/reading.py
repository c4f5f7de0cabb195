"""Reads demo files with the readers of the load engine, as it would."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from ingest.detect import detect
from ingest.formats import Rejection, Source
from tests.cauce.demo.conftest import TODAY

RECEIVED = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC) + timedelta(hours=9)


@dataclass
class Reading:
    format: str
    domain: str
    read: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    rejections: list[Rejection] = field(default_factory=list)
    frames: dict[str, list[pl.DataFrame]] = field(default_factory=dict)

    def frame(self, kind: str) -> pl.DataFrame:
        return pl.concat(self.frames[kind])


def read(path: Path, timezone: str = "America/Mexico_City") -> Reading:
    with path.open("rb") as stream:
        found = detect(stream.read(65_536), where=path.name)
        stream.seek(0)
        result = Reading(found.name, found.domain)
        source = Source(path, stream, path.name, path.stat().st_size, RECEIVED, timezone)
        for chunk in found.read(source):
            result.read += chunk.read
            result.ignored.update(chunk.ignored)
            result.rejections += chunk.rejections
            for kind, frame in chunk.frames.items():
                result.frames.setdefault(kind, []).append(frame)
    return result
