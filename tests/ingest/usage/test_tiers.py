"""A call served in a tier that no price is listed for costs something nobody knows; the standard words change nothing."""

import json
from typing import Any

import pytest

from .reading import Result, read
from .same_call import BODIES, LOGS, OPENAI, OWN, SPANS, Call
from .test_provider_bodies import body

CALL = Call(input=1000, output=300, read=400, write=100, reasoning=120)


def bodied(provider: str, model: str, usage: dict[str, Any], **response: Any) -> bytes:
    return body(provider, {"model": model, "usage": usage, **response})


def openai(tier: str) -> bytes:
    return bodied(*OPENAI, {"prompt_tokens": 10, "completion_tokens": 5}, service_tier=tier)


def anthropic(tier: str, key: str = "service_tier") -> bytes:
    return bodied("anthropic", "claude-sonnet-4-5", {"input_tokens": 10, "output_tokens": 5, key: tier})


def gemini(tier: str, key: str = "trafficType") -> bytes:
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 5, key: tier}
    return body("google", {"modelVersion": "gemini-2.5-flash", "usageMetadata": usage})


def spanned(tier: str, key: str = "openai.response.service_tier") -> bytes:
    attribute = json.dumps({"key": key, "value": {"stringValue": tier}}).encode()
    return SPANS[0].say(CALL, int).replace(b'"attributes": [', b'"attributes": [' + attribute + b", ", 1)


def vercel(tier: str) -> bytes:
    metadata = {"anthropic": {"usage": {"input_tokens": 10, "output_tokens": 5, "service_tier": tier}}}
    return spanned(json.dumps(metadata), "ai.response.providerMetadata")


def litellm(tier: str) -> bytes:
    record = json.loads(LOGS[2].say(CALL, int))
    return json.dumps({**record, "model_parameters": {"service_tier": tier}}).encode()


def own(tier: str) -> bytes:
    return json.dumps(json.loads(OWN[2].say(CALL, int)) | {"service_tier": tier}).encode()


SAID = {
    "OpenAI": (openai, "priority", "default"),
    "OpenAI, flexible": (openai, "flex", "auto"),
    "Anthropic": (anthropic, "batch", "standard"),
    "Anthropic's place": (lambda place: anthropic(place, "inference_geo"), "us", "global"),
    "Anthropic's speed": (lambda speed: anthropic(speed, "speed"), "fast", "standard"),
    "Gemini": (gemini, "PROVISIONED_THROUGHPUT", "ON_DEMAND"),
    "Gemini's tier": (lambda tier: gemini(tier, "serviceTier"), "flex", "standard"),
    "OpenTelemetry": (spanned, "priority", "default"),
    "OpenTelemetry, deprecated": (lambda t: spanned(t, "gen_ai.openai.response.service_tier"), "flex", "auto"),
    "Vercel AI SDK": (vercel, "priority", "standard"),
    "LiteLLM": (litellm, "flex", "auto"),
    "our own": (own, "batch", "standard"),
}


def only(result: Result) -> dict[str, Any]:
    assert result.rejections == []
    return result.events.row(0, named=True)


@pytest.mark.parametrize("said", SAID)
def test_a_cost_in_another_tier_is_unknown_and_the_tier_is_kept(said):
    say, other, standard = SAID[said]
    event, plain = only(read(say(other))), only(read(say(standard)))
    assert (event["total_cost"], event["cost_input"], event["price_version"], event["unpriced"]) == (None,) * 3 + (
        True,
    )
    assert other in json.loads(event["units"])["extra"].values()
    assert plain["total_cost"] > 0
    assert not plain["unpriced"]
    assert event["tokens_input"] == plain["tokens_input"]


def test_a_standard_tier_changes_nothing_of_an_event():
    plain = json.loads(BODIES[0].say(CALL, int))
    said = plain | {"response": plain["response"] | {"service_tier": "default"}}
    assert only(read(json.dumps(said).encode())) == only(read(json.dumps(plain).encode()))


def test_lines_of_a_batch_are_bodies_in_the_tier_of_batches():
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    answer = {"status_code": 200, "request_id": "r", "body": {"id": "chatcmpl-9", "model": OPENAI[1], "usage": usage}}
    line = {"id": "batch_req_1", "custom_id": "c", "response": answer, "error": None}
    event = only(read(json.dumps(line).encode()))
    assert (event["event_id"], event["tokens_input"], event["tokens_output"]) == ("batch_req_1", 10, 5)
    assert json.loads(event["units"])["extra"] == {"service_tier": "batch"}
    named = only(read(json.dumps({**line, "provider": "openai"}).encode()))
    assert (named["provider"], named["model"], named["total_cost"]) == (*OPENAI, None)


def test_a_model_that_is_listed_for_the_tier_has_its_price():
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    for model, known in (("openai/gpt-5-mini:batch", True), ("openai/gpt-5-mini", False)):
        event = only(read(bodied("openrouter", model, usage, service_tier="batch")))
        assert (event["total_cost"] is not None) == known


def test_a_call_that_gets_a_batch_out_of_litellm_is_in_its_tier():
    record = json.loads(LOGS[2].say(CALL, int)) | {"call_type": "aretrieve_batch"}
    assert only(read(json.dumps(record).encode()))["total_cost"] is None
