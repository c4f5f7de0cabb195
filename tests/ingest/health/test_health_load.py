"""Health files through the load engine and back out of quarantine."""

import pytest

from cauce.errors import SkippableError
from ingest import load_file, open_rows, replay, text_of
from tests.ingest.health.reading import DATA
from tests.ingest.inputs import contents, counts, rows


@pytest.fixture
def ana(make_person):
    return make_person("ana@example.com")


@pytest.mark.parametrize(
    ("file", "outcomes"),
    [
        ("bundle.json", {"read": 23, "loaded": 18, "ignored": 5}),
        ("bundle_bad.json", {"read": 16, "loaded": 1, "quarantined": 14, "ignored": 1}),
        ("bulk.ndjson", {"read": 6, "loaded": 2, "quarantined": 3, "ignored": 1}),
        ("tomas.csv", {"read": 6, "loaded": 5, "ignored": 1}),
        ("bad_doses.csv", {"read": 11, "loaded": 1, "quarantined": 10}),
    ],
)
def test_every_record_of_a_file_has_one_outcome_and_the_second_time_is_a_duplicate(db, ana, file, outcomes):
    assert counts(load_file(db, DATA / file, owner=ana)) == outcomes
    before = contents(db)
    assert counts(load_file(db, DATA / file, owner=ana)) == {"read": outcomes["read"], "duplicate": outcomes["read"]}
    assert contents(db) == before


@pytest.mark.parametrize("first", [0, 1])
def test_a_prescription_and_a_log_meet_in_one_medicine_in_any_order(db, ana, first):
    files = (DATA / "bundle.json", DATA / "tomas.csv")
    for file in (files[first], files[1 - first]):
        load_file(db, file, owner=ana)
    query = """
        SELECT m.name, count(DISTINCT s.id), count(DISTINCT g.id)
        FROM medications m LEFT JOIN medication_schedules s ON s.medication_id = m.id
        LEFT JOIN medication_logs g ON g.medication_id = m.id GROUP BY 1 ORDER BY 1"""
    # The bundle's first two doses are the log's first two.
    assert rows(db, query) == [("Losartán 50 mg", 1, 1), ("Metformina", 1, 3), ("Paracetamol", 1, 2)]


def test_a_refused_record_is_repaired_and_loaded(db, ana):
    load_file(db, DATA / "bundle_bad.json", owner=ana)
    waiting = {row.rule: row for row in open_rows(db, owner=ana)}
    assert len(waiting) == 14
    row = waiting["invalid_value"]
    with pytest.raises(SkippableError, match="stays in quarantine"):
        replay(db, row.id, owner=ana)
    repaired = text_of(db, row.id, owner=ana).replace('"setenta"', "71")
    assert counts(replay(db, row.id, text=repaired, owner=ana)) == {"read": 1, "loaded": 1}
    values = rows(db, "SELECT value->>'kg' FROM health_measurements ORDER BY 1")
    assert values == ["70", "71"]
    assert len(open_rows(db, owner=ana)) == 13


def test_a_record_without_an_owner_is_replayed_for_one_with_the_medicine_it_names(db, ana):
    load_file(db, DATA / "bulk.ndjson")
    names = []
    for row in open_rows(db):
        if row.rule == "unattributed":
            report = replay(db, row.id, owner=ana)
            assert report.loaded == 1
            names = rows(db, "SELECT name FROM medications")
    assert names == ["Atorvastatina"]
