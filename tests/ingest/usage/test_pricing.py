from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import genai_prices
import polars as pl
from genai_prices.data import providers
from genai_prices.data_units import unit_data
from genai_prices.types import ModelPrice, TieredPrices
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.usage.prices import RATE_SCALE
from ingest.usage.pricing import price

MODELS = [(provider.id, model.id) for provider in providers for model in provider.models]
START, END = datetime(2024, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "output_reasoning_tokens")
SIZES = st.one_of(st.integers(0, 3_000), st.sampled_from([128_000, 200_000, 200_001, 272_001, 10**10]))


@st.composite
def events(draw):
    provider, model = draw(st.sampled_from(MODELS))
    total_in, total_out = draw(SIZES), draw(st.integers(0, 10**6))
    read = draw(st.integers(0, total_in))
    return {
        "provider": provider,
        "model": model,
        "timestamp": START + timedelta(microseconds=draw(st.integers(0, (END - START) // timedelta(microseconds=1)))),
        "tokens_input": total_in,
        "tokens_output": total_out,
        "tokens_cache_read": read,
        "tokens_cache_write": draw(st.integers(0, total_in - read)),
        "tokens_reasoning": draw(st.integers(0, total_out)),
    }


def priced(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return price(pl.DataFrame(rows, schema_overrides={"timestamp": pl.Datetime("us", "UTC")})).rows(named=True)


def event(model: str, at: datetime, provider: str | None = None, **tokens: int) -> dict[str, object]:
    counts = dict.fromkeys(("input", "output", "cache_read", "cache_write", "reasoning"), 0) | tokens
    row = {f"tokens_{name}": count for name, count in counts.items()}
    return {"provider": provider, "model": model, "timestamp": at, **row}


def rounded(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-12), ROUND_HALF_EVEN)


@settings(max_examples=150, deadline=None)
@given(st.lists(events(), min_size=1, max_size=20))
def test_a_frame_costs_what_the_price_book_says_of_each_event(rows):
    for row, result in zip(rows, priced(*rows), strict=True):
        usage = genai_prices.Usage(
            input_tokens=row["tokens_input"],
            output_tokens=row["tokens_output"],
            cache_read_tokens=row["tokens_cache_read"],
            cache_write_tokens=row["tokens_cache_write"],
            output_reasoning_tokens=row["tokens_reasoning"],
        )
        try:
            expected = genai_prices.calc_price(
                usage, row["model"], provider_id=row["provider"], genai_request_timestamp=row["timestamp"]
            )
        except LookupError:
            assert result["total_cost"] is None
            continue
        listed = expected.model_price
        if (row["tokens_input"] and listed.input_mtok is None) or (row["tokens_output"] and listed.output_mtok is None):
            free = expected.model.id.endswith(":free")
            assert result["total_cost"] == (0 if free else None)
            continue
        fees = expected.total_price - expected.input_price - expected.output_price
        assert result["cost_input"] == rounded(expected.input_price)
        assert result["cost_output"] == rounded(expected.output_price)
        assert result["total_cost"] == result["cost_input"] + result["cost_output"] + rounded(fees)


def test_every_token_price_of_the_book_is_a_whole_number_of_rate_steps():
    checked = 0
    for model in (model for provider in providers for model in provider.models):
        rows = [model.prices] if isinstance(model.prices, ModelPrice) else [row.prices for row in model.prices]
        for unit in (*TOKENS, "requests"):
            for listed in (getattr(row, unit_data[unit]["price_key"]) for row in rows):
                tiered = isinstance(listed, TieredPrices)
                for amount in [listed.base, *(t.price for t in listed.tiers)] if tiered else [listed]:
                    if amount is not None:
                        rate = amount.scaleb(RATE_SCALE) / unit_data[unit]["per"]
                        assert rate == rate.to_integral_value(), (model.id, unit, amount)
                        checked += 1
    assert checked > 5_000


def test_the_price_in_force_at_the_time_of_the_event_is_used():
    # o3 went from 10 to 2 USD per million on 2025-06-10.
    before, after = priced(
        event("o3", datetime(2025, 6, 9, 23, 59, 59, tzinfo=UTC), input=1_000_000),
        event("o3", datetime(2025, 6, 10, tzinfo=UTC), input=1_000_000),
    )
    assert (before["total_cost"], after["total_cost"]) == (10, 2)
    assert after["price_version"].endswith("from 2025-06-10")


def test_a_tier_starts_above_its_threshold():
    at = datetime(2026, 3, 1, tzinfo=UTC)
    below, above = priced(
        event("gemini-2.5-pro", at, "google", input=200_000), event("gemini-2.5-pro", at, "google", input=200_001)
    )
    assert (below["total_cost"], above["total_cost"]) == (Decimal("0.25"), Decimal("0.5000025"))


def test_unknown_model_provider_and_unpriced_counts_have_no_cost():
    at = datetime(2026, 3, 1, tzinfo=UTC)
    results = priced(
        event("a-model-nobody-sells", at, "openai", input=1),
        event("gpt-4o", at, "a-vendor-nobody-knows", input=1),
        event("text-embedding-3-small", at, "openai", input=1, output=1),  # sells no output
    )
    assert [r["total_cost"] for r in results] == [None, None, None]
    assert [r["price_version"] for r in results] == [None, None, None]


def test_a_provider_is_inferred_from_the_model_and_named_as_the_book_names_it():
    at = datetime(2026, 3, 1, tzinfo=UTC)
    results = priced(event("claude-sonnet-4-5", at, input=1), event("gpt-4o", at, "azure.ai.openai", input=1))
    assert [r["provider"] for r in results] == ["anthropic", "openai"]


def test_audio_beside_text_from_the_cache_has_a_price():
    # Gemini reports no audio from the cache, as 0; 0.30 a million in, 0.03 from the cache, 1.00 of audio.
    units = (
        '{"input_tokens": 1000, "input_audio_tokens": 200, "input_text_tokens": 800, "cache_read_tokens": 300,'
        ' "cache_text_read_tokens": 300}'
    )
    counts = event("gemini-2.5-flash", datetime(2026, 1, 1, tzinfo=UTC), "google", input=1000, cache_read=300)
    [known] = priced(counts | {"units": units})
    assert known["total_cost"] == (500 * Decimal("0.3") + 300 * Decimal("0.03") + 200) / 10**6
    [unknown] = priced(counts | {"units": units.replace(', "cache_text_read_tokens": 300', "")})
    assert unknown["total_cost"] is None  # who knows how much of the audio came from the cache


def test_an_empty_frame_stays_empty():
    frame = pl.DataFrame([event("gpt-4o", START)]).clear()
    assert price(frame).height == 0
