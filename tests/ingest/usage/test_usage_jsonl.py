import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from .reading import DATA, read


def line(number: int = 1, **columns: object) -> dict[str, object]:
    event = {
        "event_id": f"e-{number}",
        "timestamp": "2026-03-01T09:30:00Z",
        "model": "gpt-4o-mini",
        "input_tokens": 10,
        "output_tokens": 5,
    }
    return event | columns


def file_of(*lines: dict[str, object]) -> bytes:
    return "".join(json.dumps(one) + "\n" for one in lines).encode()


def test_a_good_file_becomes_priced_events():
    result = read(DATA / "good.jsonl")
    assert (result.format, result.read, result.rejections) == ("cauce-usage-jsonl", 4, [])
    assert result.events["line"].to_list() == [1, 2, 4, 5]  # the blank line is no record
    event = result.event("g-1")
    assert event["timestamp"] == datetime(2026, 3, 1, 15, 30, tzinfo=UTC)
    assert event["user_email"] == "ana@example.com"
    # 600 fresh and 400 cached tokens at 0.15 and 0.075, 200 at 0.60 USD per million
    assert (event["cost_input"], event["cost_output"]) == (Decimal("0.00012"), Decimal("0.00012"))
    assert event["total_cost"] == Decimal("0.00024")
    assert event["price_version"].startswith("genai-prices ")


def test_integers_written_as_text_are_read_and_a_missing_provider_is_inferred():
    event = read(DATA / "good.jsonl").event("g-2")
    assert (event["tokens_input"], event["tokens_output"], event["provider"]) == (42, 50, "anthropic")


def test_an_event_with_an_error_failed_and_an_unknown_column_is_kept_aside():
    event = read(DATA / "good.jsonl").event("g-3")
    assert event["success"] is False
    assert json.loads(event["units"]) == {"extra": {"team": "ventas", "tags": ["a", "b"]}}


def test_an_unknown_model_has_an_unknown_cost_not_zero():
    event = read(DATA / "good.jsonl").event("g-4")
    assert [event[c] for c in ("cost_input", "cost_output", "total_cost", "price_version")] == [None] * 4


def test_each_bad_line_is_one_rejection_with_its_rule_and_the_rest_loads():
    result = read(DATA / "bad.jsonl")
    assert result.events["event_id"].to_list() == ["b-1", "b-19"]
    assert result.broken == {
        2: "not_json",
        3: "not_an_object",
        4: "missing_value",
        5: "naive_timestamp",
        6: "not_a_timestamp",
        7: "impossible_time",
        8: "impossible_time",
        9: "missing_value",
        10: "not_an_integer",
        11: "not_an_integer",
        12: "negative_count",
        13: "absurd_count",
        14: "part_exceeds_total",
        15: "part_exceeds_total",
        16: "not_a_boolean",
        17: "not_an_email",
        18: "control_character",
        20: "not_an_integer",
        21: "missing_value",
    }
    lines = (DATA / "bad.jsonl").read_text().splitlines()
    for rejection in result.rejections:
        assert rejection.line == rejection.record
        assert rejection.raw == lines[rejection.record - 1]
        assert len(rejection.reason) > 20
        assert "\n" not in rejection.reason


@pytest.mark.parametrize("value", [1.0, 1e3, "1.0", "1e3", "", [1], {"a": 1}, "１x"])
def test_what_is_not_a_whole_number_is_refused(value):
    result = read(file_of(line(1), line(2, input_tokens=value)))
    assert list(result.broken) == [2]


def test_one_bad_line_among_many_blocks_costs_no_other_line():
    lines = [line(n) for n in range(1, 5_001)]
    text = file_of(*lines).splitlines()
    text[2_500] = b'{"event_id": "broken'
    result = read(b"\n".join(text))
    assert (result.events.height, result.broken) == (4_999, {2_501: "not_json"})
    assert result.events["line"].to_list() == [n for n in range(1, 5_001) if n != 2_501]
    assert json.loads(result.texts[5_000])["event_id"] == "e-5000"


def test_more_lines_than_a_chunk_holds_come_in_several():
    result = read(file_of(line(1)) + b"{}\n" * 120_000 + file_of(line(2)))
    assert result.read == 120_002
    assert result.events["record"].to_list() == [1, 120_002]


def test_a_mark_at_the_beginning_and_windows_line_ends_change_nothing():
    plain = (DATA / "good.jsonl").read_bytes()
    marked = b"\xef\xbb\xbf" + plain.replace(b"\n", b"\r\n")
    assert read(marked).events.equals(read(plain).events)


def test_bytes_that_are_no_text_are_one_bad_line():
    result = read(file_of(line(1)) + b'{"event_id": "\xff\xfe"}\n' + file_of(line(3)))
    assert result.broken == {2: "not_json"}


def test_a_line_too_long_is_refused_and_the_next_one_read(monkeypatch):
    monkeypatch.setattr("ingest.usage.lines.BLOCK_BYTES", 2**17)
    result = read(file_of(line(1), line(2, prompt="x" * 300_000), line(3)))
    assert result.events["line"].to_list() == [1, 3]
    assert result.broken == {2: "record_too_long"}
    assert len(result.rejections[0].raw) < 10_000


def test_numbers_and_texts_of_numbers_may_be_mixed_and_a_fraction_is_still_found():
    result = read(file_of(line(1, input_tokens="10"), line(2), line(3, input_tokens=10.0), line(4, input_tokens="10")))
    assert result.broken == {3: "not_an_integer"}
    assert result.events["tokens_input"].to_list() == [10, 10, 10]


def test_names_written_as_numbers_are_texts():
    event = read(file_of(line(1, conversation=42))).event("e-1")
    assert event["conversation"] == "42"
