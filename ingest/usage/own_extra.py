"""What a record of our own files says beyond the contract: units of the price book, a tier, and what is only kept.

A unit of the price book, such as `input_audio_tokens`, is read like a count of the contract: it has a price of its own.
The other columns are kept as they are.
"""

import re
from typing import Any

import orjson
import polars as pl
from genai_prices.data_units import unit_data

from ingest.usage import tiers
from ingest.usage.counts import Counts
from ingest.usage.events import TOKENS
from ingest.usage.pricing import CORE_UNITS
from ingest.usage.unit_names import require_known
from ingest.usage.values import Breach, units_of

_UNITS = frozenset(unit_data) - {*CORE_UNITS, "requests"}
_TIER = ("service_tier", "inference_geo")
_READ = _UNITS.union(_TIER)
_TELLS = "|".join(["(?i:token)", *_TIER, *sorted(re.escape(name) for name in _UNITS if "token" not in name)])
_FOUND = {
    "more_units": pl.String(),
    "in_tier": pl.Boolean(),
    "extra_count": pl.String(),
    "extra_rule": pl.String(),
}


def split(extra: pl.Series, models: pl.Series) -> pl.DataFrame:
    """Take extra columns (JSON text or null) of calls of some models apart, a row each: `extra` is what is only kept.

    `more_units` is a JSON object of units of the price book or null, `in_tier` true where no price is listed for the
    call. Where the record breaks a rule, `extra_rule` is its name and `extra_count` the column that does.
    """
    texts = extra.cast(pl.String).alias("extra")
    rows = texts.str.contains(_TELLS).fill_null(value=False).arg_true()
    read = zip(rows, texts.gather(rows), models.gather(rows), strict=True)
    told = [(row, found) for row, text, model in read if (found := _told(text, model))]
    if not told:
        return texts.to_frame().with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in _FOUND.items())
    findings = pl.DataFrame([found for _, found in told], schema={"rest": pl.String(), **_FOUND}).with_columns(
        pl.Series("row", [row for row, _ in told], dtype=pl.UInt32), pl.lit(value=True).alias("told")
    )
    frame = texts.to_frame().with_row_index("row")
    frame = frame.join(findings, on="row", how="left", maintain_order="left")
    return frame.select(pl.when("told").then("rest").otherwise("extra").alias("extra"), *_FOUND)


def _told(text: str, model: object) -> dict[str, Any] | None:
    """Read extra columns, None where they are only kept."""
    columns = orjson.loads(text)
    try:
        require_known(columns.items())
        if columns.keys().isdisjoint(_READ):
            return None
        units = {
            name: count
            for name in sorted(columns.keys() & _UNITS)
            if (count := units_of(name, columns[name] or None, name))
        }
    except Breach as breach:
        return {"extra_count": breach.column, "extra_rule": breach.rule}
    rest = {name: value for name, value in columns.items() if name not in _UNITS}
    return {
        "rest": orjson.dumps(rest).decode() if any(value is not None for value in rest.values()) else None,
        "more_units": orjson.dumps(units).decode() if units else None,
        "in_tier": bool(tiers.not_standard(((name, rest.get(name)) for name in _TIER), model)),
    }


def whole_units(events: pl.DataFrame) -> pl.Series:
    """The units of events that have more than those of the contract, these among them; null for the others."""
    units: list[str | None] = [None] * events.height
    counted = events.select("more_units", *TOKENS).with_row_index().filter(pl.col("more_units").is_not_null())
    for row, more, total_in, total_out, cache_read, cache_write, reasoning in counted.iter_rows():
        counts = Counts.within(
            input=total_in,
            output=total_out,
            cache_read=cache_read,
            cache_write=cache_write,
            reasoning=reasoning,
            more=orjson.loads(more),
        )
        units[row] = orjson.dumps(counts.units, option=orjson.OPT_SORT_KEYS).decode()
    return pl.Series("units", units, dtype=pl.String)
