"""The canonical usage event: the columns every usage format ends in, and the hash of what an event means.

One row is one call of a model. `tokens_input` and `tokens_output` are inclusive totals: the input counts what was read
from and written to the cache, the output counts reasoning; the parts never exceed them.
"""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import polars as pl

KIND = "usage"
"""The record kind of the frames in a chunk."""

MAX_COUNT = 10**10
"""A token count above this is a mistake, not a call: the largest context windows are a few million tokens."""

EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
"""No event of a model that is priced by the call is older."""
CLOCK_SKEW = timedelta(days=2)
"""How far after its arrival an event may lie: clocks are wrong, and zones are ahead."""
MAX_DURATION = 2**31 - 1
TEXT_LIMITS = {
    "event_id": 255,
    "source": 100,
    "user_email": 255,
    "agent": 255,
    "conversation": 255,
    "provider": 100,
    "model": 255,
}
"""The most characters of the texts that are names."""

TOKENS = ("tokens_input", "tokens_output", "tokens_cache_read", "tokens_cache_write", "tokens_reasoning")
COST = pl.Decimal(38, 12)

SCHEMA: dict[str, pl.DataType] = {
    "record": pl.Int64(),
    "line": pl.Int64(),
    "event_id": pl.String(),
    "source": pl.String(),
    "timestamp": pl.Datetime("us", "UTC"),
    "timestamp_known": pl.Boolean(),
    "user_email": pl.String(),
    "agent": pl.String(),
    "conversation": pl.String(),
    "provider": pl.String(),
    "model": pl.String(),
    "tokens_input": pl.Int64(),
    "tokens_output": pl.Int64(),
    "tokens_cache_read": pl.Int64(),
    "tokens_cache_write": pl.Int64(),
    "tokens_reasoning": pl.Int64(),
    "units": pl.String(),
    "unpriced": pl.Boolean(),
    "cost_input": COST,
    "cost_output": COST,
    "total_cost": COST,
    "price_version": pl.String(),
    "duration": pl.Int64(),
    "success": pl.Boolean(),
    "error_message": pl.String(),
    "prompt": pl.String(),
    "completion": pl.String(),
    "content_hash": pl.Binary(),
}
"""Canonical columns and their types; costs in USD, `duration` in milliseconds, `units` a JSON object.

`unpriced` tells that the cost follows no price list: unknown for want of counts or of a provider, or nothing by a rule
that `price_version` names.
"""

_MEANING = ("user_email", "agent", "conversation", "provider", "model", *TOKENS, "units")


def with_content_hash(frame: pl.DataFrame) -> pl.DataFrame:
    """Add `content_hash`: 16 bytes over the meaning of each event.

    Two spellings of one event (key order, string or number, other zone of the same instant, other format) have one
    hash; the time takes part only where the input gave it, since otherwise it is the time of arrival. To be called
    before a price or a provider is looked up, so that a new price list does not make a known event look changed.
    """
    time = pl.when(pl.col("timestamp_known")).then(pl.col("timestamp").dt.epoch("us"))
    # No text of an event is empty, so the empty one can stand for null.
    texts = [
        part.cast(pl.String).fill_null("") for part in (time, pl.col("success"), *(pl.col(name) for name in _MEANING))
    ]
    line = pl.concat_str(pl.lit("usage/1"), *texts, separator="\x1f").cast(pl.Binary)
    meanings = frame.select(line.alias("text"))["text"].to_list()
    digests = [sha256(meaning).digest()[:16] for meaning in meanings]
    return frame.with_columns(pl.Series("content_hash", digests, dtype=pl.Binary))


def canonical(frame: pl.DataFrame) -> pl.DataFrame:
    """Return exactly the canonical columns in their order; columns the format does not have become null."""
    return frame.select(
        pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in SCHEMA.items()
    )
