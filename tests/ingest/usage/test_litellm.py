"""Logs that LiteLLM 1.106 wrote itself (mocked answers), shortened; what people said in them is `CANARIO`."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ingest import load_file, open_rows, text_of
from tests.ingest.inputs import rows

from .reading import DATA, read

CALLBACKS, SPEND = DATA / "litellm_callbacks.jsonl", DATA / "litellm_spend.json"
COUNTS = ["tokens_input", "tokens_output", "tokens_cache_read", "tokens_cache_write", "tokens_reasoning"]


def payload(**changes):
    """One payload as callbacks get it; a key that is None is left out."""
    record = json.loads(CALLBACKS.read_text().splitlines()[5]) | changes
    return {key: value for key, value in record.items() if value is not None}


def event_of(**changes):
    return read(json.dumps(payload(**changes)).encode()).events.row(0, named=True)


def test_a_callback_log_becomes_priced_events():
    result = read(CALLBACKS)
    assert (result.format, result.read, result.rejections) == ("litellm", 10, [])
    called = result.event("chatcmpl-real1")
    assert [called[name] for name in COUNTS] == [100, 50, 40, 0, 20]
    assert (called["source"], called["user_email"]) == ("litellm", "ana@example.com")
    assert called["timestamp"] == datetime(2026, 3, 1, 9, 29, 59, 223000, UTC)
    # What LiteLLM itself made of it, with its own list of prices.
    assert called["total_cost"] == Decimal("0.000116")
    cached = result.event("msg_real2")
    assert [cached[name] for name in COUNTS] == [100, 50, 40, 10, 0]
    assert cached["total_cost"] == Decimal("0.0009495")


def test_a_failed_call_says_why_and_costs_nothing():
    [failed] = read(CALLBACKS).events.filter(~read(CALLBACKS).events["success"]).rows(named=True)
    assert failed["error_message"] == "RateLimitError: litellm.RateLimitError: this is a mock rate limit error"
    assert ([failed[name] for name in COUNTS], failed["total_cost"]) == ([0] * 5, Decimal(0))


def test_spend_logs_and_callbacks_of_one_call_are_the_same_event():
    spend, callbacks = read(SPEND), read(CALLBACKS)
    assert (spend.format, spend.read, spend.rejections) == ("litellm", 9, [])
    both = spend.events.join(callbacks.events, on="event_id", how="inner")
    assert both.height == 9
    assert both.filter(both["content_hash"] != both["content_hash_right"])["event_id"].to_list() == []


@pytest.mark.parametrize("form", ["lines", "array", "document", "documents in lines"])
def test_rows_of_the_spend_log_come_in_lines_an_array_or_a_document(form):
    records = json.loads(SPEND.read_text())["data"]
    text = {
        "lines": "\n".join(json.dumps(record) for record in records),
        "array": json.dumps(records),
        "document": json.dumps({"data": records, "total": 9}),
        "documents in lines": "\n".join(json.dumps({"data": part}) for part in (records[:4], records[4:])),
    }[form]
    assert read(text.encode()).events["content_hash"].to_list() == read(SPEND).events["content_hash"].to_list()


def test_one_record_over_many_lines_is_read():
    assert read(json.dumps(payload(), indent=2).encode()).events["event_id"].to_list() == ["chatcmpl-real1"]


def test_a_document_that_breaks_off_keeps_what_came_before():
    text = json.dumps({"data": json.loads(SPEND.read_text())["data"]})
    result = read(text[: len(text) // 2].encode())
    assert 0 < result.events.height < 9
    assert [r.rule for r in result.rejections] == ["not_json"]


def test_an_answer_out_of_the_cache_is_an_event_that_costs_nothing_whatever_the_model():
    hit = event_of(id="chatcmpl-1_cache_hit1772357400.5", cache_hit=True, model="nobody-sells-this")
    assert ([hit[name] for name in COUNTS], hit["total_cost"]) == ([0] * 5, Decimal(0))
    assert json.loads(hit["units"])["extra"] == {
        "cache_hit": True,
        "saved_input_tokens": 100,
        "saved_output_tokens": 50,
    }
    # The suffix is when the log was written; the event is named by when the call began.
    assert hit["event_id"] == "chatcmpl-1_cache_hit1772357399223"
    assert event_of(id="chatcmpl-1", cache_hit="True")["event_id"] == hit["event_id"]


PROVIDERS = {
    ("gemini", "gemini-2.5-flash"): "google",
    ("vertex_ai", "gemini-2.5-pro"): "google",
    ("vertex_ai", "claude-sonnet-4-5@20250929"): "google",
    ("bedrock", "bedrock/anthropic.claude-3-5-sonnet-20240620-v1:0"): "aws",
    ("together_ai", "meta-llama/Llama-3.3-70B-Instruct-Turbo"): "together",
    ("fireworks_ai", "accounts/fireworks/models/kimi-k2p5"): "fireworks",
    ("azure", "gpt-4o"): "azure",
    ("azure_ai", "gpt-4o"): "azure",
    ("text-completion-openai", "gpt-3.5-turbo-instruct"): "openai",
    ("cohere_chat", "command-r-plus"): "cohere",
    ("xai", "grok-3"): "x-ai",
    ("codestral", "codestral-latest"): "mistral",
    (None, "openai/gpt-4o-mini"): "openai",
    (None, "gpt-4o-mini"): "openai",
}


@pytest.mark.parametrize("called", PROVIDERS, ids=lambda called: f"{called[0]} {called[1]}")
def test_litellms_providers_are_those_of_the_price_book(called):
    provider, model = called
    event = event_of(custom_llm_provider=provider, model=model, model_map_information=None)
    assert (event["provider"], event["total_cost"] is not None) == (PROVIDERS[called], True)


def test_a_deployment_is_priced_as_the_model_litellm_says_it_is():
    known = {"model_map_key": "azure/gpt-4o"}
    event = event_of(custom_llm_provider="azure", model="mi-despliegue", model_map_information=known)
    assert (event["model"], event["total_cost"] is not None) == ("gpt-4o", True)


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({"end_user": "Ana@Example.com", "metadata": {"user_api_key_user_id": "leo@example.com"}}, "ana@example.com"),
        ({"metadata": {"user_api_key_user_id": "leo@example.com"}}, "leo@example.com"),
        (
            {"end_user": "u-17", "metadata": {"user_api_key_user_email": "leo@example.com"}},
            "leo@example.com",
        ),
        ({"end_user": "u-17", "metadata": {}}, "u-17"),
        ({"metadata": {}}, None),
    ],
    ids=["the application's user", "the key's user", "an address before a name", "a name", "nobody"],
)
def test_whose_call_it_was(named, expected):
    assert event_of(model_parameters={}, **named)["user_email"] == expected


def test_what_is_not_counted_in_tokens_has_an_unknown_cost():
    nothing = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    assert event_of(metadata={"usage_object": nothing}, response_cost=0.04)["total_cost"] is None
    assert event_of(metadata={"usage_object": nothing}, response_cost=0.0)["total_cost"] == 0


def test_cached_writes_of_an_hour_audio_and_searches_are_priced():
    usage = {
        "prompt_tokens": 1000,
        "completion_tokens": 10,
        "cache_creation_input_tokens": 400,
        "prompt_tokens_details": {
            "cached_tokens": None,
            "cache_creation_token_details": {"ephemeral_1h_input_tokens": 400},
            "web_search_requests": 2,
        },
    }
    claude = {"custom_llm_provider": "anthropic", "model": "claude-sonnet-4-5", "model_map_information": None}
    event = event_of(metadata={"usage_object": usage}, **claude)
    # 600 x 3 + 400 x 6 and 10 x 15 USD per million, and two searches
    assert event["total_cost"] == Decimal("0.00435") + Decimal("0.02")


def test_each_bad_record_is_one_rejection_and_the_rest_loads():
    result = read(DATA / "litellm_bad.jsonl")
    assert result.events["event_id"].to_list() == ["ok-1"]
    assert result.ignored == {"call without a model": 1}
    assert result.broken == {
        2: "missing_value",
        3: "missing_value",
        4: "not_a_timestamp",
        5: "impossible_time",
        6: "bad_time",
        7: "negative_count",
        8: "not_an_integer",
        9: "absurd_count",
        10: "not_json",
        11: "not_json",
        12: "not_an_object",
    }


def test_a_rejected_record_can_be_read_again_by_itself():
    rejection = next(r for r in read(DATA / "litellm_bad.jsonl").rejections if r.rule == "negative_count")
    assert read(rejection.raw.encode()).broken == {1: "negative_count"}


def test_a_kept_record_says_all_that_is_read_of_it():
    for path in (CALLBACKS, SPEND):
        whole = read(path)
        again = read("\n".join(whole.texts[number] for number in sorted(whole.texts)).encode())
        assert again.events.drop("line").equals(whole.events.drop("line"))


def test_nothing_people_said_is_read_or_kept(db, make_person, tmp_path):
    make_person("ana@example.com")
    texts = []
    for name in ("litellm_callbacks.jsonl", "litellm_spend.json", "litellm_bad.jsonl"):
        content = (DATA / name).read_text()
        assert "CANARIO" in content
        (tmp_path / name).write_text(content)
        load_file(db, tmp_path / name)
    texts += [text_of(db, row.id) for row in open_rows(db)]
    texts += rows(db, "SELECT q::text FROM quarantined_rows q")
    texts += rows(db, "SELECT u::text FROM usage_logs u")
    assert len(texts) > 20
    assert not any("CANARIO" in text for text in texts)
    assert rows(db, "SELECT count(*) FROM messages") == [0]
