"""What OpenAI reports of the demo's last complete month: pages of usage and of costs, by UTC day and model.

They say what the demo's events say, but for two days and a model: a call that never reached us, tokens that nobody can
explain, and a model that was dearer than the price list.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import polars as pl
from genai_prices import Usage, calc_price

from cauce.demo.plan import REPORT_FORMAT, FileExpectation
from cauce.demo.window import Month

PROVIDER = "openai"
FIRST, LAST = 2, 26
"""Days of the month that are reported: their events are of this month in every zone."""
MISSED, ODD = 10, 17
"""The days with a call that never reached us, and with tokens nobody can explain."""
ODD_TOKENS = 1_200
_SUMS = ("input_tokens", "output_tokens", "cache_read_tokens")


def write_reports(folder: Path, month: Month, events: pl.DataFrame) -> list[FileExpectation]:
    """Write both pages below `usage/` from the events of people we know; none when the provider was not used."""
    days = (
        events.filter(pl.col("provider") == PROVIDER)
        .with_columns(day=pl.col("timestamp").dt.date())
        .filter(pl.col("day").dt.day().is_between(FIRST, LAST) & (pl.col("day").dt.month() == month.number))
        .group_by("day", "model")
        .agg(pl.col(*_SUMS).sum(), pl.len().alias("calls"))
        .sort("day", "model")
    )
    pages = {"uso": list(_usage(days)), "costos": list(_costs(days))}
    return [_write(folder, f"usage/{month}-openai-{name}.json", buckets) for name, buckets in pages.items() if buckets]


def _usage(days: pl.DataFrame) -> Iterator[dict[str, Any]]:
    for day, rows in _by_day(days):
        results = [
            {
                "object": "organization.usage.completions.result",
                "input_tokens": row["input_tokens"],
                "output_tokens": row["output_tokens"],
                "input_cached_tokens": row["cache_read_tokens"],
                "num_model_requests": row["calls"],
                "model": row["model"],
            }
            for row in rows
        ]
        if day.day == MISSED:
            results[0]["input_tokens"] += rows[0]["input_tokens"] // rows[0]["calls"]
            results[0]["output_tokens"] += rows[0]["output_tokens"] // rows[0]["calls"]
            results[0]["num_model_requests"] += 1
        if day.day == ODD:
            results[0]["input_tokens"] += ODD_TOKENS
        yield _bucket(day, results)


def _costs(days: pl.DataFrame) -> Iterator[dict[str, Any]]:
    dearer = days["model"].min()
    for day, rows in _by_day(days):
        results: list[dict[str, Any]] = []
        for row in rows:
            usage = Usage(**{name: row[name] for name in _SUMS})
            at = datetime.combine(row["day"], time(12), UTC)
            price = calc_price(usage, row["model"], provider_id=PROVIDER, genai_request_timestamp=at).total_price
            if row["model"] == dearer:
                price *= Decimal("1.1")
            if day.day == MISSED and not results:
                price *= Decimal(row["calls"] + 1) / row["calls"]
            results.append(
                {
                    "object": "organization.costs.result",
                    "amount": {"value": orjson.Fragment(f"{price:.12f}"), "currency": "usd"},
                    "line_item": row["model"],
                }
            )
        yield _bucket(day, results)


def _by_day(days: pl.DataFrame) -> Iterator[tuple[date, list[dict[str, Any]]]]:
    for rows in days.partition_by("day", maintain_order=True):
        yield rows["day"][0], rows.to_dicts()


def _bucket(day: date, results: list[dict[str, Any]]) -> dict[str, Any]:
    start = int(datetime.combine(day, time(), UTC).timestamp())
    return {"object": "bucket", "start_time": start, "end_time": start + 86_400, "results": results}


def _write(folder: Path, file: str, buckets: list[dict[str, Any]]) -> FileExpectation:
    page = {"object": "page", "data": buckets, "has_more": False, "next_page": None}
    (folder / file).write_bytes(orjson.dumps(page))
    return FileExpectation(file, "usage", REPORT_FORMAT, None, good=sum(len(bucket["results"]) for bucket in buckets))
