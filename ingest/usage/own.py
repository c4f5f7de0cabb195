"""The contract of our own usage files (JSON Lines, CSV, Parquet): columns, types, limits and rules.

    event_id, timestamp (RFC 3339 with a zone), user (e-mail), agent, conversation, provider, model,
    input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, duration_ms,
    success, error, prompt, completion, reverses

Required: event_id, timestamp, model, input_tokens, output_tokens. Input and output tokens are inclusive totals. Whole
numbers may be written as text ("42"); anything else that is not a whole number is refused. A column the contract does
not know is kept aside under "extra" in `units`, unless it counts a unit that the price book knows, which is read, or
tokens of a kind nobody knows, which is refused (see `own_extra`). A record with
`reverses` takes the event of that id back and needs nothing else (see `reversals`). A record breaks at most one rule:
the first, in the order below.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from ingest.formats import Rejection
from ingest.usage import own_extra, reversals
from ingest.usage.events import (
    CLOCK_SKEW,
    EARLIEST,
    KIND,
    MAX_COUNT,
    MAX_DURATION,
    TEXT_LIMITS,
    canonical,
    with_content_hash,
)
from ingest.usage.pricing import COSTS, price
from ingest.usage.unit_names import UNKNOWN_UNIT

SOURCE = "cauce"
REVERSES = reversals.COLUMN
TEXTS = {
    **{name: TEXT_LIMITS[name] for name in ("event_id", "agent", "conversation", "provider", "model")},
    "user": TEXT_LIMITS["user_email"],
    REVERSES: TEXT_LIMITS["event_id"],
    "error": None,
    "prompt": None,
    "completion": None,
}
"""Text columns and the most characters each may have."""
COUNTS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
INTEGERS = (*COUNTS, "duration_ms")
COLUMNS = (
    *("event_id", "timestamp", "user", "agent", "conversation", "provider", "model"),
    *(*INTEGERS, "success", "error", "prompt", "completion", REVERSES),
)
REQUIRED = ("event_id", "timestamp", "model", "input_tokens", "output_tokens")
_RFC3339 = r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$"
_NAIVE = r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?$"


_EXTRA_RULES = {
    "unknown_unit": f"{{value}} counts a unit that is not known here: {UNKNOWN_UNIT}",
    "not_an_integer": "{value} must be a whole number",
    "negative_count": "{value} must not be negative",
    "absurd_count": f"{{value}} is more than {MAX_COUNT}",
}
"""What may be wrong with a count that is none of the contract."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition a record must not meet."""

    name: str
    column: str
    reason: str
    broken: pl.Expr


def missing(names: Collection[str]) -> list[str]:
    """The columns that a table must have and has not; one of reversals needs no other."""
    return [] if REVERSES in names else [name for name in REQUIRED if name not in names]


def accept(frame: pl.DataFrame, received_at: datetime) -> tuple[dict[str, pl.DataFrame], list[tuple[int, Rule, str]]]:
    """Split records as read into canonical frames by kind and breaches (row number in `frame`, rule, value).

    `frame` has `record`, `line`, all of `COLUMNS` (texts String; counts Int64 or String; success Boolean or String;
    timestamp String or Datetime) and `extra` (JSON text or null).
    """
    events, taken_back = reversals.split(frame)
    events = events.with_columns(own_extra.split(events["extra"], events["model"]))
    read = events.with_columns(_texts(events) + _numbers(events) + [_success(events), _instant(events)])
    good, breaches = _checked(read, events, list(_rules(events, received_at)))
    frames = {KIND: _events(good)}
    if taken_back is not None:
        good, more = _checked(taken_back.with_columns(_texts(taken_back)), taken_back, list(_reversal_rules()))
        frames[reversals.KIND] = reversals.canonical(good, SOURCE)
        breaches = sorted(breaches + more, key=lambda breach: breach[0])
    return frames, breaches


def _checked(
    read: pl.DataFrame, frame: pl.DataFrame, rules: list[Rule]
) -> tuple[pl.DataFrame, list[tuple[int, Rule, str]]]:
    """The records that break no rule, and the first breach of each of the others."""
    first = pl.coalesce(pl.when(rule.broken).then(pl.lit(number)) for number, rule in enumerate(rules))
    breach = read.select(first.alias("rule"))["rule"]
    bad = breach.is_not_null().arg_true()
    breaches = []
    for row in bad:
        rule = rules[breach[row]]
        breaches.append((frame["row"][row], rule, str(frame[rule.column][row])))
    return read.filter(breach.is_null()) if breaches else read, breaches


def rejection(frame: pl.DataFrame, breach: tuple[int, Rule, str], raw: str) -> Rejection:
    """Describe a breach found by `accept`."""
    row, rule, value = breach
    shown = value if len(value) <= 60 else value[:57] + "…"
    return Rejection(
        record=frame["record"][row],
        line=frame["line"][row],
        column=rule.column,
        rule=rule.name,
        reason=rule.reason.format(value=shown),
        raw=raw,
    )


def _texts(frame: pl.DataFrame) -> list[pl.Expr]:
    texts = []
    for name in TEXTS:
        text = pl.col(name).cast(pl.String)
        if name not in ("prompt", "completion"):
            text = text.str.strip_chars()
        if name in ("user", "provider"):
            text = text.str.to_lowercase()
        texts.append(pl.when(text != "").then(text).alias(name))
    return texts


def _numbers(frame: pl.DataFrame) -> list[pl.Expr]:
    """Read whole numbers to Int128 under `#name`, wide enough to tell an absurd one from none."""
    exprs = []
    for name in INTEGERS:
        column = pl.col(name)
        if not frame.schema[name].is_integer():
            column = column.cast(pl.String).str.strip_chars()
        exprs.append(column.cast(pl.Int128, strict=False).alias(f"#{name}"))
    return exprs


def _success(frame: pl.DataFrame) -> pl.Expr:
    if frame.schema["success"] == pl.Boolean:
        return pl.col("success").alias("#success")
    text = pl.col("success").cast(pl.String).str.strip_chars().str.to_lowercase()
    known = {"true": True, "1": True, "false": False, "0": False}
    return text.replace_strict(known, default=None, return_dtype=pl.Boolean).alias("#success")


def _instant(frame: pl.DataFrame) -> pl.Expr:
    dtype = frame.schema["timestamp"]
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone is None:
            return pl.lit(None, dtype=pl.Datetime("us", "UTC")).alias("#timestamp")
        return pl.col("timestamp").dt.convert_time_zone("UTC").dt.cast_time_unit("us").alias("#timestamp")
    text = pl.col("timestamp").cast(pl.String).str.strip_chars()
    well_formed = pl.when(text.str.contains(_RFC3339)).then(text)
    return well_formed.str.strptime(pl.Datetime("us", "UTC"), "%+", strict=False).alias("#timestamp")


def _present(name: str) -> pl.Expr:
    """Tell whether a column that is not text carries a value; the empty text of a CSV is none."""
    return pl.col(name).is_not_null() & (pl.col(name).cast(pl.String).str.strip_chars() != "")


def _rules(frame: pl.DataFrame, received_at: datetime) -> Iterator[Rule]:
    for name in REQUIRED:
        missing = pl.col(name).is_null() if name in TEXTS else ~_present(name)
        yield Rule("missing_value", name, f"{name} is required and empty: give it a value", missing)
    for name in TEXTS:
        if name != REVERSES:
            yield from _text_rules(name)
    yield _email_rule()
    yield from _time_rules(frame, received_at)
    for name in INTEGERS:
        yield from _count_rules(name)
    parts = pl.col("#cache_read_tokens").fill_null(0) + pl.col("#cache_write_tokens").fill_null(0)
    yield Rule(
        "part_exceeds_total",
        "input_tokens",
        "cache_read_tokens + cache_write_tokens exceed input_tokens ({value}), which includes them",
        parts > pl.col("#input_tokens"),
    )
    yield Rule(
        "part_exceeds_total",
        "output_tokens",
        "reasoning_tokens exceed output_tokens ({value}), which includes them",
        pl.col("#reasoning_tokens") > pl.col("#output_tokens"),
    )
    for rule, reason in _EXTRA_RULES.items():
        yield Rule(rule, "extra_count", reason, pl.col("extra_rule") == rule)
    yield Rule(
        "not_a_boolean",
        "success",
        "success must be true or false, not {value!r}",
        _present("success") & pl.col("#success").is_null(),
    )


def _reversal_rules() -> Iterator[Rule]:
    yield from _text_rules(REVERSES)
    yield from _text_rules("user")
    yield _email_rule()


def _text_rules(name: str) -> Iterator[Rule]:
    nul = pl.col(name).str.contains("\x00", literal=True)
    yield Rule("control_character", name, f"{name} contains a NUL character: remove it", nul)
    if limit := TEXTS[name]:
        control = pl.col(name).str.contains(r"[\x00-\x1f]")
        yield Rule("control_character", name, f"{name} contains a control character: remove it", control)
        long = pl.col(name).str.len_chars() > limit
        yield Rule("too_long", name, f"{name} has more than {limit} characters: shorten it", long)


def _email_rule() -> Rule:
    email = ~pl.col("user").str.contains(r"^[^@\s]+@[^@\s]+$")
    return Rule("not_an_email", "user", "user must be an e-mail address, not {value!r}", email)


def _time_rules(frame: pl.DataFrame, received_at: datetime) -> Iterator[Rule]:
    instant, latest = pl.col("#timestamp"), received_at + CLOCK_SKEW
    if isinstance(frame.schema["timestamp"], pl.Datetime):
        naive = instant.is_null()
    else:
        naive = pl.col("timestamp").cast(pl.String).str.strip_chars().str.contains(_NAIVE)
    yield Rule(
        "naive_timestamp",
        "timestamp",
        "timestamp {value!r} has no time zone: write it with Z or an offset, such as 2026-01-31T09:30:00-06:00",
        naive,
    )
    yield Rule(
        "not_a_timestamp",
        "timestamp",
        "timestamp {value!r} is not an RFC 3339 time such as 2026-01-31T09:30:00-06:00",
        instant.is_null(),
    )
    yield Rule(
        "impossible_time",
        "timestamp",
        f"timestamp {{value!r}} is before {EARLIEST:%Y-%m-%d} or after {latest:%Y-%m-%dT%H:%MZ}: correct the clock",
        (instant < EARLIEST) | (instant > latest),
    )


def _count_rules(name: str) -> Iterator[Rule]:
    number = pl.col(f"#{name}")
    limit = MAX_DURATION if name == "duration_ms" else MAX_COUNT
    not_integer = _present(name) & number.is_null()
    yield Rule("not_an_integer", name, f"{name} must be a whole number, not {{value!r}}", not_integer)
    yield Rule("negative_count", name, f"{name} must not be negative: {{value}}", number < 0)
    yield Rule("absurd_count", name, f"{name} is more than {limit}: {{value}}", number > limit)


def _events(read: pl.DataFrame) -> pl.DataFrame:
    def count(name: str) -> pl.Expr:
        return pl.col(f"#{name}").cast(pl.Int64).fill_null(0)

    events = read.select(
        "record",
        "line",
        "event_id",
        pl.lit(SOURCE).alias("source"),
        pl.col("#timestamp").alias("timestamp"),
        pl.lit(True).alias("timestamp_known"),
        pl.col("user").alias("user_email"),
        "agent",
        "conversation",
        "provider",
        "model",
        count("input_tokens").alias("tokens_input"),
        count("output_tokens").alias("tokens_output"),
        count("cache_read_tokens").alias("tokens_cache_read"),
        count("cache_write_tokens").alias("tokens_cache_write"),
        count("reasoning_tokens").alias("tokens_reasoning"),
        pl.col("in_tier").fill_null(value=False).alias("unpriced"),
        pl.col("#duration_ms").cast(pl.Int64).alias("duration"),
        # Without a word on success, an event that reports an error failed.
        pl.col("#success").fill_null(pl.col("error").is_null()).alias("success"),
        pl.col("error").alias("error_message"),
        "prompt",
        "completion",
        "extra",
        "more_units",
    )
    events = price(with_content_hash(events.with_columns(own_extra.whole_units(events))))
    extra = pl.concat_str(pl.lit('"extra":'), "extra", pl.lit("}"))  # null where extra is
    begun = pl.col("units").str.strip_suffix("}") + pl.lit(",")
    units = pl.coalesce(begun + extra, pl.lit("{") + extra, "units")
    known = (pl.when(~pl.col("unpriced")).then(pl.col(name)).alias(name) for name in COSTS)
    return canonical(events.with_columns(units.alias("units"), *known))
