"""A record with `reverses` takes an event back: once, whole, in any order, and an undo puts it back as it was."""

import polars as pl
import pytest

from cauce.database import Role
from cauce.errors import SkippableError
from ingest import load_file, load_upload, open_rows, replay, undo
from tests.ingest.inputs import contents, counts, event, rows, write_events

TOTALS = "SELECT total_messages, total_tokens FROM month_totals WHERE total_messages > 0"
RECOUNTED = "SELECT count(*), sum(total_tokens)::bigint FROM usage_logs HAVING count(*) > 0"
EVENTS = [event(n, timestamp=f"2026-03-0{n}T12:00:00Z", prompt="¿Cuánto?", completion="5") for n in (1, 2)]


@pytest.fixture
def ana(make_person):
    return make_person("ana@example.com")


def load(db, tmp_path, name, *records, **options):
    return load_file(db, write_events(tmp_path / f"{name}.jsonl", records), **options)


def kept(db):
    return rows(db, "SELECT event_id FROM usage_logs ORDER BY event_id")


def refused(db):
    return [(row.rule, row.column_name) for row in open_rows(db)]


def test_an_event_is_taken_back_with_its_counts_and_undone_as_it_was(db, ana, tmp_path):
    load(db, tmp_path, "events", *EVENTS)
    before = contents(db)
    report = load(db, tmp_path, "back", {"reverses": "e1"})
    assert counts(report) == {"read": 1, "loaded": 1}
    assert kept(db) == ["e2"]
    assert rows(db, "SELECT event_id, call ->> 'total_tokens' FROM usage_reversals") == [("e1", "111")]
    assert rows(db, TOTALS) == rows(db, RECOUNTED)

    assert counts(load(db, tmp_path, "events again", EVENTS[0])) == {"read": 1, "duplicate": 1}
    assert counts(load(db, tmp_path, "back again", {"reverses": "e1"}, {"reverses": " e1 "})) == {
        "read": 2,
        "duplicate": 2,
    }
    undo(db, report.batch)
    assert contents(db) == before
    assert rows(db, "SELECT count(*) FROM usage_reversals") == [0]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2)])
def test_event_and_reversal_in_one_file_in_any_order(db, ana, tmp_path, order):
    records = [*EVENTS, {"reverses": "e1"}, {"reverses": "e1", "user": "Ana@Example.com"}]
    report = load(db, tmp_path, "both", *(records[place] for place in order))
    assert counts(report) == {"read": 4, "loaded": 3, "duplicate": 1}
    assert kept(db) == ["e2"]
    undo(db, report.batch)
    assert rows(db, "SELECT count(*) FROM usage_logs") == rows(db, "SELECT count(*) FROM usage_reversals") == [0]
    assert rows(db, TOTALS) == []


def test_what_is_not_there_yet_waits_in_quarantine(db, ana, tmp_path):
    assert counts(load(db, tmp_path, "back", {"reverses": "e1"})) == {"read": 1, "quarantined": 1}
    assert refused(db) == [("unknown_event", "reverses")]
    load(db, tmp_path, "events", *EVENTS)
    assert counts(load(db, tmp_path, "back", {"reverses": "e1"})) == {"read": 1, "loaded": 1}
    assert (kept(db), refused(db)) == (["e2"], [])


def test_a_row_of_the_quarantine_is_loaded_again_by_itself(db, ana, tmp_path):
    load(db, tmp_path, "back", {"reverses": "e1"})
    load(db, tmp_path, "events", *EVENTS)
    [row] = open_rows(db)
    assert counts(replay(db, row.id)) == {"read": 1, "loaded": 1}
    assert (kept(db), refused(db)) == (["e2"], [])


def test_nobody_takes_back_what_is_anothers(db, ana, make_person, tmp_path):
    luis = make_person("luis@example.com")
    load(db, tmp_path, "events", *EVENTS)
    load(db, tmp_path, "owner", {"reverses": "e1"}, owner=luis)
    load(db, tmp_path, "named", {"reverses": "e1", "user": "luis@example.com"})
    load(db, tmp_path, "stranger", {"reverses": "e1", "user": "eva@example.com"})
    upload = write_events(tmp_path / "upload.jsonl", [{"reverses": "e1", "user": "ana@example.com"}])
    with upload.open("rb") as stream:
        load_upload(db, "upload.jsonl", stream, owner=luis)
    assert kept(db) == ["e1", "e2"]
    assert rows(db, "SELECT DISTINCT rule FROM quarantined_rows") == ["unknown_event"]
    assert counts(load(db, tmp_path, "hers", {"reverses": "e1"}, owner=ana)) == {"read": 1, "loaded": 1}


def test_an_event_that_was_archived_stays(db, ana, tmp_path):
    load(db, tmp_path, "events", *EVENTS)
    with db.transaction(Role.OWNER) as conn:
        conn.execute("DELETE FROM usage_logs WHERE event_id = 'e1'")
    load(db, tmp_path, "back", {"reverses": "e1"})
    assert refused(db) == [("archived_event", "reverses")]


def test_a_batch_of_which_events_were_reversed_is_undone_after_the_reversal(db, ana, tmp_path):
    events = load(db, tmp_path, "events", *EVENTS)
    back = load(db, tmp_path, "back", {"reverses": "e1"})
    with pytest.raises(SkippableError, match=f"1 events of this batch were reversed .*cauce undo {back.batch}"):
        undo(db, events.batch)
    undo(db, back.batch)
    undo(db, events.batch)
    assert kept(db) == []


@pytest.mark.parametrize(
    ("record", "rule"),
    [
        ({"reverses": "x" * 256}, "too_long"),
        ({"reverses": "e\u0007"}, "control_character"),
        ({"reverses": "e1", "user": "ana"}, "not_an_email"),
        ({"reverses": None, "event_id": "e9"}, "missing_value"),
    ],
)
def test_a_reversal_that_cannot_be_is_kept_aside_and_the_rest_loads(db, ana, tmp_path, record, rule):
    report = load(db, tmp_path, "some", EVENTS[0], record, EVENTS[1])
    assert counts(report) == {"read": 3, "loaded": 2, "quarantined": 1}
    assert [(row.rule, row.record) for row in open_rows(db)] == [(rule, 2)]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_tables_of_reversals(db, ana, tmp_path, form):
    load(db, tmp_path, "events", *EVENTS)
    path = tmp_path / f"back.{form}"
    if form == "csv":
        path.write_text("reverses;user\ne1;\ne7;ana@example.com\n")
    else:
        pl.DataFrame({"reverses": ["e1", "e7"]}).write_parquet(path)
    assert counts(load_file(db, path)) == {"read": 2, "loaded": 1, "quarantined": 1}
    assert kept(db) == ["e2"]
    [row] = open_rows(db)
    assert row.rule == "unknown_event"
