"""One call of a model as each format and dialect writes it, from the counts of the call.

`say` makes the file from (input, output, cache read, cache write, reasoning), inclusive totals, and turns each count with
`number`. `silent` are the parts a dialect has no word for. A body is its provider's, so it names its own model.
"""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import polars as pl

Number = Callable[[int], Any]
START = "2026-03-01T09:30:00Z"
NANOSECONDS = 1772357400 * 10**9
OPENAI = ("openai", "gpt-5-mini")


@dataclass(frozen=True)
class Call:
    """Inclusive totals, and their parts."""

    input: int
    output: int
    read: int
    write: int
    reasoning: int

    def without(self, silent: tuple[str, ...]) -> "Call":
        """The same call without parts that cannot be said."""
        return Call(**{**vars(self), **dict.fromkeys(silent, 0)})

    @property
    def fresh(self) -> int:
        """Input that was neither read from nor written to the cache."""
        return self.input - self.read - self.write


@dataclass(frozen=True)
class Dialect:
    """A way to write a call."""

    name: str
    say: Callable[[Call, Number], bytes]
    called: tuple[str, str] = OPENAI
    silent: tuple[str, ...] = field(default=())


def _typed(value: Any) -> dict[str, Any]:
    kind = {int: "intValue", float: "doubleValue"}.get(type(value), "stringValue")
    return {kind: str(value) if kind == "intValue" else value}


def _span(counts: Callable[[Call, Number], dict[str, Any]], called: tuple[str, str] = OPENAI) -> Any:
    def say(call: Call, number: Number) -> bytes:
        attributes = {"gen_ai.system": called[0], "gen_ai.request.model": called[1], **counts(call, number)}
        span = {
            "traceId": "0af7651916cd43dd8448eb211c80319c",
            "spanId": "00000000000000a1",
            "startTimeUnixNano": str(NANOSECONDS),
            "endTimeUnixNano": str(NANOSECONDS + 10**9),
            "attributes": [{"key": key, "value": _typed(value)} for key, value in attributes.items()],
        }
        return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()

    return say


def _body(counts: Callable[[Call, Number], dict[str, Any]], called: tuple[str, str], flavor: str | None) -> Any:
    def say(call: Call, number: Number) -> bytes:
        response = {"model": called[1], **counts(call, number)}
        if flavor is None:  # Gemini's word for it
            response["modelVersion"] = response.pop("model")
        line = {"id": "same", "provider": called[0], "timestamp": START, "response": response}
        return json.dumps(line | ({"api_flavor": flavor} if flavor else {})).encode()

    return say


def _litellm(record: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    def say(call: Call, number: Number) -> bytes:
        usage = {
            "prompt_tokens": number(call.input),
            "completion_tokens": number(call.output),
            "total_tokens": number(call.input + call.output),
            "cache_creation_input_tokens": number(call.write),
            "prompt_tokens_details": {"cached_tokens": number(call.read)},
            "completion_tokens_details": {"reasoning_tokens": number(call.reasoning)},
        }
        head = {"call_type": "acompletion", "custom_llm_provider": OPENAI[0], "model": OPENAI[1]}
        return json.dumps(head | record(usage)).encode()

    return say


def own_columns(call: Call, number: Number, called: tuple[str, str] = OPENAI) -> dict[str, Any]:
    """The columns of our own formats."""
    return {
        "event_id": "same",
        "timestamp": START,
        "provider": called[0],
        "model": called[1],
        "input_tokens": number(call.input),
        "output_tokens": number(call.output),
        "cache_read_tokens": number(call.read),
        "cache_write_tokens": number(call.write),
        "reasoning_tokens": number(call.reasoning),
    }


def _own_csv(call: Call, number: Number) -> bytes:
    text = io.StringIO()
    columns = own_columns(call, number)
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerow(columns)
    return text.getvalue().encode()


def _own_parquet(call: Call, number: Number) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame([own_columns(call, number)]).write_parquet(buffer)
    return buffer.getvalue()


def own_jsonl(call: Call, number: Number, called: tuple[str, str] = OPENAI) -> bytes:
    """Our own JSON Lines: what every other way to write a call is held against."""
    return json.dumps(own_columns(call, number, called)).encode()


def _totals(call: Call, number: Number) -> dict[str, Any]:
    return {"gen_ai.usage.input_tokens": number(call.input), "gen_ai.usage.output_tokens": number(call.output)}


SPANS = (
    Dialect(
        "OpenTelemetry current",
        _span(
            lambda c, n: {
                **_totals(c, n),
                "gen_ai.usage.cache_read.input_tokens": n(c.read),
                "gen_ai.usage.cache_creation.input_tokens": n(c.write),
                "gen_ai.usage.reasoning.output_tokens": n(c.reasoning),
            }
        ),
    ),
    Dialect(
        "OpenTelemetry deprecated",
        _span(
            lambda c, n: {
                "gen_ai.usage.prompt_tokens": n(c.input),
                "gen_ai.usage.completion_tokens": n(c.output),
            }
        ),
        silent=("read", "write", "reasoning"),
    ),
    Dialect(
        "Anthropic's names, exclusive",
        _span(
            lambda c, n: {
                "gen_ai.usage.input_tokens": n(c.fresh),
                "gen_ai.usage.output_tokens": n(c.output),
                "gen_ai.usage.cache_read_input_tokens": n(c.read),
                "gen_ai.usage.cache_creation_input_tokens": n(c.write),
                "gen_ai.usage.reasoning_tokens": n(c.reasoning),
            }
        ),
    ),
    Dialect(
        "Traceloop",
        _span(
            lambda c, n: {
                "gen_ai.usage.prompt_tokens": n(c.input),
                "gen_ai.usage.completion_tokens": n(c.output),
                "llm.usage.total_tokens": n(c.input + c.output),
                "gen_ai.usage.cache_read_input_tokens": n(c.read),
                "gen_ai.usage.cache_creation_input_tokens": n(c.write),
                "gen_ai.usage.reasoning_tokens": n(c.reasoning),
            }
        ),
    ),
    Dialect(
        "OpenInference",
        _span(
            lambda c, n: {
                "llm.token_count.prompt": n(c.input),
                "llm.token_count.completion": n(c.output),
                "llm.token_count.total": n(c.input + c.output),
                "llm.token_count.prompt_details.cache_read": n(c.read),
                "llm.token_count.prompt_details.cache_write": n(c.write),
                "llm.token_count.completion_details.reasoning": n(c.reasoning),
            }
        ),
    ),
    Dialect(
        "OpenLIT",
        _span(
            lambda c, n: {
                **_totals(c, n),
                "gen_ai.usage.total_tokens": n(c.input + c.output),
                "gen_ai.usage.cache_read_input_tokens": n(c.read),
                "gen_ai.usage.cache_creation_input_tokens": n(c.write),
                "gen_ai.usage.reasoning_tokens": n(c.reasoning),
            }
        ),
    ),
    Dialect(
        "OpenLIT, its own names",
        _span(
            lambda c, n: {
                **_totals(c, n),
                "gen_ai.usage.total_tokens": n(c.input + c.output),
                "gen_ai.usage.prompt_tokens_details.cache_read": n(c.read),
                "gen_ai.usage.prompt_tokens_details.cache_write": n(c.write),
                "gen_ai.usage.completion_tokens_details.reasoning": n(c.reasoning),
            }
        ),
    ),
    Dialect(
        "OpenLIT with Anthropic",
        _span(
            lambda c, n: {
                "telemetry.sdk.name": "openlit",
                "gen_ai.usage.input_tokens": n(c.fresh),
                "gen_ai.usage.output_tokens": n(c.output),
                "gen_ai.usage.cache_read.input_tokens": n(c.read),
                "gen_ai.usage.cache_creation.input_tokens": n(c.write),
            },
            ("anthropic", "claude-sonnet-4-5"),
        ),
        called=("anthropic", "claude-sonnet-4-5"),
        silent=("reasoning",),
    ),
    Dialect(
        "Pydantic AI",
        _span(
            lambda c, n: {
                **_totals(c, n),
                "gen_ai.usage.details.cache_read_tokens": n(c.read),
                "gen_ai.usage.details.cache_write_tokens": n(c.write),
                "gen_ai.usage.details.reasoning_tokens": n(c.reasoning),
            }
        ),
    ),
    Dialect(
        "Vercel AI SDK",
        _span(
            lambda c, n: {
                "ai.usage.inputTokens": n(c.input),
                "ai.usage.outputTokens": n(c.output),
                "ai.usage.cachedInputTokens": n(c.read),
                "ai.usage.inputTokenDetails.cacheWriteTokens": n(c.write),
                "ai.usage.reasoningTokens": n(c.reasoning),
            }
        ),
    ),
    Dialect(
        "Vercel AI SDK with Anthropic's metadata",
        _span(
            lambda c, n: {
                "ai.usage.inputTokens": n(c.fresh),
                "ai.usage.outputTokens": n(c.output),
                "ai.usage.reasoningTokens": n(c.reasoning),
                "ai.response.providerMetadata": json.dumps(
                    {
                        "anthropic": {
                            "usage": {
                                "input_tokens": n(c.fresh),
                                "output_tokens": n(c.output),
                                "cache_read_input_tokens": n(c.read),
                                "cache_creation_input_tokens": n(c.write),
                            }
                        }
                    }
                ),
            },
            ("anthropic", "claude-sonnet-4-5"),
        ),
        called=("anthropic", "claude-sonnet-4-5"),
    ),
    Dialect(
        "Vercel AI SDK 4 with Anthropic's cache",
        _span(
            lambda c, n: {
                "ai.usage.promptTokens": n(c.fresh),
                "ai.usage.completionTokens": n(c.output),
                "ai.response.providerMetadata": json.dumps(
                    {"anthropic": {"cacheReadInputTokens": n(c.read), "cacheCreationInputTokens": n(c.write)}}
                ),
            },
            ("anthropic", "claude-sonnet-4-5"),
        ),
        called=("anthropic", "claude-sonnet-4-5"),
        silent=("reasoning",),
    ),
    Dialect(
        "Vercel AI SDK 4 with OpenAI's parts",
        _span(
            lambda c, n: {
                "ai.usage.promptTokens": n(c.input),
                "ai.usage.completionTokens": n(c.output),
                "ai.response.providerMetadata": json.dumps(
                    {"openai": {"cachedPromptTokens": n(c.read), "reasoningTokens": n(c.reasoning)}}
                ),
            }
        ),
        silent=("write",),
    ),
    Dialect(
        "Vercel AI SDK with Bedrock's usage",
        _span(
            lambda c, n: {
                "ai.usage.inputTokens": n(c.fresh),
                "ai.usage.outputTokens": n(c.output),
                "ai.usage.reasoningTokens": n(c.reasoning),
                "ai.response.providerMetadata": json.dumps(
                    {"bedrock": {"usage": {"cacheReadInputTokens": n(c.read), "cacheWriteInputTokens": n(c.write)}}}
                ),
            },
            ("aws", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ),
        called=("aws", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ),
    Dialect(
        "Vercel AI SDK with Gemini's usage",
        _span(
            lambda c, n: {
                "ai.usage.inputTokens": n(c.input),
                "ai.usage.outputTokens": n(c.output - c.reasoning),
                "ai.usage.reasoningTokens": n(c.reasoning),
                "ai.response.providerMetadata": json.dumps(
                    {
                        "google": {
                            "usageMetadata": {
                                "promptTokenCount": n(c.input),
                                "candidatesTokenCount": n(c.output - c.reasoning),
                                "thoughtsTokenCount": n(c.reasoning),
                                "cachedContentTokenCount": n(c.read),
                            }
                        }
                    }
                ),
            },
            ("google", "gemini-2.5-flash"),
        ),
        called=("google", "gemini-2.5-flash"),
        silent=("write",),
    ),
)

BODIES = (
    Dialect(
        "OpenAI chat",
        _body(
            lambda c, n: {
                "usage": {
                    "prompt_tokens": n(c.input),
                    "completion_tokens": n(c.output),
                    "prompt_tokens_details": {"cached_tokens": n(c.read), "cache_write_tokens": n(c.write)},
                    "completion_tokens_details": {"reasoning_tokens": n(c.reasoning)},
                }
            },
            OPENAI,
            "chat",
        ),
    ),
    Dialect(
        "OpenAI responses",
        _body(
            lambda c, n: {
                "usage": {
                    "input_tokens": n(c.input),
                    "output_tokens": n(c.output),
                    "input_tokens_details": {"cached_tokens": n(c.read), "cache_write_tokens": n(c.write)},
                    "output_tokens_details": {"reasoning_tokens": n(c.reasoning)},
                }
            },
            OPENAI,
            "responses",
        ),
    ),
    Dialect(
        "Anthropic",
        _body(
            lambda c, n: {
                "usage": {
                    "input_tokens": n(c.fresh),
                    "output_tokens": n(c.output),
                    "cache_read_input_tokens": n(c.read),
                    "cache_creation_input_tokens": n(c.write),
                    "output_tokens_details": {"thinking_tokens": n(c.reasoning)},
                }
            },
            ("anthropic", "claude-sonnet-4-5"),
            "default",
        ),
        called=("anthropic", "claude-sonnet-4-5"),
    ),
    Dialect(
        "Gemini",
        _body(
            lambda c, n: {
                "usageMetadata": {
                    "promptTokenCount": n(c.input),
                    "candidatesTokenCount": n(c.output - c.reasoning),
                    "thoughtsTokenCount": n(c.reasoning),
                    "cachedContentTokenCount": n(c.read),
                }
            },
            ("google", "gemini-2.5-flash"),
            None,
        ),
        called=("google", "gemini-2.5-flash"),
        silent=("write",),
    ),
    Dialect(
        "Bedrock",
        _body(
            lambda c, n: {
                "usage": {
                    "inputTokens": n(c.fresh),
                    "outputTokens": n(c.output),
                    "cacheReadInputTokens": n(c.read),
                    "cacheWriteInputTokens": n(c.write),
                }
            },
            ("aws", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
            "default",
        ),
        called=("aws", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
        silent=("reasoning",),
    ),
    Dialect(
        "Groq",
        _body(
            lambda c, n: {
                "usage": {
                    "prompt_tokens": n(c.input),
                    "completion_tokens": n(c.output),
                    "prompt_tokens_details": {"cached_tokens": n(c.read)},
                    "completion_tokens_details": {"reasoning_tokens": n(c.reasoning)},
                }
            },
            ("groq", "openai/gpt-oss-120b"),
            "default",
        ),
        called=("groq", "openai/gpt-oss-120b"),
        silent=("write",),
    ),
    Dialect(
        "Mistral",
        _body(
            lambda c, n: {
                "usage": {
                    "prompt_tokens": n(c.input),
                    "completion_tokens": n(c.output),
                    "prompt_tokens_details": {"cached_tokens": n(c.read)},
                    "completion_tokens_details": {"reasoning_tokens": n(c.reasoning)},
                }
            },
            ("mistral", "mistral-large-latest"),
            "default",
        ),
        called=("mistral", "mistral-large-latest"),
        silent=("write",),
    ),
)

LOGS = (
    Dialect(
        "LiteLLM spend log",
        _litellm(
            lambda usage: {
                "request_id": "same",
                "startTime": START,
                "metadata": json.dumps({"usage_object": usage}),
            }
        ),
    ),
    Dialect(
        "LiteLLM spend log, additional values",
        _litellm(
            lambda usage: {
                "request_id": "same",
                "startTime": START,
                **{key: value for key, value in usage.items() if key in ("prompt_tokens", "completion_tokens")},
                "metadata": {"additional_usage_values": usage},
            }
        ),
    ),
    Dialect(
        "LiteLLM callback",
        _litellm(lambda usage: {"id": "same", "startTime": NANOSECONDS / 1e9, "metadata": {"usage_object": usage}}),
    ),
    Dialect(
        "LiteLLM callback, hidden",
        _litellm(
            lambda usage: {"id": "same", "startTime": NANOSECONDS / 1e9, "hidden_params": {"usage_object": usage}}
        ),
    ),
)

OWN = (Dialect("CSV", _own_csv), Dialect("Parquet", _own_parquet), Dialect("JSON Lines", own_jsonl))
