"""Buckets of provider reports, and each result as one row: tokens in inclusive totals, amounts in whole currency.

Sources: OpenAI's and Anthropic's references of their administration APIs. OpenAI's input includes what came from the
cache, Anthropic's leaves it out; Anthropic's amounts are decimal texts in cents. A bucket is a UTC day or a part
of one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import partial
from hashlib import md5
from typing import Any
from uuid import UUID

import orjson
import polars as pl

from ingest.usage import values
from ingest.usage.counts import Spelling
from ingest.usage.counts import read as read_counts
from ingest.usage.events import COST, EARLIEST
from ingest.usage.values import Breach

SCHEMA: dict[str, pl.DataType] = {
    "record": pl.Int64(),
    "line": pl.Int64(),
    "report_key": pl.String(),
    "provider": pl.String(),
    "kind": pl.String(),
    "report": pl.String(),
    "starts_at": pl.Datetime("us", "UTC"),
    "ends_at": pl.Datetime("us", "UTC"),
    "model": pl.String(),
    "item": pl.String(),
    "grouping": pl.String(),
    "dimensions": pl.String(),
    "requests": pl.Int64(),
    "tokens_input": pl.Int64(),
    "tokens_output": pl.Int64(),
    "tokens_cache_read": pl.Int64(),
    "tokens_cache_write": pl.Int64(),
    "units": pl.String(),
    "amount": COST,
    "currency": pl.String(),
}
"""A row: `kind` is usage (counts) or cost (`amount` in `currency`), `report` which one of the provider's."""

PERSONAL = ("user_id", "api_key_id", "api_key_name", "user_email")
"""Dimensions that tell people apart: part of a result's identity, and not kept."""
MAX_AMOUNT = Decimal(10) ** 9
"""More than this for one line of a day is a mistake."""

_OPENAI_COUNTS = Spelling(
    "OpenAI's usage report",
    input=("input_tokens",),
    output=("output_tokens",),
    cache_read=("input_cached_tokens",),
    units={
        unit: (unit,)
        for unit in ("input_audio_tokens", "output_audio_tokens", "input_image_tokens", "output_image_tokens")
    },
)
_OPENAI_PARTS = (
    *("input_uncached_tokens", "input_text_tokens", "output_text_tokens", "input_cached_text_tokens"),
    *("input_cached_audio_tokens", "input_cached_image_tokens"),
)
_ANTHROPIC_COUNTS = Spelling(
    "Anthropic's usage report",
    input=("uncached_input_tokens",),
    output=("output_tokens",),
    cache_read=("cache_read_input_tokens",),
    cache_write=("cache_write_input_tokens",),
    units={
        "cache_write_1h_tokens": ("cache_creation.ephemeral_1h_input_tokens",),
        "web_searches": ("server_tool_use.web_search_requests",),
    },
    cache_on_top=True,
)
_UNKNOWN = "not known here: wait for a version that knows them, or discard the row"
_TAKEN = ("completions", "embeddings", "moderations")
_LEFT = ("images", "audio_speeches", "audio_transcriptions", "vector_stores", "code_interpreter_sessions")

_Result = Mapping[str, Any]
_Figures = dict[str, Any]

_SMALLEST = Decimal(1).scaleb(-12)
_NO_USAGE: _Figures = dict.fromkeys(("tokens_input", "tokens_output", "tokens_cache_read", "tokens_cache_write"), 0)
_NO_COST: _Figures = {"amount": Decimal(0), "currency": "USD"}


@dataclass(frozen=True)
class Bucket:
    """A span of time of a report, and its results.

    `report` is kind and name of what the file is of, as far as can be told: an empty bucket does not say.
    `grouping` names the dimensions that tell results apart.
    """

    provider: str
    report: tuple[str, str] | None
    times: Mapping[str, Any]
    starts_at: datetime
    ends_at: datetime
    results: list[Any]
    grouping: tuple[str, ...]

    def row(self, result: object) -> _Figures | str:
        """Return the result's row, or the kind of what is not taken. Raises `Breach` when it says what cannot be."""
        if result is None:
            if self.report is None:
                return "empty bucket"
            return self._described(self.report, {}, _NO_USAGE if self.report[0] == "usage" else _NO_COST)
        if not isinstance(result, dict):
            raise Breach("not_an_object", "a result must be a JSON object", "results")
        report, figures = _openai(result) if self.provider == "openai" else _anthropic(result)
        return report if figures is None else self._described(_kind_of(report), result, figures)

    def alone(self, result: object) -> str:
        """Return a bucket with this result only."""
        results = [] if result is None else [result]
        return values.json_text({**self.times, "results": results, "grouped_by": self.grouping})

    def _described(self, report: tuple[str, str], result: _Result, figures: _Figures) -> _Figures:
        said = _dimensions(result)
        identity = [self.provider, *report, self.starts_at.isoformat(), self.ends_at.isoformat(), said, self.grouping]
        digest = md5(orjson.dumps(identity, option=orjson.OPT_SORT_KEYS), usedforsecurity=False)
        kept = {name: value for name, value in said.items() if name not in (*PERSONAL, "model", "line_item")}
        return {
            "report_key": str(UUID(bytes=digest.digest())),
            "provider": self.provider,
            "kind": report[0],
            "report": report[1],
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
            "model": _model(result),
            "item": values.name(result.get("line_item") or result.get("description"), "model"),
            "grouping": " ".join(self.grouping),
            "dimensions": orjson.dumps(kept, option=orjson.OPT_SORT_KEYS).decode(),
            **figures,
        }


def report_of(head: bytes) -> tuple[str, str] | None:
    """Tell kind and name of the report from the beginning of a file, None when none of it has a result."""
    if found := re.search(rb'"organization\.(?:usage\.)?(\w+)\.result"', head):
        return _kind_of(found[1].decode())
    if b'"uncached_input_tokens"' in head:
        return _kind_of("messages")
    return _kind_of("costs") if b'"amount"' in head else None


def _kind_of(report: str) -> tuple[str, str]:
    return ("cost" if report == "costs" else "usage", report)


def bucket_of(value: object, report: tuple[str, str] | None) -> Bucket:
    """Read a bucket. Raises `Breach` when it is none, or none that can be held against a UTC day."""
    if not isinstance(value, dict) or not isinstance(value.get("results"), list):
        raise Breach("not_a_bucket", "this is no bucket of a usage or cost report: it has no list of results")
    if "starting_at" in value:
        provider, names, read = "anthropic", ("starting_at", "ending_at"), values.instant
    else:
        provider, names, read = "openai", ("start_time", "end_time"), _seconds
    if any(value.get(name) is None for name in names):
        raise Breach("missing_value", f"a bucket needs {names[0]} and {names[1]}", names[0])
    starts_at, ends_at = (read(value[name], name) for name in names)
    latest = datetime.now(UTC) + timedelta(days=2)
    if not EARLIEST <= starts_at < latest:
        reason = f"{names[0]} {starts_at:%Y-%m-%dT%H:%MZ} is before {EARLIEST:%Y-%m-%d} or in the future"
        raise Breach("impossible_time", f"{reason}: ask for the report again", names[0])
    if ends_at <= starts_at:
        raise Breach("bad_time", f"{names[1]} is not after {names[0]}", names[1])
    if (ends_at - timedelta(microseconds=1)).date() != starts_at.date():
        raise Breach("not_a_day", "the bucket is more than one UTC day: ask for bucket_width=1d", names[1])
    results = value["results"]
    named = value.get("grouped_by") or [name for of in results if isinstance(of, dict) for name in _dimensions(of)]
    if not isinstance(named, list):
        raise Breach("malformed", "grouped_by must be a list of names: ask for the report again", "grouped_by")
    times = {name: value[name] for name in names}
    return Bucket(provider, report, times, starts_at, ends_at, results, tuple(sorted({str(name) for name in named})))


def _openai(result: _Result) -> tuple[str, _Figures | None]:
    """Return the report's name and the figures, None for a kind that is not taken."""
    what = str(result.get("object", "")).removeprefix("organization.").removesuffix(".result")
    if what == "costs":
        amount = result.get("amount")
        if not isinstance(amount, dict):
            raise Breach("missing_value", "a cost needs its amount", "amount")
        return what, {
            "amount": _amount(amount.get("value")).quantize(_SMALLEST),
            "currency": _currency(amount.get("currency")),
        }
    what = what.removeprefix("usage.")
    if what in _LEFT:
        return f"usage of {what}", None
    if what not in _TAKEN:
        raise Breach("unknown_unit", f"usage of {what[:60]!r} is counted in units that are {_UNKNOWN}", "object")
    known = (*_names(_OPENAI_COUNTS), *_OPENAI_PARTS)
    figures = _counts(result, _OPENAI_COUNTS, known)
    return what, {**figures, "requests": values.whole(result.get("num_model_requests"), "num_model_requests")}


def _anthropic(result: _Result) -> tuple[str, _Figures]:
    if "amount" in result:
        cents = _amount(result["amount"])
        return "costs", {"amount": (cents / 100).quantize(_SMALLEST), "currency": _currency(result.get("currency"))}
    writes = result.get("cache_creation")
    writes = writes if isinstance(writes, dict) else {}
    parts = {name: values.whole(count, f"cache_creation.{name}") or 0 for name, count in writes.items()}
    tools = result.get("server_tool_use")
    for name in tools if isinstance(tools, dict) else ():
        if name != "web_search_requests" and tools[name]:  # type: ignore[index]
            raise Breach("unknown_unit", f"{name} is a unit that is {_UNKNOWN}", "server_tool_use")
    known = (*_names(_ANTHROPIC_COUNTS), "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
    return "messages", _counts(
        {**result, "cache_write_input_tokens": sum(parts.values())}, _ANTHROPIC_COUNTS, (*known, *parts)
    )


def _counts(result: _Result, spelling: Spelling, known: tuple[str, ...]) -> _Figures:
    for name, count in result.items():
        if name.endswith("_tokens") and name not in known and count:
            raise Breach("unknown_unit", f"{name} is a unit that is {_UNKNOWN}", name)
    counts = read_counts(partial(values.at, result), spelling)
    if counts is None:
        raise Breach(
            "no_usage", "the result reports no token counts: ask for the report again, or discard the row", "results"
        )
    return {
        "tokens_input": counts.input,
        "tokens_output": counts.output,
        "tokens_cache_read": counts.cache_read,
        "tokens_cache_write": counts.cache_write,
        "units": orjson.dumps(counts.units, option=orjson.OPT_SORT_KEYS).decode() if counts.units else None,
    }


def _names(spelling: Spelling) -> tuple[str, ...]:
    return (*spelling.input, *spelling.output, *spelling.cache_read, *spelling.cache_write, *spelling.units)


def _dimensions(result: _Result) -> dict[str, Any]:
    """Return what tells a result from its neighbours: texts and truths, not figures."""
    left_out = ("object", "amount", "currency", "organization_id")
    return {
        name: value
        for name, value in result.items()
        if isinstance(value, str | bool) and name not in left_out and value != ""
    }


def _model(result: _Result) -> str | None:
    model = values.name(result.get("model"), "model")
    item = result.get("line_item")
    if model is None and isinstance(item, str) and ", " in item and " " not in item.partition(", ")[0]:
        # "gpt-4o-2024-08-06, input": what OpenAI calls a line of its costs.
        return values.name(item.partition(", ")[0], "model")
    return model


def _seconds(value: object, column: str) -> datetime:
    whole = values.whole(value, column)
    return datetime.fromtimestamp(min(whole or 0, 32_503_680_000), UTC)


def _amount(value: object) -> Decimal:
    try:
        amount = Decimal(str(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite():
        raise Breach("not_an_amount", f"amount must be a decimal number, not {value!r:.60}", "amount")
    if abs(amount) > MAX_AMOUNT:
        raise Breach("absurd_amount", f"amount is more than {MAX_AMOUNT:f}", "amount")
    return amount


def _currency(value: object) -> str:
    if not (isinstance(value, str) and value.upper() == "USD"):
        raise Breach("unknown_unit", f"costs are compared in USD, not in {value!r:.20}", "currency")
    return "USD"
