"""Price rows of the dated price book (genai-prices): which row applies to a model at an instant and size.

The book answers by itself (`ModelInfo.get_prices`); this module only finds where its answer can change, so that one
question per interval is enough for any number of events. Source: https://github.com/pydantic/genai-prices.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

import genai_prices
from genai_prices.data_snapshot import get_snapshot
from genai_prices.data_units import unit_data
from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

from ingest.usage.overrides import Override

RATE_SCALE = 24
"""Rates are integers in 10^-24 USD per unit: every token price of the book is a whole number of them (tested)."""

BOOK = f"genai-prices {genai_prices.__version__}"
PROXY = "litellm"
_LONG_AGO = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Rates:
    """USD per unit in 10^-RATE_SCALE; None where the book prices neither the unit nor what contains it."""

    input: int | None
    cache_read: int | None
    cache_write: int | None
    output: int | None
    reasoning: int | None
    request: int
    version: str


@dataclass(frozen=True, eq=False)
class PricedModel:
    """A model of the book, and the dates, times of day (UTC) and input sizes at which its price changes."""

    provider: Provider
    model: ModelInfo
    dates: tuple[date, ...]
    times: tuple[time, ...]
    tiers: tuple[int, ...]


def find_provider(provider: str | None, model: str | None) -> Provider | None:
    """Return the provider of that name, or, when none is named, the one whose models are called so."""
    try:
        return get_snapshot().find_provider(model.lower() if model else None, provider or None, None)
    except LookupError:
        return None


@lru_cache(maxsize=20_000)
def find_model(provider: str | None, model: str | None) -> PricedModel | None:
    """Return the model in the price book, or None when it knows the provider or the model not."""
    if not model:
        return None
    # A proxy names its models provider/model. What is found must be found again by the provider's own name.
    prefix, _, rest = model.partition("/")
    if provider and provider.lower() == PROXY and rest and find_provider(prefix, None):
        provider = prefix
    try:
        found, info = get_snapshot().find_provider_model(model, None, provider or None, None)
    except LookupError:
        of = find_provider(provider, model)
        return find_model(of.id, rest) if of and rest and prefix.lower() == of.id else None
    conditions = [row.constraint for row in _conditional(info)]
    starts = {c.start_date for c in conditions if isinstance(c, StartDateConstraint)}
    hours = {_utc(t) for c in conditions if isinstance(c, TimeOfDateConstraint) for t in (c.start_time, c.end_time)}
    tiers = {
        tier.start
        for row in _conditional(info)
        for price in vars(row.prices).values()
        if isinstance(price, TieredPrices)
        for tier in price.tiers
    }
    return PricedModel(found, info, tuple(sorted(starts)), tuple(sorted(hours)), tuple(sorted(tiers)))


def instant(dates: tuple[date, ...], times: tuple[time, ...], date_slot: int, time_slot: int) -> datetime:
    """Return an instant in the slot that many breaks lie before; slot 0 is before the first break."""
    day = dates[date_slot - 1] if date_slot else _LONG_AGO
    return datetime.combine(day, times[time_slot - 1] if time_slot else time(), tzinfo=UTC)


def version(model: PricedModel | None, override: Override | None, at: datetime) -> str:
    """Name the override, or the book and, where a model has several price rows, the condition of the one in force."""
    if override is not None:
        return override.version
    if model is None:
        return BOOK
    price = model.model.get_prices(at)
    condition = next((row.constraint for row in reversed(_conditional(model.model)) if row.prices is price), None)
    if isinstance(condition, StartDateConstraint):
        return f"{BOOK} from {condition.start_date.isoformat()}"
    if isinstance(condition, TimeOfDateConstraint):
        return f"{BOOK} {_utc(condition.start_time):%H:%M}-{_utc(condition.end_time):%H:%M} UTC"
    return BOOK


@lru_cache(maxsize=20_000)
def rates(model: PricedModel | None, override: Override | None, at: datetime, input_tokens: int) -> Rates:
    """Return the rates at an instant for a call of that many input tokens: the book's, or an override over them."""
    listed = listed_prices(model, override, at)
    nothing = 0 if model is not None and is_free(model.model) else None
    whole_input = _rate(listed, "input_tokens", input_tokens, nothing)
    whole_output = _rate(listed, "output_tokens", input_tokens, nothing)
    return Rates(
        input=whole_input,
        # A part without a price of its own is charged like the total that contains it.
        cache_read=_rate(listed, "cache_read_tokens", input_tokens, whole_input),
        cache_write=_rate(listed, "cache_write_tokens", input_tokens, whole_input),
        output=whole_output,
        reasoning=_rate(listed, "output_reasoning_tokens", input_tokens, whole_output),
        request=_rate(listed, "requests", input_tokens, 0) or 0,
        version=version(model, override, at),
    )


def listed_prices(model: PricedModel | None, override: Override | None, at: datetime) -> ModelPrice:
    """Return the prices in force at an instant, with those of an override in their place."""
    listed = ModelPrice() if model is None else model.model.get_prices(at)
    return listed if override is None else override.over(listed)


def is_free(model: ModelInfo) -> bool:
    """Tell whether the model is listed as free; a row without any price otherwise means an unknown price."""
    return model.id.endswith(":free")


def _rate(price: ModelPrice, unit: str, input_tokens: int, missing: int | None) -> int | None:
    listed: Decimal | TieredPrices | None = getattr(price, unit_data[unit]["price_key"])
    if listed is None:
        return missing
    if isinstance(listed, TieredPrices):
        passed = [tier.price for tier in listed.tiers if input_tokens > tier.start]
        listed = passed[-1] if passed else listed.base
    scaled = listed.scaleb(RATE_SCALE) / unit_data[unit]["per"]
    return int(scaled.to_integral_value(ROUND_HALF_EVEN))


def _conditional(model: ModelInfo) -> list[ConditionalPrice]:
    return [ConditionalPrice(prices=model.prices)] if isinstance(model.prices, ModelPrice) else model.prices


def _utc(value: time) -> time:
    if value.tzinfo is None:
        return value
    return datetime.combine(_LONG_AGO, value).astimezone(UTC).time()
