"""A NUL in what is kept as JSON sets its record aside: the database has no such character, and would refuse the file."""

import json
from pathlib import Path
from typing import Any

import pytest

from cauce.database import Database
from ingest import load_paths
from ingest.quarantine import open_rows

from .reports import completions, openai
from .same_call import Call, own_columns

CALL = Call(input=10, output=5, read=0, write=0, reasoning=0)


def own(event_id: str, team: Any) -> dict[str, Any]:
    return own_columns(CALL, int) | {"event_id": event_id, "team": team}


def report(good: Any, bad: Any) -> dict[str, Any]:
    days = {("2026-03-01", "2026-03-02"): [completions(project_id=good), completions(project_id=bad)]}
    return openai(days)


FILES = {
    "a text": [own("good", "a\\u0000b"), own("bad", "a\x00b")],
    "the beginning of a text": [own("good", "\\u0000"), own("bad", "\x00")],
    "after a backslash": [own("good", "\\\\u0000"), own("bad", "\\\x00")],
    "a name": [own("good", {"a": 1}), own("bad", {"\x00": 1})],
    "a report": [report("a\\u0000b", "a\x00b")],
}


@pytest.mark.parametrize("what", FILES)
def test_a_nul_costs_its_record_and_a_text_that_only_looks_like_one_nothing(
    db: Database, tmp_path: Path, what: str
) -> None:
    path = tmp_path / "file.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in FILES[what]))
    owner = None if what == "a report" else "ana@example.com"
    [report] = load_paths(db, [path], owner_email=owner, create_user=True)
    assert (report.read, report.loaded, report.quarantined) == (2, 1, 1)
    [row] = open_rows(db, batch=report.batch)
    assert (row.rule, row.column_name) == ("unstorable_text", "dimensions" if what == "a report" else "units")
