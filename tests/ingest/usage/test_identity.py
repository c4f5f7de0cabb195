"""An event is known by its source and its id: the same id from elsewhere is another event."""

import json
from pathlib import Path
from typing import Any

from cauce.database import Database, Role
from ingest import load_paths
from ingest.quarantine import open_rows

from .same_call import Call, own_columns

OWN = own_columns(Call(input=10, output=5, read=0, write=0, reasoning=0), int)
BODY = {
    "id": "same",
    "provider": "openai",
    "timestamp": OWN["timestamp"],
    "response": {"model": "gpt-4o", "usage": {"prompt_tokens": 10, "completion_tokens": 5}},
}


def load(db: Database, path: Path, record: dict[str, Any]) -> Any:
    path.write_text(json.dumps(record) + "\n")
    [report] = load_paths(db, [path], owner_email="ana@example.com", create_user=True)
    return report


def test_the_same_id_in_two_sources_is_two_events(db: Database, tmp_path: Path) -> None:
    assert load(db, tmp_path / "own.jsonl", OWN).loaded == 1
    assert load(db, tmp_path / "body.jsonl", BODY).loaded == 1
    assert load(db, tmp_path / "other.jsonl", {**BODY, "provider": "azure"}).loaded == 1
    with db.transaction(Role.OWNER) as conn:
        assert conn.execute("SELECT count(*), count(DISTINCT event_id) FROM usage_logs").fetchone() == (3, 1)


def test_a_conflict_says_what_to_do(db: Database, tmp_path: Path) -> None:
    load(db, tmp_path / "own.jsonl", OWN)
    report = load(db, tmp_path / "again.jsonl", {**OWN, "input_tokens": 11})
    [row] = open_rows(db, batch=report.batch)
    assert row.rule == "conflict"
    assert "undo the batch" in row.reason
    assert "discard this row" in row.reason
