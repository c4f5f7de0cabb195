from datetime import UTC, datetime
from decimal import Decimal

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
