"""What a file format is to the load engine: how it is recognised, and how it is read in bounded chunks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

import polars as pl

CHUNK_RECORDS = 50_000
"""The most records a reader hands over at a time."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that cannot be loaded: where it stands, which rule it breaks, why, and its text as it was read."""

    record: int
    line: int | None
    column: str | None
    rule: str
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some consecutive records of a file, each in exactly one of `frames`, `rejections` and `ignored`.

    Frames are keyed by the kind of record and carry the canonical columns of their domain, with `record` (Int64, from
    1, unique in the file) and `line` (Int64 or null). `raw` gives the text of the records whose ordinals it is given.
    """

    frames: Mapping[str, pl.DataFrame]
    rejections: Sequence[Rejection]
    ignored: Mapping[str, int]
    raw: Callable[[Sequence[int]], list[str]]

    @property
    def read(self) -> int:
        """How many records of the file this chunk accounts for."""
        return sum(f.height for f in self.frames.values()) + len(self.rejections) + sum(self.ignored.values())


@dataclass(frozen=True, slots=True)
class Source:
    """An input being read: a seekable stream of its decompressed bytes, and what is known about it.

    `received_at` stands in for the time of events that carry none; `timezone` is the owner's IANA zone, which naive
    times are read in.
    """

    path: Path
    stream: BinaryIO
    name: str
    size: int
    received_at: datetime
    timezone: str


class Format(Protocol):
    """One file format of one domain. `version` grows when a reader would read the same bytes differently."""

    name: str
    domain: str
    version: int

    def sniff(self, head: bytes) -> bool:
        """Tell from the first 64 KiB of content, never from a name, whether the file is of this format."""
        ...

    def read(self, source: Source) -> Iterator[Chunk]:
        """Read the whole file in order, in chunks of at most `CHUNK_RECORDS` records and bounded memory.

        Raises `SkippableError` when the file as a whole cannot be read.
        """
        ...
