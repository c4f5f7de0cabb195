"""Files do not bring back whom an erasure took away; an admin who makes them anew does."""

import json
from datetime import UTC, datetime
from pathlib import Path

from cauce.database import Database, Role
from cauce.lifecycle.erase import erase
from cauce.security.people import ensure_person, find_person
from ingest import load_paths
from tests.cauce.lifecycle.canaries import hashes_of_others
from tests.conftest import make_person_in

EVA = "eva@example.com"


def write_event(path: Path, number: int, **more: str) -> Path:
    """Add a line of usage to a file."""
    event = {"timestamp": "2026-01-05T12:00:00Z", "model": "gpt-4o", "provider": "openai", "input_tokens": 5}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps({**event, "event_id": f"e{number}", "output_tokens": 1, **more}) + "\n")
    return path


def test_the_files_of_an_erased_person_bring_nothing_back(db: Database, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    eva = make_person_in(db, EVA)
    write_event(inbox / "Eva@example.com" / "a.jsonl", 1)
    shared = write_event(inbox / "shared.jsonl", 2, user=EVA)
    write_event(shared, 3, user="luis@example.com")
    own = write_event(tmp_path / "own.jsonl", 4)
    load_paths(db, [inbox], create_user=True)
    load_paths(db, [own], owner_email=EVA)
    erase(db, EVA)
    before = hashes_of_others(db, eva)
    for create_user in (False, True):
        reports = {report.file: report for report in load_paths(db, [inbox, own], create_user=create_user)}
        assert (
            reports["a.jsonl"].message
            == f"not loaded: its person was erased on {datetime.now(UTC).date()}; delete the file"
        )
        assert [(reports[name].read, reports[name].duplicate) for name in ("shared.jsonl", "own.jsonl")] == [
            (2, 2),
            (1, 1),
        ]
        assert not any(report.failed for report in reports.values())
    assert hashes_of_others(db, eva) == before
    with db.transaction(Role.OWNER) as conn:
        kept = conn.execute("SELECT user_id FROM ingest_batches WHERE source_file = '(erased)'").fetchall()
    assert kept == [(None,), (None,)]


def test_events_that_name_an_erased_person_are_ignored(db: Database, tmp_path: Path) -> None:
    make_person_in(db, EVA)
    erase(db, EVA)
    file = write_event(tmp_path / "new.jsonl", 1, user=EVA.upper())
    write_event(file, 2, user="luis@example.com")
    [report] = load_paths(db, [file], create_user=True)
    assert (report.read, report.loaded, report.quarantined, report.ignored) == (2, 1, 0, 1)
    assert report.ignored_kinds == {"erased person": 1}
    assert find_person(db, EVA) is None
    with db.transaction(Role.OWNER) as conn:
        assert conn.execute("SELECT count(*) FROM quarantined_rows").fetchone() == (0,)


def test_who_is_made_anew_on_purpose_has_their_files_loaded_again(db: Database, tmp_path: Path) -> None:
    file = write_event(tmp_path / "inbox" / EVA / "a.jsonl", 1)
    make_person_in(db, EVA)
    assert [report.loaded for report in load_paths(db, [file])] == [1]
    erase(db, EVA)
    eva = ensure_person(db, EVA)
    assert [report.loaded for report in load_paths(db, [file])] == [1]
    with db.transaction(Role.OWNER) as conn:
        assert conn.execute("SELECT user_id FROM usage_logs").fetchall() == [(eva,)]
    [named] = load_paths(db, [write_event(tmp_path / "named.jsonl", 2, user=EVA)])
    assert (named.loaded, named.ignored) == (1, 0)
