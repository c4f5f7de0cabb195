"""Events whose cost follows no price list are told from those that only wait for a price."""

import json
from pathlib import Path
from typing import Any

from cauce.database import Database, Role
from ingest import load_paths

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


def test_what_follows_no_price_list_says_so_and_what_waits_for_a_price_does_not(db: Database, tmp_path: Path) -> None:
    lines: dict[str, list[dict[str, Any]]] = {
        "spans": [{"resourceSpans": [{"scopeSpans": [{"spans": [SPAN]}]}]}],
        "bodies": [BODY, {**BODY, "id": "somebody", "provider": "openai"}],
        "own": [
            OWN | {"event_id": "priced", "model": "gpt-4o"},
            OWN | {"event_id": "waits", "model": "nobody-sells-it"},
        ],
        "litellm": [LITELLM],
    }
    for name, records in lines.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    reports = load_paths(db, sorted(tmp_path.glob("*.jsonl")), owner_email="ana@example.com", create_user=True)
    assert sum(report.loaded for report in reports) == 6
    with db.transaction(Role.OWNER) as conn:
        found = conn.execute("SELECT event_id, total_cost IS NULL, unpriced FROM usage_logs").fetchall()
    assert sorted(found) == [
        ("1" * 32 + ":" + "2" * 16, True, True),
        ("hit_cache_hit1767614400000", False, True),
        ("nobody", True, True),
        ("priced", False, False),
        ("somebody", False, False),
        ("waits", True, False),
    ]
