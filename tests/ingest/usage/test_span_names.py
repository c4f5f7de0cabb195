"""Each attribute name that a span may use, by itself: what it becomes."""

import json
from typing import Any

import pytest

from .reading import read
from .test_otlp_json import COUNTS
from .test_otlp_json import span as spelled

OTEL = {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 50}
INFERENCE = {"llm.token_count.prompt": 100, "llm.token_count.completion": 50}
VERCEL = {"ai.usage.inputTokens": 100, "ai.usage.outputTokens": 50}
CALLED = {"gen_ai.request.model": "gpt-realtime-mini", "gen_ai.provider.name": "openai"}

TOTALS = (
    ("ai.usage.promptTokens", "ai.usage.completionTokens"),
    ("ai.usage.inputTokens", "ai.usage.outputTokens"),
    ("llm.usage.prompt_tokens", "llm.usage.completion_tokens"),
    ("gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens"),
    ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"),
    ("llm.token_count.prompt", "llm.token_count.completion"),
)
# (beside which totals, the name, the counts that 8 of it make of them)
PARTS = (
    *[
        (OTEL, f"gen_ai.usage.{name}", (100, 50, 8, 0, 0))
        for name in (
            *("cached_tokens", "details.cached_tokens", "details.cache_read_tokens", "details.cache_read_input_tokens"),
            *("cache_read.input_tokens", "prompt_tokens_details.cache_read"),
        )
    ],
    (OTEL, "gen_ai.usage.cache_read_input_tokens", (108, 50, 8, 0, 0)),
    *[
        (OTEL, f"gen_ai.usage.{name}", (100, 50, 0, 8, 0))
        for name in (
            *("cache_creation.input_tokens", "cache_write.input_tokens", "details.cache_write_tokens"),
            *("details.cache_creation_input_tokens", "prompt_tokens_details.cache_write"),
        )
    ],
    (OTEL, "gen_ai.usage.cache_creation_input_tokens", (108, 50, 0, 8, 0)),
    (OTEL, "gen_ai.usage.cache_write_input_tokens", (108, 50, 0, 8, 0)),
    *[
        (OTEL, f"gen_ai.usage.{name}", (100, 50, 0, 0, 8))
        for name in (
            *("reasoning.output_tokens", "reasoning_tokens", "thoughts_tokens", "details.reasoning_tokens"),
            "completion_tokens_details.reasoning",
        )
    ],
    (INFERENCE, "llm.token_count.prompt_details.cache_read", (100, 50, 8, 0, 0)),
    (INFERENCE, "llm.token_count.prompt_details.cache_input", (100, 50, 8, 0, 0)),
    (INFERENCE, "llm.token_count.prompt_details.cache_write", (100, 50, 0, 8, 0)),
    (INFERENCE, "llm.token_count.reasoning_tokens", (100, 50, 0, 0, 8)),
    (INFERENCE, "llm.token_count.completion_details.reasoning", (100, 50, 0, 0, 8)),
    (VERCEL, "ai.usage.cachedInputTokens", (100, 50, 8, 0, 0)),
    (VERCEL, "ai.usage.inputTokenDetails.cacheReadTokens", (100, 50, 8, 0, 0)),
    (VERCEL, "ai.usage.inputTokenDetails.cacheWriteTokens", (100, 50, 0, 8, 0)),
    (VERCEL, "ai.usage.reasoningTokens", (100, 50, 0, 0, 8)),
    (VERCEL, "ai.usage.outputTokenDetails.reasoningTokens", (100, 50, 0, 0, 8)),
)
CACHED = {"gen_ai.usage.cache_read.input_tokens": 40}
AUDIO = (
    (OTEL, "gen_ai.usage.details.input_audio_tokens", "input_audio_tokens"),
    (OTEL, "gen_ai.usage.details.output_audio_tokens", "output_audio_tokens"),
    (OTEL, "gen_ai.usage.completion_tokens_details.audio", "output_audio_tokens"),
    (OTEL | CACHED, "gen_ai.usage.details.input_audio_tokens", "input_audio_tokens"),
    (OTEL | CACHED, "gen_ai.usage.details.output_audio_tokens", "output_audio_tokens"),
    (
        OTEL | CACHED | {"gen_ai.usage.details.input_audio_tokens": 20},
        "gen_ai.usage.details.cache_audio_read_tokens",
        "cache_audio_read_tokens",
    ),
    (INFERENCE, "llm.token_count.prompt_details.audio", "input_audio_tokens"),
    (INFERENCE, "llm.token_count.completion_details.audio", "output_audio_tokens"),
)
NAMES = (
    *[("model", f"{name}.model") for name in ("gen_ai.response", "gen_ai.request", "llm.response", "llm.request")],
    *[("model", name) for name in ("llm.model_name", "embedding.model_name", "ai.response.model", "ai.model.id")],
    *[("provider", name) for name in ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system")],
    ("provider", "ai.model.provider"),
    *[("user_email", name) for name in ("user.email", "enduser.id", "user.id", "gen_ai.user", "gen_ai.user.id")],
    *[("user_email", name) for name in ("gen_ai.request.user", "langfuse.user.id", "ai.telemetry.metadata.userId")],
    ("user_email", "traceloop.association.properties.user_id"),
    *[("agent", name) for name in ("gen_ai.agent.name", "agent.name", "agent_name", "service.name")],
    *[("conversation", name) for name in ("gen_ai.conversation.id", "session.id", "langfuse.session.id")],
    *[("conversation", name) for name in ("ai.telemetry.metadata.sessionId", "gen_ai.thread.id")],
    ("conversation", "traceloop.association.properties.session_id"),
)


def event(attributes: dict[str, Any]) -> dict[str, Any]:
    values = {
        name.replace(".", "__"): {"intValue": value} if isinstance(value, int) else {"stringValue": value}
        for name, value in attributes.items()
    }
    result = read(spelled(**values))
    assert result.rejections == []
    return result.events.row(0, named=True)


def counts(attributes: dict[str, Any]) -> tuple[int, ...]:
    found = event(attributes)
    return tuple(found[name] for name in COUNTS)


@pytest.mark.parametrize(("total_in", "total_out"), TOTALS)
def test_each_name_of_a_total_is_read(total_in, total_out):
    assert counts({total_in: 100, total_out: 50}) == (100, 50, 0, 0, 0)
    assert counts({total_in: 100}) == (100, 0, 0, 0, 0)
    assert counts({total_out: 50}) == (0, 50, 0, 0, 0)


@pytest.mark.parametrize(("totals", "name", "expected"), PARTS, ids=[name for _, name, _ in PARTS])
def test_each_name_of_a_part_is_read(totals, name, expected):
    assert counts(totals | {name: 8}) == expected


@pytest.mark.parametrize(("totals", "name", "unit"), AUDIO, ids=[f"{name} of {len(of)}" for of, name, _ in AUDIO])
def test_audio_is_a_unit_with_a_price_of_its_own(totals, name, unit):
    found = event(CALLED | totals | {name: 8})
    assert json.loads(found["units"])[unit] == 8
    assert found["total_cost"] != event(CALLED | totals)["total_cost"]


@pytest.mark.parametrize(("column", "name"), NAMES)
def test_each_name_of_a_name_is_read(column, name):
    assert event(OTEL | {name: "groq"})[column] == "groq"
