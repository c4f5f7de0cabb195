"""Made-up usage events of our own format: a year of calls of many people, the same for the same number of rows."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

PEOPLE = 500
MODELS = {
    "openai": ["gpt-4o", "gpt-4o-mini", "o3-mini"],
    "anthropic": ["claude-3-5-sonnet-latest", "claude-3-5-haiku-latest"],
    "google": ["gemini-2.0-flash", "gemini-1.5-pro"],
}
AGENTS = ["Asistente Finanzas", "Asistente Salud", "Redactor", "Programador", "Tutor", "Viajes"]


def email(person: int) -> str:
    """The address of the n-th person."""
    return f"person{person:04}@example.com"


def usage_events(rows: int) -> pl.DataFrame:
    """Events in the columns of `cauce-usage-*`, in the order of their time, about ten to a conversation."""
    start = datetime(2025, 1, 1, tzinfo=UTC)
    pairs = [(provider, model) for provider, models in MODELS.items() for model in models]
    number = pl.int_range(rows, eager=True).alias("n")
    spread = [number.hash(seed).cast(pl.UInt64) for seed in range(8)]
    person = (spread[0] % PEOPLE).cast(pl.Int64)
    pair = (spread[1] % len(pairs)).cast(pl.Int64)
    pick = pl.DataFrame({"provider": [p for p, _ in pairs], "model": [m for _, m in pairs]})
    tokens_in = (spread[2] % 4000 + 20).cast(pl.Int64)
    tokens_out = (spread[3] % 1500 + 1).cast(pl.Int64)
    step = 365 * 24 * 3600 * 1000 // rows
    timestamp = (number * step).cast(pl.Duration("ms")) + start
    return pl.DataFrame(
        {
            "event_id": "evt-" + number.cast(pl.String).str.zfill(9),
            "timestamp": timestamp.dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"),
            "user": pl.Series([email(n) for n in range(PEOPLE)]).gather(person),
            "agent": pl.Series(AGENTS).gather((spread[4] % len(AGENTS)).cast(pl.Int64)),
            "conversation": "conv-" + person.cast(pl.String) + "-" + (number // (PEOPLE * 10)).cast(pl.String),
            "provider": pick["provider"].gather(pair),
            "model": pick["model"].gather(pair),
            "input_tokens": tokens_in,
            "output_tokens": tokens_out,
            "cache_read_tokens": (tokens_in * (spread[5] % 3).cast(pl.Int64)) // 4,
            "reasoning_tokens": pl.zeros(rows, dtype=pl.Int64, eager=True),
            "duration_ms": (spread[6] % 9000 + 100).cast(pl.Int64),
            "success": (spread[7] % 100) != 0,
        }
    )


def write(frame: pl.DataFrame, folder: Path, form: str) -> Path:
    """Write the events as `jsonl`, `csv` or `parquet`."""
    path = folder / f"usage.{form}"
    if form == "jsonl":
        frame.write_ndjson(path)
    elif form == "csv":
        frame.write_csv(path)
    else:
        frame.write_parquet(path)
    return path
