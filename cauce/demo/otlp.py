"""Usage events as OpenTelemetry GenAI spans (OTLP/JSON), in the spellings of several instrumentations.

Sources of the attribute names: OpenTelemetry semantic conventions for generative AI (current, and before 1.37),
OpenInference, OpenLLMetry.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import polars as pl

from cauce.demo.agents import AGENTS

SPANS_PER_DOCUMENT = 80
TOOL_EVERY = 24
"""One span in so many comes with a tool span, which is no usage."""

Row = dict[str, Any]
NAMES = {agent.slug: agent.name for agent in AGENTS}


def _current(row: Row) -> Row:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": row["provider"],
        "gen_ai.request.model": row["model"],
        "gen_ai.response.model": row["model"],
        "gen_ai.agent.name": NAMES[row["agent"]],
        "gen_ai.conversation.id": row["conversation"],
        "gen_ai.usage.input_tokens": row["input_tokens"],
        "gen_ai.usage.output_tokens": row["output_tokens"],
        "gen_ai.usage.cache_read.input_tokens": row["cache_read_tokens"],
        "gen_ai.usage.cache_creation.input_tokens": row["cache_write_tokens"],
        "gen_ai.usage.reasoning.output_tokens": row["reasoning_tokens"],
        "user.email": row["user"],
    }


def _before_1_37(row: Row) -> Row:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.system": row["provider"],
        "gen_ai.request.model": row["model"],
        "gen_ai.agent.name": row["agent"],
        "gen_ai.usage.prompt_tokens": row["input_tokens"],
        "gen_ai.usage.completion_tokens": row["output_tokens"],
        "session.id": row["conversation"],
        "enduser.id": row["user"],
    }


def _openinference(row: Row) -> Row:
    return {
        "openinference.span.kind": "LLM",
        "llm.provider": row["provider"],
        "llm.model_name": row["model"],
        "llm.token_count.prompt": row["input_tokens"],
        "llm.token_count.completion": row["output_tokens"],
        "llm.token_count.total": row["input_tokens"] + row["output_tokens"],
        "llm.token_count.prompt_details.cache_read": row["cache_read_tokens"],
        "llm.token_count.prompt_details.cache_write": row["cache_write_tokens"],
        "llm.token_count.completion_details.reasoning": row["reasoning_tokens"],
        "session.id": row["conversation"],
        "user.id": row["user"],
    }


def _openllmetry(row: Row) -> Row:
    return {
        "llm.request.type": "chat",
        "gen_ai.system": row["provider"],
        "gen_ai.request.model": row["model"],
        "gen_ai.response.model": row["model"],
        "gen_ai.usage.input_tokens": row["input_tokens"],
        "gen_ai.usage.output_tokens": row["output_tokens"],
        "gen_ai.usage.cache_read_input_tokens": row["cache_read_tokens"],
        "gen_ai.usage.cache_creation_input_tokens": row["cache_write_tokens"],
        "llm.usage.total_tokens": row["input_tokens"] + row["output_tokens"],
        "session.id": row["conversation"],
        "user.email": row["user"],
    }


DIALECTS: tuple[tuple[str, Callable[[Row], Row]], ...] = (
    ("opentelemetry.instrumentation.genai", _current),
    ("openinference.instrumentation.openai", _openinference),
    ("opentelemetry.instrumentation.openai.v1", _before_1_37),
    ("opentelemetry.instrumentation.anthropic", _openllmetry),
)
DIALECT_OF = {agent.slug: DIALECTS[index % len(DIALECTS)] for index, agent in enumerate(AGENTS)}
"""Every agent is a service with an instrumentation of its own."""


def otlp(part: pl.DataFrame, *, spoil: bool) -> tuple[bytes, int, int]:
    """Write JSON Lines of documents; give the bytes, the number of malformed records and of tool spans."""
    lines, tools = [], 0
    for number, rows in enumerate(part.iter_slices(SPANS_PER_DOCUMENT)):
        document, added = _document(rows.to_dicts(), spoil=number == 0 and spoil)
        lines.append(orjson.dumps(document))
        tools += added
    if not spoil:
        return b"\n".join([*lines, b""]), 0, tools
    middle = len(lines) // 2
    broken = b'{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name"'
    return b"\n".join([*lines[:middle], broken, *lines[middle:], b""]), 2, tools


def _document(rows: list[Row], *, spoil: bool) -> tuple[Row, int]:
    by_agent: dict[str, list[Row]] = {}
    tools = 0
    for index, row in enumerate(rows):
        spans = by_agent.setdefault(row["agent"], [])
        spans.append(_span(row))
        if index % TOOL_EVERY == 0:
            spans.append(_tool_span(spans[-1]))
            tools += 1
    if spoil:
        bad = rows[0] | {"hex": "0badf00d0badf00d", "input_tokens": -40, "output_tokens": -7}
        by_agent[rows[0]["agent"]].append(_span(bad))
    resources = [
        {
            "resource": {"attributes": list(_attributes({"service.name": NAMES[agent], "telemetry.sdk.name": "demo"}))},
            "scopeSpans": [{"scope": {"name": DIALECT_OF[agent][0], "version": "1.0.0"}, "spans": spans}],
        }
        for agent, spans in by_agent.items()
    ]
    return {"resourceSpans": resources}, tools


def _span(row: Row) -> Row:
    attributes = DIALECT_OF[row["agent"]][1](row)
    started = round(row["timestamp"].timestamp() * 1000) * 1_000_000
    failed = not row["success"]
    return {
        "traceId": hashlib.md5(row["conversation"].encode(), usedforsecurity=False).hexdigest(),
        "spanId": row["hex"],
        "name": f"chat {row['model']}",
        "kind": 3,
        "startTimeUnixNano": str(started),
        "endTimeUnixNano": str(started + row["duration_ms"] * 1_000_000),
        "attributes": list(_attributes(attributes | ({"error.type": row["error"].split(":")[0]} if failed else {}))),
        "status": {"code": 2, "message": row["error"]} if failed else {"code": 1},
    }


def _tool_span(span: Row) -> Row:
    attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "buscar", "gen_ai.tool.type": "function"}
    return span | {
        "spanId": hashlib.md5(span["spanId"].encode(), usedforsecurity=False).hexdigest()[:16],
        "parentSpanId": span["spanId"],
        "name": "execute_tool buscar",
        "kind": 1,
        "attributes": list(_attributes(attributes)),
        "status": {"code": 1},
    }


def _attributes(values: Row) -> Iterator[Row]:
    for key, value in values.items():
        if value is not None:
            yield {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
