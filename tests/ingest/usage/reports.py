"""Pages of provider reports as the providers answer them, written small."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def _seconds(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def openai(results: dict[tuple[str, str], list[dict[str, Any]]]) -> dict[str, Any]:
    """A page of OpenAI: results by the bucket's start and end (dates or times, UTC)."""
    buckets = [
        {"object": "bucket", "start_time": _seconds(start), "end_time": _seconds(end), "results": of}
        for (start, end), of in results.items()
    ]
    return {"object": "page", "data": buckets, "has_more": False, "next_page": None}


def anthropic(results: dict[tuple[str, str], list[dict[str, Any]]]) -> dict[str, Any]:
    """A page of Anthropic: results by the bucket's start and end (RFC 3339)."""
    buckets = [{"starting_at": start, "ending_at": end, "results": of} for (start, end), of in results.items()]
    return {"data": buckets, "has_more": False, "next_page": None}


def completions(**figures: Any) -> dict[str, Any]:
    """A result of OpenAI's usage of completions, grouped by model."""
    return {
        "object": "organization.usage.completions.result",
        "input_tokens": 1000,
        "output_tokens": 300,
        "input_cached_tokens": 400,
        "input_audio_tokens": 0,
        "output_audio_tokens": 0,
        "num_model_requests": 3,
        "project_id": None,
        "user_id": None,
        "api_key_id": None,
        "model": "gpt-5-mini-2025-08-07",
        "batch": None,
    } | figures


def cost(value: Any = 0.00076, **figures: Any) -> dict[str, Any]:
    """A result of OpenAI's costs, grouped by line item."""
    return {
        "object": "organization.costs.result",
        "amount": {"value": value, "currency": "usd"},
        "line_item": "gpt-5-mini-2025-08-07, input",
        "project_id": None,
        "organization_id": "org-1",
    } | figures


def messages(**figures: Any) -> dict[str, Any]:
    """A result of Anthropic's usage of messages."""
    return {
        "uncached_input_tokens": 500,
        "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 0},
        "cache_read_input_tokens": 400,
        "output_tokens": 300,
        "server_tool_use": {"web_search_requests": 0},
        "api_key_id": "apikey_1",
        "workspace_id": None,
        "model": "claude-sonnet-4-5-20250929",
        "service_tier": "standard",
        "context_window": "0-200k",
    } | figures


def cents(amount: Any = "123.78912", **figures: Any) -> dict[str, Any]:
    """A result of Anthropic's costs, grouped by description."""
    return {
        "currency": "USD",
        "amount": amount,
        "workspace_id": None,
        "description": "Claude Sonnet 4.5 Usage - Input Tokens",
        "cost_type": "tokens",
        "context_window": "0-200k",
        "model": "claude-sonnet-4-5-20250929",
        "service_tier": "standard",
        "token_type": "uncached_input_tokens",
    } | figures
