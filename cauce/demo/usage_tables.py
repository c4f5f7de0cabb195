"""Usage events in our own formats: JSON Lines, CSV and Parquet, with rows that break each of them."""

import csv
import io

import orjson
import polars as pl

TEXT_TIME = pl.col("timestamp").dt.to_string("%Y-%m-%dT%H:%M:%S%.3fZ")


def table(part: pl.DataFrame) -> pl.DataFrame:
    """Give the events in the columns of our own formats."""
    return part.select(
        pl.format("evt_{}", "hex").alias("event_id"),
        "timestamp",
        *("user", "agent", "conversation", "provider", "model"),
        *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens"),
        *("duration_ms", "success", "error", "prompt", "completion"),
    )


def jsonl(part: pl.DataFrame, *, spoil: bool) -> tuple[bytes, int]:
    """Write JSON Lines; `spoil` adds malformed lines, whose number is given beside the bytes."""
    rows = table(part).with_columns(TEXT_TIME)
    out = io.BytesIO()
    rows.write_ndjson(out)
    if not spoil:
        return out.getvalue(), 0
    row = rows.row(0, named=True)
    bad = [
        orjson.dumps(row | {"event_id": "evt_cortado"})[:87],
        orjson.dumps(row | {"event_id": "evt_negativo", "output_tokens": -250}),
        orjson.dumps(row | {"event_id": "evt_fecha", "timestamp": "2026-02-30T10:15:00Z"}),
        orjson.dumps(row | {"event_id": "evt_tipo", "input_tokens": "muchos"}),
        orjson.dumps({key: value for key, value in row.items() if key != "event_id"}),
    ]
    lines = out.getvalue().splitlines()
    middle = len(lines) // 2
    return b"\n".join([*lines[:middle], *bad, *lines[middle:]]) + b"\n", len(bad)


def as_csv(part: pl.DataFrame, *, spoil: bool) -> tuple[bytes, int]:
    """Write CSV; `spoil` adds malformed lines, whose number is given beside the bytes."""
    rows = table(part).with_columns(TEXT_TIME)
    text = rows.write_csv()
    if not spoil:
        return text.encode(), 0
    row = {key: "" if value is None else value for key, value in rows.row(0, named=True).items()}
    row |= {"success": "true", "prompt": "", "completion": ""}
    bad = [
        list((row | {"event_id": "evt_csv_negativo", "input_tokens": -1}).values()),
        list((row | {"event_id": "evt_csv_fecha", "timestamp": "ayer por la tarde"}).values()),
        list((row | {"event_id": "evt_csv_tipo", "output_tokens": "1.2 mil"}).values()),
        ["evt_csv_cortado", row["timestamp"]],
    ]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(bad)
    return (text + out.getvalue()).encode(), len(bad)


def parquet(part: pl.DataFrame, *, spoil: bool) -> tuple[bytes, int]:
    """Write Parquet with real timestamps; `spoil` adds malformed rows, whose number is given beside the bytes."""
    rows = table(part)
    bad = rows.head(2 if spoil else 0).with_columns(
        pl.format("{}_negativo", "event_id").alias("event_id"), -pl.col("output_tokens") - 1
    )
    out = io.BytesIO()
    pl.concat([rows, bad]).write_parquet(out, compression="zstd")
    return out.getvalue(), bad.height
