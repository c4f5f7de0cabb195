import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ingest.otlp.answers import Media
from ingest.otlp.requests import line_of

from .reading import DATA, read

COUNTS = ["tokens_input", "tokens_output", "tokens_cache_read", "tokens_cache_write", "tokens_reasoning"]


def test_every_dialect_gives_the_same_counts_and_meaning():
    events = read(DATA / "dialects.otlp.jsonl").events
    assert events.height == 8
    assert set(events.select(COUNTS).rows()) == {(100, 50, 40, 10, 20)}
    assert events["content_hash"].n_unique() == 1
    # 50 x 0.15 + 40 x 0.075 + 10 x 0.15 and 50 x 0.60 USD per million
    assert set(events.select("cost_input", "cost_output").rows()) == {(Decimal("0.000012"), Decimal("0.00003"))}


def test_a_document_over_many_lines_is_one_and_other_spans_are_counted_by_kind():
    result = read(DATA / "pretty.otlp.json")
    assert (result.format, result.read) == ("otlp-json", 7)
    assert result.ignored == {"tool span": 1, "agent span": 1, "retrieval span": 1, "span without usage": 1}
    called, failed, unmetered = result.events.rows(named=True)
    assert called["event_id"] == "0af7651916cd43dd8448eb211c80319c:0000000000000009"
    assert (called["timestamp"], called["duration"]) == (datetime(2026, 3, 1, 9, 30, tzinfo=UTC), 1500)
    assert (called["user_email"], called["agent"], called["conversation"]) == ("ana@example.com", "finanzas", "c-1")
    assert (called["prompt"], called["completion"], called["success"]) == ("hola", "buenas", True)
    assert (failed["success"], failed["error_message"]) == (False, "timeout: tardó demasiado")
    assert failed["agent"] == "asistente"  # the service, for want of an agent
    assert [unmetered[c] for c in COUNTS] == [0] * 5
    assert unmetered["total_cost"] is None


def test_each_malformed_span_or_document_is_one_rejection_and_the_rest_loads():
    result = read(DATA / "bad.otlp.jsonl")
    assert result.events["record"].to_list() == [1, 13, 17]
    assert result.broken == {
        2: "bad_id",
        3: "bad_id",
        4: "bad_time",
        5: "missing_value",
        6: "bad_time",
        7: "impossible_time",
        8: "negative_count",
        9: "not_an_integer",
        10: "not_an_integer",
        11: "absurd_count",
        12: "not_otlp",
        14: "not_otlp",
        15: "not_otlp",
        16: "not_otlp",
    }
    assert {r.record: r.line for r in result.rejections}[14] == 2


def test_a_rejected_span_can_be_read_again_by_itself():
    rejection = next(r for r in read(DATA / "bad.otlp.jsonl").rejections if r.rule == "negative_count")
    assert read(rejection.raw.encode()).broken == {1: "negative_count"}
    assert read(rejection.raw.replace('"-5"', '"5"').encode()).event(
        "0af7651916cd43dd8448eb211c80319c:0000000000000017"
    )


@pytest.fixture
def _small_documents(monkeypatch):
    monkeypatch.setattr("ingest.usage.otlp_spans.WHOLE_BYTES", 2_000)


@pytest.mark.usefixtures("_small_documents")
@pytest.mark.parametrize("name", ["dialects.otlp.jsonl", "pretty.otlp.json"])
def test_a_document_too_large_to_hold_gives_the_same_events(name, monkeypatch):
    streamed = read(DATA / name)
    monkeypatch.undo()
    whole = read(DATA / name)
    assert streamed.events.equals(whole.events)
    assert streamed.ignored == whole.ignored
    assert streamed.texts == whole.texts


@pytest.mark.usefixtures("_small_documents")
def test_after_a_large_line_the_next_one_is_read():
    data = (DATA / "dialects.otlp.jsonl").read_bytes()
    assert read(data + data).events["line"].to_list() == [1] * 8 + [2] * 8


@pytest.mark.usefixtures("_small_documents")
def test_a_large_document_that_breaks_off_keeps_what_came_before():
    data = (DATA / "dialects.otlp.jsonl").read_bytes().rstrip()
    result = read(data[:4_000] + b"\n" + data)
    assert result.events["line"].to_list().count(2) == 8
    assert 0 < result.events["line"].to_list().count(1) < 8
    assert list(result.broken.values()) == ["not_otlp"]


PLACED = [
    {},
    {"resourceSpans": None},
    {"resourceSpans": 7},
    {"resourceSpans": []},
    {"resourceSpans": [7, [8], None, {}, {"resource": {}}]},
    {"resourceSpans": [{"scopeSpans": None}, {"scopeSpans": 7, "resource": {"a": [1]}}, {"scopeSpans": {"a": 1}}]},
    {"resourceSpans": [{"scopeSpans": [7, None, [8], {}, {"spans": None}, {"spans": 7, "scope": {"name": "x"}}]}]},
    {"resourceSpans": [{"scopeSpans": [{"spans": [7, None, [8], {"a": {"b": 1}}]}], "schemaUrl": "u"}]},
]


@pytest.mark.usefixtures("_small_documents")
@pytest.mark.parametrize("listed", [False, True], ids=["a document", "documents in a list"])
@pytest.mark.parametrize("odd", PLACED, ids=json.dumps)
def test_what_a_large_document_has_in_the_place_of_a_list_is_one_rejection_as_in_a_small_one(odd, listed, monkeypatch):
    [good] = [json.loads(line) for line in (DATA / "dialects.otlp.jsonl").read_text().splitlines()]
    odd_one = (
        {**good, "resourceSpans": [*good["resourceSpans"], *odd["resourceSpans"], *good["resourceSpans"]]}
        if (isinstance(odd.get("resourceSpans"), list))
        else {"x": "resourceSpans " * 200, "y": {"resourceSpans": 1}, **odd}
    )
    data = json.dumps([good, odd_one] if listed else odd_one).encode()
    streamed = read(data)
    monkeypatch.undo()
    whole = read(data)
    assert [vars_of(r) for r in streamed.rejections] == [vars_of(r) for r in whole.rejections]
    assert streamed.events.equals(whole.events)
    assert streamed.read == whole.read


def vars_of(rejection):
    return rejection.record, rejection.line, rejection.rule, rejection.reason, json.loads(rejection.raw)


@pytest.mark.parametrize("left_out", [{"resourceSpans": [{"resource": {}}]}, {"resourceSpans": [{"scopeSpans": [{}]}]}])
def test_a_list_that_is_left_out_is_empty_as_it_is_over_http(left_out):
    assert read(json.dumps(left_out).encode() + b"\n" + (DATA / "dialects.otlp.jsonl").read_bytes()).read == 8
    assert line_of(json.dumps(left_out).encode(), Media.JSON, "", limit=1000) is None


def span(**attributes: object) -> bytes:
    listed = [{"key": key.replace("__", "."), "value": value} for key, value in attributes.items()]
    one = {"traceId": "a" * 32, "spanId": "b" * 16, "startTimeUnixNano": "1772357400000000000", "attributes": listed}
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [one]}]}]}).encode()


def test_parts_never_exceed_the_total_that_includes_them():
    reported = {"llm__token_count__prompt": 10, "llm__token_count__completion": 5}
    parts = {
        "llm__token_count__prompt_details__cache_read": 8,
        "llm__token_count__prompt_details__cache_write": 8,
        "llm__token_count__completion_details__reasoning": 60,
    }
    result = read(span(**{name: {"intValue": value} for name, value in (reported | parts).items()}))
    assert result.events.select(COUNTS).row(0) == (10, 5, 8, 2, 5)


def test_vercel_spans_that_also_write_totals_in_opentelemetrys_names_keep_their_parts():
    totals = {"gen_ai__usage__input_tokens": 100, "gen_ai__usage__output_tokens": 50}
    parts = {
        "ai__usage__inputTokenDetails__cacheReadTokens": 40,
        "ai__usage__inputTokenDetails__cacheWriteTokens": 10,
        "ai__usage__outputTokenDetails__reasoningTokens": 20,
    }
    result = read(span(**{name: {"intValue": value} for name, value in (totals | parts).items()}))
    assert result.events.select(COUNTS).row(0) == (100, 50, 40, 10, 20)


@pytest.mark.parametrize("key", ["google", "vertex"])
def test_audio_in_geminis_metadata_has_its_own_price(key):
    usage = {"promptTokenCount": 100, "candidatesTokenCount": 50}
    heard = {**usage, "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 80}]}
    costs = [
        read(
            span(
                ai__response__providerMetadata={"stringValue": json.dumps({key: {"usageMetadata": reported}})},
                gen_ai__request__model={"stringValue": "gemini-2.5-flash"},
            )
        ).events["total_cost"][0]
        for reported in (usage, heard)
    ]
    # 80 x (1 - 0.30) USD per million
    assert costs[1] - costs[0] == Decimal("0.000056")


def test_the_model_of_bedrock_metadata_is_priced_by_bedrock():
    metadata = {"bedrock": {"usage": {"inputTokens": 10, "outputTokens": 2, "cacheReadInputTokens": 0}}}
    result = read(
        span(
            ai__response__providerMetadata={"stringValue": json.dumps(metadata)},
            gen_ai__request__model={"stringValue": "anthropic.claude-3-5-sonnet-20241022-v2:0"},
        )
    )
    assert result.events["provider"].to_list() == ["aws"]
    assert result.events["total_cost"].null_count() == 0
