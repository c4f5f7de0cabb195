"""Cost of usage events at the price of their own time, in exact integers, a whole frame at a time.

Cost = Σ over leaf units (count x price per unit), a leaf being an inclusive total minus its parts. Counts are
multiplied by integer rates (10^-24 USD) in 128 bits, so that nothing is rounded before the end; each cost is then
rounded once, half to even, to 12 decimals, and the total is the sum of the rounded parts and fees. An event whose
provider, model or reported count has no price has no cost: null, never 0. An override (`ingest.usage.overrides`) that
is in force at the event's time comes before the price book.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import orjson
import polars as pl
from genai_prices import Usage
from genai_prices.data_units import unit_data

from ingest.usage import prices
from ingest.usage.events import COST
from ingest.usage.overrides import NO_OVERRIDES, Override, OverrideBook

CORE_UNITS = {
    "input_tokens": "tokens_input",
    "output_tokens": "tokens_output",
    "cache_read_tokens": "tokens_cache_read",
    "cache_write_tokens": "tokens_cache_write",
    "output_reasoning_tokens": "tokens_reasoning",
}
"""The units that have a column of their own; every other one lives in `units` under the price book's name."""

_RATES = {
    **dict.fromkeys(("input", "cache_read", "cache_write", "output", "reasoning", "request"), pl.Int128()),
    "version": pl.String(),
}
_CACHED = tuple(f"cache_{kind}_read_tokens" for kind in ("text", "audio", "image", "video"))
_ROUNDING = 10 ** (prices.RATE_SCALE - 12)
_CENT = Decimal(1).scaleb(-12)
_BREAKS = ("dates", "times", "tiers")
COSTS = ("cost_input", "cost_output", "total_cost", "price_version")
"""What an event's price makes of it."""

_Cost = tuple[Decimal, Decimal, Decimal, str]


def price(frame: pl.DataFrame, book: OverrideBook = NO_OVERRIDES) -> pl.DataFrame:
    """Add `cost_input`, `cost_output`, `total_cost` (USD), `price_version`, and put the book's name in `provider`.

    A missing provider is inferred from the model's name. Rows with `units` are priced one by one by the library.
    """
    frame = _with_rates(frame, book)
    cost_input = (
        _leaf("input", "tokens_input", "tokens_cache_read", "tokens_cache_write")
        + _leaf("cache_read", "tokens_cache_read")
        + _leaf("cache_write", "tokens_cache_write")
    )
    cost_output = _leaf("output", "tokens_output", "tokens_reasoning") + _leaf("reasoning", "tokens_reasoning")
    frame = frame.with_columns(_dollars(cost_input).alias("cost_input"), _dollars(cost_output).alias("cost_output"))
    total = pl.col("cost_input") + pl.col("cost_output") + _dollars(pl.col("request"))
    frame = frame.with_columns(total.cast(COST).alias("total_cost"))
    # A cost is known as a whole or not at all.
    known = pl.col("total_cost").is_not_null()
    frame = frame.with_columns(
        pl.when(known).then(pl.col(name)).alias(name) for name in ("cost_input", "cost_output")
    ).with_columns(pl.when(known).then(pl.col("version")).alias("price_version"))
    return _price_units(frame.drop(*_RATES), book).drop("_override")


def price_anew(frame: pl.DataFrame, book: OverrideBook) -> pl.DataFrame:
    """Price events that an override may be about once more; the others stay as they are, and those `unpriced`.

    The frame is canonical: it was priced by the price book, so that each provider has the book's name.
    """
    names = frame.select("provider", "model").unique()
    meant = [bool(book.meaning(provider, model)) for provider, model in names.iter_rows()]
    if not any(meant):
        return frame
    about = pl.col("_meant") & ~pl.col("unpriced")
    frame = frame.join(
        names.with_columns(_meant=pl.Series(meant)), on=["provider", "model"], nulls_equal=True, maintain_order="left"
    )
    again = price(frame.filter(about).drop(COSTS), book).select(frame.columns)
    return pl.concat([again, frame.filter(~about)]).sort("record").drop("_meant")


def _leaf(rate: str, total: str, *parts: str) -> pl.Expr:
    """Return (total - parts) x rate; a count of nothing costs nothing even where nothing is priced."""
    count = pl.col(total).cast(pl.Int128)
    for part in parts:
        count = count - pl.col(part).cast(pl.Int128)
    return pl.when(pl.col("version").is_not_null() & (count == 0)).then(0).otherwise(count * pl.col(rate))


def _dollars(amount: pl.Expr) -> pl.Expr:
    """Round an amount in 10^-RATE_SCALE USD to Decimal(38, 12), half to even, without leaving the integers."""
    step = pl.lit(_ROUNDING, dtype=pl.Int128)
    whole, rest = amount // step, amount % step
    up = (rest * 2 > step) | ((rest * 2 == step) & (whole % 2 == 1))
    return ((whole + up.cast(pl.Int128)).cast(pl.Decimal(38, 0)) * pl.lit(_CENT)).cast(COST)


def _with_rates(frame: pl.DataFrame, book: OverrideBook) -> pl.DataFrame:
    """Join each event with the rates in force at its time and size, looked up once per distinct combination."""
    pairs = frame.select("provider", "model").unique()
    found = [prices.find_model(provider, model) for provider, model in pairs.iter_rows()]
    names = [(_provider_name(provider, model), model) for provider, model in pairs.iter_rows()]
    models = pairs.with_columns(
        pl.Series("_model", [None if m is None else i for i, m in enumerate(found)], dtype=pl.Int64),
        pl.Series("_provider", [p for p, _ in names], dtype=pl.String),
        pl.Series("_name", range(len(names)), dtype=pl.Int64),
        *(
            pl.Series(f"_has_{kind}", [bool(m and getattr(m, kind)) for m in found], dtype=pl.Boolean)
            for kind in _BREAKS
        ),
    )
    frame = frame.join(models, on=["provider", "model"], how="left", nulls_equal=True, maintain_order="left")
    priced = [m for m in found if m is not None]
    dates = tuple(sorted({d for m in priced for d in m.dates}))
    times = tuple(sorted({t for m in priced for t in m.times}))
    tiers = tuple(sorted({t for m in priced for t in m.tiers}))
    at = frame["timestamp"]
    slots = {
        "dates": pl.Series(dates, dtype=pl.Date).search_sorted(at.dt.date(), side="right"),
        "times": pl.Series(times, dtype=pl.Time).search_sorted(at.dt.time(), side="right"),
        # A tier starts above its threshold, not at it.
        "tiers": pl.Series(tiers, dtype=pl.Int64).search_sorted(frame["tokens_input"], side="left"),
    }
    keys = ["_model", "_override", *(f"_{kind}" for kind in _BREAKS)]
    frame = frame.with_columns(s.cast(pl.Int64).alias(f"_{kind}") for kind, s in slots.items()).with_columns(
        *(pl.when(f"_has_{kind}").then(f"_{kind}").otherwise(0).alias(f"_{kind}") for kind in _BREAKS),
        book.in_force(names, "_name", "timestamp").alias("_override"),
    )
    known = pl.col("_model").is_not_null() | pl.col("_override").is_not_null()
    combinations = frame.select(keys).filter(known).unique()
    rows: list[dict[str, Any]] = []
    for number, own, date_slot, time_slot, tier_slot in combinations.iter_rows():
        model = None if number is None else found[number]
        size = tiers[tier_slot - 1] + 1 if tier_slot else 0
        at_slot = prices.instant(dates, times, date_slot, time_slot)
        rates = prices.rates(model, _numbered(book, own), at_slot, size)
        rows.append({name: getattr(rates, name) for name in _RATES})
    table = combinations.hstack(pl.DataFrame(rows, schema=_RATES))
    return (
        frame.join(table, on=keys, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(pl.col("_provider").alias("provider"))
        .drop("_provider", "_name", "_model", *(f"_{kind}" for kind in _BREAKS), *(f"_has_{kind}" for kind in _BREAKS))
    )


def _provider_name(provider: str | None, model: str | None) -> str | None:
    priced = prices.find_model(provider, model)
    found = priced.provider if priced else prices.find_provider(provider, model)
    return found.id if found else provider


def _numbered(book: OverrideBook, number: int | None) -> Override | None:
    return None if number is None else book.overrides[number]


def _price_units(frame: pl.DataFrame, book: OverrideBook) -> pl.DataFrame:
    """Price the rows that report units beyond the core columns: audio, 1 h cache writes, searches."""
    if "units" not in frame.columns or frame["units"].null_count() == frame.height:
        return frame
    columns = ["provider", "model", "timestamp", "_override"]
    counted = [_units(units) for units in frame["units"]]
    rows = zip(counted, frame.select(columns).iter_rows(), strict=True)
    costs = [
        _library_cost(provider, model, at, units, _numbered(book, own)) if units else None
        for units, (provider, model, at, own) in rows
    ]
    names = ("cost_input", "cost_output", "total_cost")
    priced = pl.DataFrame(
        {
            **{name: [c[i] if c else None for c in costs] for i, name in enumerate(names)},
            "price_version": [c[3] if c else None for c in costs],
        },
        schema={**dict.fromkeys(names, COST), "price_version": pl.String()},
    )
    alone = pl.Series(map(bool, counted), dtype=pl.Boolean)
    return frame.with_columns(pl.when(alone).then(priced[c]).otherwise(pl.col(c)).alias(c) for c in priced.columns)


def _units(text: str | None) -> dict[str, int | float]:
    """Return what is reported in units of the price book; what was kept aside beside them is none."""
    if not text:
        return {}
    usage = {key: value for key, value in orjson.loads(text).items() if key in unit_data}
    # Where some kinds make up all that came from the cache, there was nothing of the others: the library must be told.
    if usage and sum(usage.get(kind, 0) for kind in _CACHED) == usage.get("cache_read_tokens"):
        usage = dict.fromkeys(_CACHED, 0) | usage
    return usage


def _library_cost(
    provider: str | None, model: str | None, at: datetime, usage: Mapping[str, int | float], override: Override | None
) -> _Cost | None:
    priced = prices.find_model(provider, model)
    if priced is None and override is None:
        return None
    listed = prices.listed_prices(priced, override, at)
    unlisted = [u for u in ("input_tokens", "output_tokens") if getattr(listed, unit_data[u]["price_key"]) is None]
    if any(usage.get(unit) for unit in unlisted) and not (priced and prices.is_free(priced.model)):
        return None
    try:
        if priced is None or override is not None:
            cost = listed.calc_price(Usage(**usage))
        else:
            # The model knows rules of its provider beside the prices.
            found = priced.model.calc_price(Usage(**usage), priced.provider, genai_request_timestamp=at)
            cost = {
                "input_price": found.input_price,
                "output_price": found.output_price,
                "total_price": found.total_price,
            }
    except ValueError:
        # The book cannot make leaves of these units (a total is missing, or its parts exceed it).
        return None
    fees = cost["total_price"] - cost["input_price"] - cost["output_price"]
    amounts = (cost["input_price"], cost["output_price"], fees)
    parts = [amount.quantize(_CENT, ROUND_HALF_EVEN) for amount in amounts]
    return parts[0], parts[1], sum(parts, Decimal(0)), prices.version(priced, override, at)
