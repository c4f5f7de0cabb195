"""Our own usage events as JSON Lines: one object a line, with the columns of `own`.

Read by blocks with Polars; a block that does not parse as a whole, or whose types are not those of the contract, is
taken apart, down to single lines, so that each bad line becomes one rejection.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import orjson
import polars as pl

from ingest.formats import Chunk, Rejection, Source
from ingest.usage import own
from ingest.usage.lines import BOM, Block, blocks, first_object, too_long
from ingest.usage.values import Breach, attempt

_PART_LINES = 1_000
_LINE_BY_LINE = (b"}" * 64, b"]" * 64, rb"\u0000")
"""What no block is read at once with: values nested so deeply that Polars takes seconds for one, and a NUL, which would
be a name in the objects of every line."""
_KEYS = (rb'"event_id"\s*:', rb'"(model|input_tokens|output_tokens)"\s*:')
_EXPECTED: dict[str, tuple[type[pl.DataType], ...]] = {
    "timestamp": (pl.String, pl.Null),
    "success": (pl.Boolean, pl.String, pl.Null),
    **dict.fromkeys(own.TEXTS, (pl.String, pl.Int64, pl.Null)),
    **dict.fromkeys(own.INTEGERS, (pl.Int64, pl.String, pl.Null)),
}


class UsageJsonLines:
    """Format `cauce-usage-jsonl`."""

    name = "cauce-usage-jsonl"
    domain = "usage"
    version = 1

    def sniff(self, head: bytes) -> bool:
        """Tell by the first line that is an object: it names an event and a count or model, or one to take back."""
        record = first_object(head)
        if record is None:
            # The first line may be longer than what is seen of it.
            return head.removeprefix(BOM).lstrip()[:1] == b"{" and all(re.search(key, head) for key in _KEYS)
        return own.REVERSES in record or ("event_id" in record and not record.keys().isdisjoint({*own.COUNTS, "model"}))

    def read(self, source: Source) -> Iterator[Chunk]:
        """Read the file in blocks; blank lines are not records."""
        record = 1
        for block in blocks(source.stream):
            if block.too_long:
                yield too_long(block, record, block.line)
                record += 1
                continue
            chunk = _chunk(block, record, source.received_at)
            record += chunk.read
            yield chunk


def _chunk(block: Block, record: int, received_at: datetime) -> Chunk:
    frame, bad = _typed(block.data), list[tuple[int, str, str]]()
    lines: list[bytes] | None = None
    if frame is not None and frame.height == block.data.count(b"\n") + (not block.data.endswith(b"\n")):
        # Every line is a record: its place in the block gives both numbers.
        places = pl.int_range(frame.height, eager=True)
        numbers = places + block.line
    else:
        numbered = [(number, text) for number, text in enumerate(block.data.split(b"\n"), block.line) if text.strip()]
        lines = [text for _, text in numbered]
        frame, good, bad = _by_parts(lines)
        places = pl.Series(good, dtype=pl.Int64)
        numbers = pl.Series([numbered[place][0] for place in good], dtype=pl.Int64)
    frame = frame.with_columns((places + record).alias("record"), numbers.alias("line"))

    def raw(records: Sequence[int]) -> list[str]:
        texts = lines if lines is not None else block.data.split(b"\n")
        return [texts[number - record].rstrip(b"\r").decode(errors="replace") for number in records]

    frames, breaches = own.accept(frame, received_at)
    broken = raw([frame["record"][row] for row, _, _ in breaches]) if breaches else []
    rejections = [own.rejection(frame, breach, text) for breach, text in zip(breaches, broken, strict=True)]
    for place, rule, reason in bad:
        line, text = numbered[place]
        shown = text.rstrip(b"\r").decode(errors="replace")
        rejections.append(Rejection(record + place, line, None, rule, reason, shown))
    return Chunk(frames, sorted(rejections, key=lambda r: r.record), {}, raw)


def _typed(data: bytes) -> pl.DataFrame | None:
    """Read lines that are all objects of the contract's types, or None."""
    if any(mark in data for mark in _LINE_BY_LINE):
        return None
    try:
        frame = pl.read_ndjson(data, infer_schema_length=None)
    except (pl.exceptions.PolarsError, ValueError):
        return None
    if any(frame.schema[name].base_type() not in _EXPECTED[name] for name in own.COLUMNS if name in frame.columns):
        return None
    written = [name for name in own.INTEGERS if frame.schema.get(name) == pl.String]
    if written and _mixed(data, written):
        return None
    extra = [name for name in frame.columns if name not in own.COLUMNS]
    aside = pl.struct(extra).struct.json_encode() if extra else pl.lit(None, dtype=pl.String)
    missing = [pl.lit(None, dtype=_EXPECTED[c][0]).alias(c) for c in own.COLUMNS if c not in frame.columns]
    some = pl.any_horizontal(pl.col(extra).is_not_null()) if extra else pl.lit(False)
    # Names written as numbers are texts; a column of nothing gets the type it would have.
    loose = [name for name in own.COLUMNS if name in own.TEXTS or frame.schema.get(name) == pl.Null]
    cast: dict[Any, Any] = {name: _EXPECTED[name][0] for name in loose}
    whole = frame.with_columns(*missing, pl.when(some).then(aside).alias("extra"))
    return whole.select(*own.COLUMNS, "extra").cast(cast)


def _mixed(data: bytes, names: list[str]) -> bool:
    """Tell whether columns read as text hold anything but text: a number among texts would be spelled anew."""
    other = rf'"(?:{"|".join(names)})"\s*:\s*[^\s"n]'
    return bool(pl.Series([data.decode()]).str.contains(other).item())


def _by_parts(lines: list[bytes]) -> tuple[pl.DataFrame, list[int], list[tuple[int, str, str]]]:
    """Read a troubled block: parts that parse at once, the others line by line."""
    frames: list[pl.DataFrame] = []
    good: list[int] = []
    bad: list[tuple[int, str, str]] = []
    for start in range(0, len(lines), _PART_LINES):
        part = lines[start : start + _PART_LINES]
        typed = _typed(b"\n".join(part))
        if typed is not None and typed.height == len(part):
            frames.append(typed.cast(pl.String))
            good.extend(range(start, start + len(part)))
            continue
        rows = []
        for place, text in enumerate(part, start):
            row = attempt(partial(_row, text))
            if isinstance(row, Breach):
                bad.append((place, row.rule, row.reason))
            else:
                rows.append(row)
                good.append(place)
        frames.append(pl.DataFrame(rows, schema=dict.fromkeys((*own.COLUMNS, "extra"), pl.String)))
    return pl.concat(frames), good, bad


def _row(line: bytes) -> dict[str, str | None]:
    """Read one line to texts. Raises `Breach` when it is no record."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise Breach("not_json", f"the line is not valid JSON ({error}): correct or remove it") from error
    if not isinstance(record, dict):
        raise Breach("not_an_object", "the line must be one JSON object with the columns of a usage event")
    row = {name: _text(record.pop(name, None)) for name in own.COLUMNS}
    kept = {name: value for name, value in record.items() if value is not None}
    row["extra"] = orjson.dumps(kept).decode() if kept else None
    return row


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and abs(value) >= 2**63:
        value = int(value)  # what was an integer too large for the parser
        return str(value)
    return orjson.dumps(value).decode()
