"""Usage events as the providers' own response bodies, one a line, each in its provider's way of counting.

OpenAI's input includes what was cached; Anthropic's excludes cache reads and writes; Gemini's thoughts come on top of
its candidates.
"""

from collections.abc import Callable
from typing import Any

import orjson
import polars as pl

from cauce.demo.agents import MODELS

Row = dict[str, Any]
APIS = {model.name: model.api for model in MODELS}


def _chat(row: Row) -> Row:
    usage: Row = {
        "prompt_tokens": row["input_tokens"],
        "completion_tokens": row["output_tokens"],
        "total_tokens": row["input_tokens"] + row["output_tokens"],
    }
    if row["provider"] == "openai":
        usage["prompt_tokens_details"] = {"cached_tokens": row["cache_read_tokens"], "audio_tokens": 0}
        usage["completion_tokens_details"] = {"reasoning_tokens": row["reasoning_tokens"], "audio_tokens": 0}
    created = int(row["timestamp"].timestamp())
    return {"object": "chat.completion", "created": created, "model": row["model"], "usage": usage}


def _responses(row: Row) -> Row:
    usage = {
        "input_tokens": row["input_tokens"],
        "input_tokens_details": {"cached_tokens": row["cache_read_tokens"]},
        "output_tokens": row["output_tokens"],
        "output_tokens_details": {"reasoning_tokens": row["reasoning_tokens"]},
        "total_tokens": row["input_tokens"] + row["output_tokens"],
    }
    return {"object": "response", "status": "completed", "model": row["model"], "usage": usage}


def _anthropic(row: Row) -> Row:
    usage = {
        "input_tokens": row["input_tokens"] - row["cache_read_tokens"] - row["cache_write_tokens"],
        "cache_creation_input_tokens": row["cache_write_tokens"],
        "cache_read_input_tokens": row["cache_read_tokens"],
        "cache_creation": {
            "ephemeral_5m_input_tokens": row["cache_write_tokens"],
            "ephemeral_1h_input_tokens": 0,
        },
        "output_tokens": row["output_tokens"],
        "service_tier": "standard",
    }
    return {"type": "message", "role": "assistant", "model": row["model"], "usage": usage}


def _google(row: Row) -> Row:
    usage = {
        "promptTokenCount": row["input_tokens"],
        "candidatesTokenCount": row["output_tokens"] - row["reasoning_tokens"],
        "thoughtsTokenCount": row["reasoning_tokens"],
        "cachedContentTokenCount": row["cache_read_tokens"],
        "totalTokenCount": row["input_tokens"] + row["output_tokens"],
    }
    return {"modelVersion": row["model"], "usageMetadata": usage}


SHAPES: dict[str, tuple[str, str, Callable[[Row], Row]]] = {
    "chat": ("chat", "chatcmpl-", _chat),
    "responses": ("responses", "resp_", _responses),
    "anthropic": ("default", "msg_", _anthropic),
    "google": ("default", "goog-", _google),
}


def provider_bodies(part: pl.DataFrame, *, spoil: bool) -> tuple[bytes, int]:
    """Write JSON Lines of bodies; `spoil` adds malformed lines, whose number is given beside the bytes."""
    lines = [_line(row) for row in part.iter_rows(named=True)]
    bad: list[bytes] = []
    if spoil:
        whole = orjson.loads(lines[0])
        without = {key: value for key, value in whole["response"].items() if not key.startswith("usage")}
        negative = _chat(part.row(0, named=True) | {"provider": "openai", "model": "gpt-4.1", "output_tokens": -90})
        bad = [
            lines[0][: len(lines[0]) // 2],
            orjson.dumps(whole | {"id": "body-sin-uso", "response": without}),
            orjson.dumps(
                whole | {"id": "body-negativo", "provider": "openai", "api_flavor": "chat", "response": negative}
            ),
        ]
    return b"\n".join([*lines, *bad, b""]), len(bad)


def _line(row: Row) -> bytes:
    flavor, prefix, shape = SHAPES[APIS[row["model"]]]
    name = prefix + row["hex"]
    return orjson.dumps(
        {
            "id": name,
            "timestamp": row["timestamp"].isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "user": row["user"],
            "agent": row["agent"],
            "conversation": row["conversation"],
            "provider": row["provider"],
            "api_flavor": "default" if row["provider"] == "mistral" else flavor,
            "response": {"responseId" if prefix == "goog-" else "id": name} | shape(row),
        }
    )
