import json
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from typing import Any

import pytest
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelPrice, TieredPrices

from ingest.usage.events import COST, MAX_COUNT

from .reading import DATA, RECEIVED, read

COUNTS = ("tokens_input", "tokens_output", "tokens_cache_read", "tokens_cache_write", "tokens_reasoning")


def test_a_body_with_a_known_provider_is_extracted_and_priced():
    result = read(DATA / "bodies.jsonl")
    assert (result.format, result.read, result.rejections) == ("provider-usage-jsonl", 7, [])
    event = result.event("p-1")
    assert [event[c] for c in COUNTS] == [130, 5, 100, 20, 0]
    assert (event["source"], event["user_email"], event["conversation"]) == ("anthropic", "ana@example.com", "c-9")
    assert (event["timestamp"], event["timestamp_known"]) == (datetime(2026, 3, 1, 9, 30, tzinfo=UTC), True)
    # 10 x 3 + 100 x 0.30 + 20 x 3.75 and 5 x 15 USD per million
    assert (event["cost_input"], event["cost_output"]) == (Decimal("0.000135"), Decimal("0.000075"))


def test_a_body_without_a_time_happened_when_it_arrived():
    event = read(DATA / "bodies.jsonl").event("p-2")
    assert (event["timestamp"], event["timestamp_known"]) == (RECEIVED, False)
    later = read(DATA / "bodies.jsonl", datetime(2026, 5, 1, tzinfo=UTC)).event("p-2")
    assert later["content_hash"] == event["content_hash"]


def test_integers_written_as_text_are_read():
    assert [read(DATA / "bodies.jsonl").event("p-2")[c] for c in COUNTS] == [100, 7, 64, 0, 0]


def test_counts_of_nameless_providers_are_read_by_their_spelling_and_cost_nothing_known():
    result = read(DATA / "bodies.jsonl")
    assert [result.event("p-3")[c] for c in COUNTS] == [13, 4, 10, 0, 0]
    assert [result.event("p-7")[c] for c in COUNTS] == [12, 12, 4, 0, 7]
    assert [result.event("chatcmpl-1")[c] for c in COUNTS] == [9, 1, 0, 0, 0]
    for event_id in ("p-3", "p-7", "chatcmpl-1"):
        assert result.event(event_id)["total_cost"] is None


def test_two_equal_bodies_without_an_id_stay_two_and_keep_their_names():
    def names() -> list[str]:
        events = read(DATA / "bodies.jsonl").events
        return events["event_id"].to_list()[4:6]

    assert len(set(names())) == 2
    assert names() == names()


def test_a_fee_that_is_neither_input_nor_output_is_in_the_total():
    usage = b'{"input_tokens":10,"output_tokens":5,"server_tool_use":{"web_search_requests":2}}'
    body = b'{"id":"w","provider":"anthropic","response":{"model":"claude-sonnet-4-5","usage":' + usage + b"}}"
    event = read(body).event("w")
    assert event["total_cost"] - event["cost_input"] - event["cost_output"] == Decimal("0.02")


def test_each_bad_line_is_one_rejection_and_the_rest_loads():
    result = read(DATA / "bodies_bad.jsonl")
    assert result.events["event_id"].to_list() == ["q-1"]
    assert result.broken == {
        2: "no_usage",
        3: "missing_value",
        4: "negative_count",
        5: "not_an_integer",
        6: "naive_timestamp",
        7: "absurd_count",
        8: "not_json",
        9: "not_an_object",
    }


def body(provider: str, response: dict[str, Any], **fields: Any) -> bytes:
    return json.dumps({"id": "b", "provider": provider, "response": response, **fields}).encode()


def searched(count: object) -> bytes:
    usage = {"input_tokens": 10, "output_tokens": 5, "server_tool_use": {"web_search_requests": count}}
    return body("anthropic", {"model": "claude-sonnet-4-5", "usage": usage})


def scanned(count: object) -> bytes:
    return body("mistral", {"model": "mistral-ocr-latest", "usage_info": {"pages_processed": count}})


@pytest.mark.parametrize(
    ("count", "rule"),
    [(10**11, "absurd_count"), (10**15, "absurd_count"), (2.5, "not_an_integer"), (-3, "negative_count")],
)
@pytest.mark.parametrize("say", [searched, scanned])
def test_a_unit_beside_the_tokens_is_a_count_too(say, count, rule):
    result = read(say(2) + b"\n" + say(count))
    assert result.events["record"].to_list() == [1]
    assert result.events["total_cost"][0] > 0
    assert result.broken == {2: rule}


def test_the_largest_count_at_the_highest_price_fits_the_column_of_a_cost():
    models = chain.from_iterable(provider.models for provider in get_snapshot().providers)
    rows = chain.from_iterable(
        [m.prices] if isinstance(m.prices, ModelPrice) else [row.prices for row in m.prices] for m in models
    )
    listed = [price for row in rows for price in vars(row).values() if isinstance(price, Decimal | TieredPrices)]
    highest = max(p if isinstance(p, Decimal) else max(p.base, *(tier.price for tier in p.tiers)) for p in listed)
    # No unit is priced by fewer than a thousand but a call itself; a hundred kinds of units are more than there are.
    assert highest / 1000 * MAX_COUNT * 100 < 10 ** (24 - COST.scale)


def _body_of(extractor: Any) -> dict[str, Any]:
    """The least that an extractor reads: a count at each of its paths, parts smaller than totals."""
    response: dict[str, Any] = {}
    _put(response, extractor.model_path, "any")
    totals = {str(m.path) for m in extractor.mappings if m.dest in ("input_tokens", "output_tokens")}
    usage: dict[str, Any] = {}
    for number, path in enumerate(dict.fromkeys(str(m.path) for m in extractor.mappings), 1):
        mapping = next(m for m in extractor.mappings if str(m.path) == path)
        _put(usage, mapping.path, number + (1000 if path in totals else 0))
    _put(response, extractor.root, usage)
    return response


def _put(holder: Any, path: Any, value: Any) -> None:
    *steps, last = [path] if isinstance(path, str) else path
    for place, step in enumerate(steps):
        if not isinstance(step, str):
            item = {step.field: step.match.equals}
            holder.append(item)
            holder = item
        else:
            following = [*steps, last][place + 1]
            holder = holder.setdefault(step, {} if isinstance(following, str) else [])
    holder[last] = value


FLAVORS = [(p, e) for p in get_snapshot().providers for e in p.extractors or []]


@pytest.mark.parametrize(("provider", "extractor"), FLAVORS, ids=[f"{p.id} {e.api_flavor}" for p, e in FLAVORS])
def test_every_kind_of_answer_that_the_price_book_knows_is_read(provider, extractor):
    response = _body_of(extractor)
    _, usage = extractor.extract(response)
    expected = {unit: count for unit, count in vars(usage).items() if count}
    event = read(body(provider.id, response, api_flavor=extractor.api_flavor)).event("b")
    assert _units(event) == expected
    # Nobody has to say which kind it is: what is read then is no less.
    guessed = read(body(provider.id, response))
    assert guessed.rejections == []
    assert _units(guessed.event("b"))


def _units(event: dict[str, Any]) -> dict[str, Any]:
    core = dict(
        zip(
            ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "output_reasoning_tokens"),
            (event[name] for name in COUNTS),
            strict=True,
        )
    )
    return {unit: count for unit, count in (core | json.loads(event["units"] or "{}")).items() if count}


def test_the_kind_of_an_answer_is_found_by_what_it_reports():
    assert _units(read(scanned(3)).event("b")) == {"input_document_pages": 3}
    embedded = {"model": "embed-v4.0", "meta": {"billed_units": {"input_tokens": 7}}}
    assert _units(read(body("cohere", embedded)).event("b")) == {"input_tokens": 7}
    details = {"text_tokens": 3, "image_tokens": 7}
    drawn = {"input_tokens": 10, "input_tokens_details": details, "output_tokens": 50}
    event = read(body("openai", {"model": "gpt-image-1", "usage": drawn})).event("b")
    assert json.loads(event["units"])["input_image_tokens"] == 7


def test_a_kind_of_answer_that_nobody_knows_is_set_aside_with_those_that_are_known():
    response = {"model": "gpt-4o-mini", "usage": {"prompt_tokens": 1, "completion_tokens": 1}}
    [rejection] = read(body("openai", response, api_flavor="chatt")).rejections
    assert (rejection.rule, rejection.column) == ("unknown_flavor", "api_flavor")
    assert "chat, responses" in rejection.reason
