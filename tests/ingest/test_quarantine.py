import json

import psycopg
import pytest

from cauce.database import Role
from cauce.errors import FatalError, SkippableError
from ingest import discard, load_file, load_paths, load_upload, open_rows, replay, text_of, undo
from tests.ingest.inputs import contents, counts, event, rows, write_events


@pytest.fixture
def ana(make_person):
    return make_person("ana@example.com")


def test_a_row_tells_where_it_stood_what_it_broke_and_its_text(db, ana, tmp_path):
    bad = event(2, input_tokens=-5)
    load_file(db, write_events(tmp_path / "a.jsonl", [event(1), bad]))
    [row] = open_rows(db)
    assert (row.source_file, row.line, row.record, row.column_name) == ("a.jsonl", 2, 2, "input_tokens")
    assert row.reason
    assert json.loads(text_of(db, row.id)) == bad


def test_the_text_is_only_kept_sealed(db, ana, tmp_path):
    load_file(db, write_events(tmp_path / "a.jsonl", [event(1, input_tokens=-5, prompt="muy secreto")]))
    assert rows(db, "SELECT count(*) FROM quarantined_rows q WHERE q::text LIKE '%muy secreto%'") == [0]
    assert rows(db, "SELECT position('muy secreto'::bytea IN raw_sealed) FROM quarantined_rows") == [0]


def test_a_text_moved_to_another_row_does_not_open(db, ana, tmp_path):
    load_file(db, write_events(tmp_path / "a.jsonl", [event(1, input_tokens=-5), event(2, input_tokens=-5)]))
    with db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE quarantined_rows SET raw_sealed = (SELECT min(raw_sealed) FROM quarantined_rows)")
    opened = 0
    for row in open_rows(db):
        try:
            text_of(db, row.id)
            opened += 1
        except FatalError:
            pass
    assert opened == 1


def test_a_repaired_row_is_loaded_once_and_resolved(db, ana, tmp_path):
    path = write_events(tmp_path / "a.jsonl", [event(1, input_tokens=-5)])
    load_file(db, path)
    [row] = open_rows(db)
    report = replay(db, row.id, text=json.dumps(event(1)))
    assert counts(report) == {"read": 1, "loaded": 1}
    assert open_rows(db) == []
    assert rows(db, "SELECT status, resolved_by FROM quarantined_rows") == [("resolved", report.batch)]
    # The broken row in its file again is nothing new.
    again = write_events(tmp_path / "b.jsonl", [event(1, input_tokens=-5), event(9)])
    assert counts(load_file(db, again)) == {"read": 2, "loaded": 1, "duplicate": 1}


def test_a_row_that_is_refused_again_stays_and_nothing_is_loaded(db, ana, tmp_path):
    load_file(db, write_events(tmp_path / "a.jsonl", [event(1, input_tokens=-5)]))
    before = contents(db)
    [row] = open_rows(db)
    with pytest.raises(SkippableError, match="stays in quarantine"):
        replay(db, row.id, text=json.dumps(event(1, output_tokens=-1)))
    with pytest.raises(SkippableError, match="no known format"):
        replay(db, row.id, text="what is this")
    assert contents(db) == before
    assert rows(db, "SELECT count(*) FROM ingest_batches") == [1]


def test_a_conflict_can_be_loaded_once_the_other_is_undone(db, ana, tmp_path):
    first = load_file(db, write_events(tmp_path / "a.jsonl", [event(1)]))
    load_file(db, write_events(tmp_path / "b.jsonl", [event(1, input_tokens=7)]))
    [row] = open_rows(db)
    with pytest.raises(SkippableError, match="other content"):
        replay(db, row.id)
    undo(db, first.batch)
    replay(db, row.id)
    assert rows(db, "SELECT tokens_input FROM usage_logs") == [7]


def test_a_discarded_row_is_not_kept_aside_again(db, ana, tmp_path):
    bad = event(1, input_tokens=-5)
    load_file(db, write_events(tmp_path / "a.jsonl", [bad]))
    [row] = open_rows(db)
    assert discard(db, [row.id]) == 1
    assert discard(db, [row.id]) == 0
    assert counts(load_file(db, write_events(tmp_path / "b.jsonl", [bad, bad, event(2)]))) == {
        "read": 3,
        "loaded": 1,
        "duplicate": 1,
        "quarantined": 1,  # the second of two equal rows is another row
    }


def test_a_personal_file_waits_for_its_owner(load_frames, db, ana):
    records = (("account", {}), ("transaction", {}), ("transaction", {}))
    assert counts(load_frames("finance", *records)) == {"read": 3, "quarantined": 3}
    assert {row.rule for row in open_rows(db)} == {"unattributed"}


def test_the_next_load_with_an_owner_resolves_what_had_none(db, ana, tmp_path):
    path = tmp_path / "budgets.csv"
    path.write_text("name,category,amount,currency,period,start_date\nComida,restaurantes,10,MXN,monthly,2026-01-01\n")
    assert counts(load_file(db, path)) == {"read": 1, "quarantined": 1}
    report = load_file(db, path, owner=ana)
    assert counts(report) == {"read": 1, "loaded": 1}
    assert open_rows(db) == []
    undo(db, report.batch)
    assert [row.rule for row in open_rows(db)] == ["unattributed"]


def test_a_personal_row_is_replayed_for_an_owner(db, ana, tmp_path):
    path = tmp_path / "budgets.csv"
    path.write_text("name,category,amount,currency,period,start_date\nComida,restaurantes,10,MXN,monthly,2026-01-01\n")
    load_file(db, path)
    [row] = open_rows(db)
    assert counts(replay(db, row.id, owner=ana)) == {"read": 1, "loaded": 1}
    assert rows(db, "SELECT user_id FROM budgets") == [ana]


def test_a_persons_rows_are_seen_by_nobody_else(db, ana, make_person, sign_in, tmp_path):
    leo = make_person("leo@example.com")
    path = tmp_path / "budgets.csv"
    path.write_text("name,category,amount,currency,period,start_date\nComida,restaurantes,x,MXN,monthly,2026-01-01\n")
    load_file(db, path, owner=ana)
    assert len(open_rows(db, owner=ana)) == 1
    assert open_rows(db, owner=leo) == []
    assert open_rows(db) == []
    for person, seen in (("ana@example.com", 1), ("leo@example.com", 0)):
        with db.transaction(Role.USER, session_token=sign_in(person)) as conn:
            assert conn.execute("SELECT count(*) FROM quarantined_rows").fetchone() == (seen,)
    [row] = open_rows(db, owner=ana)
    with pytest.raises(SkippableError, match="no such open row"):
        text_of(db, row.id, owner=leo)


def test_an_upload_takes_only_its_owners_events(db, ana, make_person, tmp_path):
    make_person("leo@example.com")
    path = write_events(tmp_path / "a.jsonl", [event(1, user=None), event(2), event(3, user="leo@example.com")])
    with path.open("rb") as stream:
        report = load_upload(db, "../../etc/a.jsonl", stream, owner=ana)
    assert (report.file, counts(report)) == ("a.jsonl", {"read": 3, "loaded": 2, "quarantined": 1})
    assert rows(db, "SELECT DISTINCT user_id FROM usage_logs") == [ana]
    assert [row.rule for row in open_rows(db)] == ["another_person"]


def test_undoing_usage_takes_back_rows_counters_and_empty_conversations(db, ana, tmp_path):
    load_file(db, write_events(tmp_path / "a.jsonl", [event(n, prompt="x") for n in range(6)]))
    before = contents(db)
    report = load_file(db, write_events(tmp_path / "b.jsonl", [event(n, prompt="x") for n in range(4, 20)]))
    assert counts(report) == {"read": 16, "loaded": 14, "duplicate": 2}
    assert "14 rows" in undo(db, report.batch)
    assert contents(db) == before
    with pytest.raises(SkippableError, match="no such batch"):
        undo(db, report.batch)
    assert counts(load_file(db, tmp_path / "b.jsonl")) == {"read": 16, "loaded": 14, "duplicate": 2}


def test_a_file_whose_twin_was_undone_is_read_again(db, ana, tmp_path):
    first = load_file(db, write_events(tmp_path / "a.jsonl", [event(1), event(2)]))
    load_file(db, write_events(tmp_path / "b.jsonl", [event(2), event(3)]))
    undo(db, first.batch)
    assert counts(load_file(db, tmp_path / "b.jsonl")) == {"read": 2, "loaded": 1, "duplicate": 1}


def test_many_refused_rows_are_found_again_chunk_by_chunk(load_frames, db, ana):
    dose = {"medication_name": None}
    records = [("medication_log", dose | {"medication_external_id": f"name:{n}"}) for n in range(10)]
    report = load_frames("health", *records, ("measurement", {}), owner=ana, size=3)
    assert counts(report) == {"read": 11, "loaded": 1, "quarantined": 10}
    texts = [text_of(db, row.id, owner=ana) for row in open_rows(db, owner=ana)]
    assert texts == [f"record {n}" for n in range(1, 11)]


def test_load_paths_needs_a_known_owner_and_nobody_is_made_by_the_way(db, tmp_path):
    with pytest.raises(FatalError, match="no such person"):
        load_paths(db, [write_events(tmp_path / "a.jsonl", [event(1)])], owner_email="nobody@example.com")
    assert rows(db, "SELECT count(*) FROM users") == [0]


def test_the_analyst_sees_no_quarantine(db):
    with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction(Role.ANALYST) as conn:
        conn.execute("SELECT count(*) FROM quarantined_rows")
