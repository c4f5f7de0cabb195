"""Prices of our own: which one holds for an event, and what becomes of the units it leaves out."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import polars as pl
import pytest
from genai_prices.data import providers

from ingest.usage.overrides import Override, OverrideBook
from ingest.usage.pricing import COSTS, price

JANUARY, FEBRUARY = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


def numbers() -> Iterator[UUID]:
    yield from (UUID(int=n) for n in range(1, 100))


IDS = numbers()


def own(
    provider: str, model: str, valid_from: datetime = JANUARY, valid_to: datetime | None = None, /, **prices: str
) -> Override:
    given = tuple((f"{unit}_price", Decimal(amount)) for unit, amount in prices.items())
    return Override(next(IDS), provider, model, valid_from, valid_to, given)


def cost(
    *overrides: Override,
    provider: str | None = "openai",
    model: str = "gpt-4o",
    at: datetime = JANUARY,
    units: str | None = None,
    **tokens: int,
) -> dict[str, Any]:
    counts = dict.fromkeys(("input", "output", "cache_read", "cache_write", "reasoning"), 0) | tokens
    row = {f"tokens_{name}": count for name, count in counts.items()}
    schema = {"timestamp": pl.Datetime("us", "UTC"), "units": pl.String(), "provider": pl.String()}
    event = {"provider": provider, "model": model, "timestamp": at, "units": units, **row}
    return price(pl.DataFrame([event], schema_overrides=schema), OverrideBook(overrides)).row(0, named=True)


def test_a_price_holds_from_its_first_instant_until_before_its_last() -> None:
    ours = own("openai", "gpt-4o", JANUARY, FEBRUARY, input="1")
    listed = cost(input=1_000_000)["total_cost"]
    for at, expected in (
        (JANUARY - INSTANT, listed),
        (JANUARY, 1),
        (FEBRUARY - INSTANT, 1),
        (FEBRUARY, listed),
    ):
        assert cost(ours, at=at, input=1_000_000)["total_cost"] == expected
    assert listed == Decimal("2.5")
    assert cost(ours, input=1)["price_version"] == f"override:{ours.id}"
    assert cost(ours, at=FEBRUARY, input=1)["price_version"].startswith("genai-prices")


def test_a_name_comes_before_a_pattern_and_a_long_pattern_before_a_short_one() -> None:
    book = [own("openai", name, input=amount) for name, amount in (("*", "1"), ("gpt-*", "2"), ("gpt-4o", "3"))]
    for model, expected in (("gpt-4o", 3), ("GPT-4o", 3), ("gpt-4o-mini", 2), ("o3", 1)):
        assert cost(*book, model=model, input=1_000_000)["total_cost"] == expected
    assert cost(*book, provider="anthropic", model="claude-sonnet-4-5", input=100_000)["total_cost"] == Decimal("0.3")


def test_the_provider_is_the_one_that_was_found_and_unknown_where_none_was() -> None:
    inferred = cost(
        own("anthropic", "claude-sonnet-4-5", input="1"), provider=None, model="claude-sonnet-4-5", input=10**6
    )
    assert (inferred["provider"], inferred["total_cost"]) == ("anthropic", 1)
    alias = cost(own("openai", "gpt-4o", input="1"), provider="azure.ai.openai", input=10**6)
    assert alias["total_cost"] == 1
    nobodys = cost(own("unknown", "our-model", input="1"), provider=None, model="our-model", input=10**6)
    assert (nobodys["provider"], nobodys["total_cost"]) == (None, 1)
    assert cost(own("unknown", "our-model", input="1"), model="our-model", input=10**6)["total_cost"] is None


def test_a_unit_it_leaves_out_has_the_listed_price_and_a_part_without_one_that_of_its_whole() -> None:
    # gpt-4o: 2.50 in, 1.25 from the cache, 10.00 out.
    ours = own("openai", "gpt-4o", input="1")
    read = cost(ours, input=3_000_000, cache_read=1_000_000, output=1_000_000)
    assert (read["cost_input"], read["cost_output"]) == (Decimal("2") + Decimal("1.25"), 10)
    new = own("openai", "our-model", input="1", output="2")
    parts = cost(new, model="our-model", input=2_000_000, cache_read=1_000_000, output=2_000_000, reasoning=1_000_000)
    assert (parts["cost_input"], parts["cost_output"]) == (2, 4)


def test_a_reported_unit_that_nobody_prices_makes_the_cost_unknown_and_not_0() -> None:
    ours = own("openai", "our-model", input="1")
    assert cost(ours, model="our-model", input=10**6)["total_cost"] == 1
    unknown = cost(ours, model="our-model", input=10**6, output=1)
    assert [unknown[name] for name in ("cost_input", "cost_output", "total_cost", "price_version")] == [None] * 4
    with_searches = '{"input_tokens": 1000000, "output_tokens": 1, "web_searches": 1}'
    assert cost(ours, model="our-model", input=10**6, output=1, units=with_searches)["total_cost"] is None


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ({"request": "0.01"}, Decimal("2.5") + 10 + Decimal("0.01")),
        ({"reasoning": "4"}, Decimal("2.5") + 4),
        ({"input": "0", "output": "0"}, Decimal(0)),
        ({"input": "0.000000000001", "output": "0"}, Decimal("0.000000000001")),
    ],
)
def test_every_unit_has_its_own_price(prices: dict[str, str], expected: Decimal) -> None:
    ours = own("openai", "gpt-4o", **prices)
    assert cost(ours, input=10**6, output=10**6, reasoning=10**6)["total_cost"] == expected


def test_audio_and_the_two_cache_writes_are_priced_each() -> None:
    ours = own(
        "p",
        "m",
        input="1",
        cache_read="0.5",
        cache_write="2",
        cache_write_1h="4",
        output="3",
        input_audio="8",
        output_audio="16",
    )
    units = (
        '{"input_tokens": 9000000, "cache_read_tokens": 1000000, "cache_write_tokens": 3000000,'
        ' "cache_write_1h_tokens": 1000000, "input_audio_tokens": 1000000, "output_tokens": 3000000,'
        ' "output_audio_tokens": 1000000, "cache_audio_read_tokens": 0, "cache_audio_write_tokens": 0,'
        ' "cache_audio_write_1h_tokens": 0}'
    )
    priced = cost(ours, provider="p", model="m", units=units, input=9 * 10**6, output=3 * 10**6)
    # 4 of text, 1 from the cache, 2 kept for 5 minutes, 1 for an hour, 1 of audio; 2 of text, 1 of audio.
    assert priced["cost_input"] == 4 + Decimal("0.5") + 2 * 2 + 4 + 8
    assert priced["cost_output"] == 2 * 3 + 16
    # One price of an hour alone leaves the others where they are.
    hour = own("anthropic", "claude-sonnet-4-5", cache_write_1h="1")
    written = '{"input_tokens": 1000000, "cache_write_tokens": 1000000, "cache_write_1h_tokens": 1000000}'
    assert cost(hour, provider="anthropic", model="claude-sonnet-4-5", units=written)["total_cost"] == 1


def test_what_was_kept_aside_beside_the_counts_is_no_unit() -> None:
    aside = '{"extra": {"input_tokens": 7}}'
    assert cost(units=aside, input=10**6)["total_cost"] == Decimal("2.5")
    assert cost(own("openai", "gpt-4o", input="1"), units=aside, input=10**6)["total_cost"] == 1


def test_an_override_of_a_tiered_price_holds_for_every_size() -> None:
    ours = own("google", "gemini-2.5-pro", input="1")
    assert cost(ours, provider="google", model="gemini-2.5-pro", input=10**6)["total_cost"] == 1


def test_a_stored_event_is_priced_as_when_it_was_read() -> None:
    """Whatever the provider was called: the name that is stored leads to the same price."""
    names: list[tuple[str | None, str]] = [(p.id, model.id) for p in providers for model in p.models]
    names += [(None, model) for _, model in names] + [("litellm", f"{provider}/{model}") for provider, model in names]
    counts = dict.fromkeys(("tokens_cache_read", "tokens_cache_write", "tokens_reasoning"), 0)
    events = [
        {
            "provider": provider,
            "model": model,
            "timestamp": JANUARY,
            "tokens_input": 1000,
            "tokens_output": 10,
            **counts,
        }
        for provider, model in names
    ]
    read = price(
        pl.DataFrame(events, schema_overrides={"timestamp": pl.Datetime("us", "UTC")}, infer_schema_length=None)
    )
    assert read["total_cost"].count() > 2_000
    again = price(read.drop(COSTS))
    assert again.filter(pl.col("total_cost").ne_missing(read["total_cost"])).is_empty()
