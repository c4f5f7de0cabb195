"""Blocks of whole lines out of a byte stream, in bounded memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import orjson

from ingest.formats import CHUNK_RECORDS, Chunk, Rejection

BLOCK_BYTES = 16 * 2**20
"""How much is read at a time, and the longest record that is read at all."""
KEPT_BYTES = 4096
"""How much of a record that is too long is kept to show."""
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines, the number of the first one, and whether it is the beginning of one line that is too long."""

    data: bytes
    line: int
    too_long: bool = False


def too_long(block: Block, record: int, line: int) -> Chunk:
    """Refuse the one record of a block that is too long, keeping its beginning."""
    text = block.data.decode(errors="replace")
    reason = f"the line is longer than {BLOCK_BYTES // 2**20} MiB: split it"
    return Chunk({}, [Rejection(record, line, None, "record_too_long", reason, text)], {}, lambda r: [text for _ in r])


def first_object(head: bytes) -> dict[str, Any] | None:
    """Return the first of some lines that is a JSON object."""
    for line in head.removeprefix(BOM).splitlines()[:20]:
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(record, dict):
            return record
    return None


def last_line_end(data: bytes) -> int:
    """Return the position after the last line end, 0 when there is none."""
    return data.rfind(b"\n") + 1


def blocks(stream: BinaryIO, cut: Callable[[bytes], int] = last_line_end) -> Iterator[Block]:
    """Yield the stream from where it stands in blocks of at most `CHUNK_RECORDS` lines and `BLOCK_BYTES` or so.

    `cut` tells where the last whole record of some bytes ends. A line longer than a block comes as its first
    `KEPT_BYTES`, marked `too_long`.
    """
    rest, line, at_end = b"", 1, False
    while not at_end or rest:
        if not at_end:
            read = stream.read(max(BLOCK_BYTES - len(rest), 2**16))
            at_end = not read
            if line == 1 and not rest:
                read = read.removeprefix(BOM)
            rest += read
        end = cut(_first_lines(rest)) or cut(rest)
        if end == 0 and at_end:
            end = len(rest)
        if end:
            data, rest = rest[:end], rest[end:]
            if data:
                yield Block(data, line)
                line += data.count(b"\n")
        elif len(rest) >= BLOCK_BYTES:
            end = last_line_end(rest)
            if end:
                yield Block(rest[:end], line)
                line += rest.count(b"\n", 0, end)
                rest = rest[end:]
            else:
                yield Block(rest[:KEPT_BYTES], line, too_long=True)
                rest = _skip_line(stream)
                line += 1


def _first_lines(data: bytes) -> bytes:
    """A beginning of whole lines, at most `CHUNK_RECORDS`; what ends none when the first line is long."""
    while (lines := data.count(b"\n")) > CHUNK_RECORDS:
        # Counting is fast and looking for each line end is not: cut where they would end if all were as long.
        data = data[: last_line_end(data[: len(data) * CHUNK_RECORDS // lines]) or data.find(b"\n") + 1]
    return data


def _skip_line(stream: BinaryIO) -> bytes:
    while data := stream.read(2**20):
        end = data.find(b"\n")
        if end >= 0:
            return data[end + 1 :]
    return b""
