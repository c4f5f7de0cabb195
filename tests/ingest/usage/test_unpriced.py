"""Events whose cost follows no price list are told from those that only wait for a price."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cauce.billing.model_prices import add_price
from cauce.database import Database, Role
from ingest import load_paths
from ingest.usage.unknown_costs import unknown_costs

SPAN = {
    "traceId": "1" * 32, "spanId": "2" * 16, "startTimeUnixNano": "1767614400000000000",
    "attributes": [
        {"key": "gen_ai.request.model", "value": {"stringValue": "gpt-4o"}},
        {"key": "gen_ai.system", "value": {"stringValue": "openai"}},
    ],
}  # fmt: skip
BODY = {"id": "nobody", "response": {"model": "gpt-4o", "usage": {"prompt_tokens": 5, "completion_tokens": 2}}}
OWN = {"timestamp": "2026-01-05T12:00:00Z", "input_tokens": 5, "output_tokens": 2, "provider": "openai"}
LITELLM = {
    "request_id": "hit", "call_type": "acompletion", "model": "gpt-4o", "custom_llm_provider": "openai", "spend": 0,
    "startTime": "2026-01-05T12:00:00Z", "endTime": "2026-01-05T12:00:01Z", "prompt_tokens": 5, "completion_tokens": 2,
    "total_tokens": 7, "cache_hit": "True", "metadata": {},
}  # fmt: skip


@pytest.fixture
def loaded(db: Database, tmp_path: Path) -> Database:
    """A database with events of every kind, and a price of our own that leaves the tokens of its model out."""
    with db.transaction(Role.OWNER) as conn:
        begins = datetime(2026, 1, 1, tzinfo=UTC)
        add_price(conn, "openai", "by-the-call", {"request_price": Decimal("0.01")}, valid_from=begins)
    lines: dict[str, list[dict[str, Any]]] = {
        "spans": [{"resourceSpans": [{"scopeSpans": [{"spans": [SPAN]}]}]}],
        "bodies": [BODY, {**BODY, "id": "somebody", "provider": "openai"}],
        "own": [
            OWN | {"event_id": "priced", "model": "gpt-4o"},
            OWN | {"event_id": "waits", "model": "nobody-sells-it"},
            OWN | {"event_id": "in part", "model": "by-the-call"},
            OWN | {"event_id": "batch", "model": "gpt-4o", "service_tier": "batch"},
        ],
        "litellm": [LITELLM],
    }
    for name, records in lines.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    reports = load_paths(db, sorted(tmp_path.glob("*.jsonl")), owner_email="ana@example.com", create_user=True)
    assert sum(report.loaded for report in reports) == 8
    return db


def test_what_follows_no_price_list_says_so_and_what_waits_for_a_price_does_not(loaded: Database) -> None:
    with loaded.transaction(Role.OWNER) as conn:
        found = conn.execute("SELECT event_id, total_cost IS NULL, unpriced FROM usage_logs").fetchall()
    assert sorted(found) == [
        ("1" * 32 + ":" + "2" * 16, True, True),
        ("batch", True, True),
        ("hit_cache_hit1767614400000", False, True),
        ("in part", True, False),
        ("nobody", True, True),
        ("priced", False, False),
        ("somebody", False, False),
        ("waits", True, False),
    ]


def test_every_unknown_cost_has_its_reason(loaded: Database) -> None:
    with loaded.transaction(Role.OWNER) as conn:
        found = unknown_costs(conn)
    assert {(one.provider, one.model, one.reason, one.events, one.tokens) for one in found} == {
        ("openai", "gpt-4o", "no_counts", 1, 0),
        ("openai", "gpt-4o", "other_tier", 1, 7),
        ("unknown", "gpt-4o", "no_provider", 1, 7),
        ("openai", "nobody-sells-it", "not_listed", 1, 7),
        ("openai", "by-the-call", "no_rate", 1, 7),
    }
