from datetime import date, datetime
from decimal import Decimal
from itertools import permutations

import pytest

from cauce.database import Role
from ingest import undo
from tests.ingest.inputs import contents, counts, rows


@pytest.fixture
def ana(make_person):
    return make_person("ana@example.com")


def prescription(day, **changes):
    given = {"prescribed_date": date(2026, 1, day), "start_date": date(2026, 1, day), "frequency": "cada 8 horas"}
    return "medication", given | {"times_per_day": Decimal(3)} | changes


def dose(hour, **changes):
    return "medication_log", {"scheduled_time": datetime.fromisoformat(f"2026-03-02T{hour:02}:00:00Z")} | changes


def test_a_prescription_makes_a_medicine_and_its_schedule(load_frames, db, ana):
    report = load_frames("health", prescription(5, days_of_week=[1, 3]), owner=ana)
    assert counts(report) == {"read": 1, "loaded": 1}
    assert rows(db, "SELECT frequency, start_date FROM medications") == [("cada 8 horas", date(2026, 1, 5))]
    found = rows(db, "SELECT times_per_day, days_of_week, start_date FROM medication_schedules")
    assert found == [(Decimal(3), [1, 3], date(2026, 1, 5))]


@pytest.mark.parametrize("order", list(permutations((5, 10, 15))))
def test_prescriptions_of_one_medicine_end_the_same_in_any_order(load_frames, db, ana, order):
    every = [prescription(day, dosage=f"{day} mg", times_per_day=Decimal(day) / 5) for day in order]
    for record in every:
        load_frames("health", record, owner=ana)
    assert rows(db, "SELECT dosage, start_date FROM medications") == [("15 mg", date(2026, 1, 5))]
    assert rows(db, "SELECT times_per_day FROM medication_schedules ORDER BY start_date") == [1, 2, 3]
    assert counts(load_frames("health", *every, owner=ana)) == {"read": 3, "duplicate": 3}


def test_several_prescriptions_in_one_file_are_all_duplicates_the_second_time(load_frames, db, ana):
    every = [prescription(day, dosage=f"{day} mg") for day in (10, 5, 15, 15)]
    first = load_frames("health", *every, owner=ana)
    assert (first.loaded, first.read) == (1, 4)
    before = contents(db)
    assert counts(load_frames("health", *every, owner=ana)) == {"read": 4, "duplicate": 4}
    assert contents(db) == before


def test_a_corrected_prescription_replaces_the_one_of_the_same_day(load_frames, db, ana):
    load_frames("health", prescription(5), owner=ana)
    report = load_frames("health", prescription(5, times_per_day=Decimal(2), dosage="850 mg"), owner=ana)
    assert counts(report) == {"read": 1, "updated": 1}
    assert rows(db, "SELECT times_per_day FROM medication_schedules") == [2]
    assert rows(db, "SELECT dosage FROM medications") == ["850 mg"]


def test_a_medicine_only_doses_tell_of_starts_with_the_first_dose(load_frames, db, ana):
    load_frames("health", dose(20), owner=ana)
    # 3:00 of 2 March in UTC is 1 March in Mexico City.
    assert counts(load_frames("health", dose(3), owner=ana)) == {"read": 1, "loaded": 1}
    assert rows(db, "SELECT name, start_date FROM medications") == [("Metformina", date(2026, 3, 1))]
    assert rows(db, "SELECT local_date FROM medication_logs ORDER BY scheduled_time") == [
        date(2026, 3, 1),
        date(2026, 3, 2),
    ]


def test_a_prescription_completes_a_medicine_that_doses_told_of(load_frames, db, ana):
    load_frames("health", dose(20), owner=ana)
    assert counts(load_frames("health", prescription(5, dosage="850 mg"), owner=ana)) == {"read": 1, "updated": 1}
    assert rows(db, "SELECT dosage, start_date FROM medications") == [("850 mg", date(2026, 1, 5))]


def test_a_dose_is_replaced_where_it_differs(load_frames, db, ana):
    missed = dose(14, status="omitido")
    taken = dose(14, status="retrasado", taken_time=datetime.fromisoformat("2026-03-02T16:00:00Z"))
    outcomes = [counts(load_frames("health", record, owner=ana)) for record in (missed, missed, taken, taken)]
    assert [next(k for k in o if k != "read") for o in outcomes] == ["loaded", "duplicate", "updated", "duplicate"]
    assert rows(db, "SELECT status FROM medication_logs") == ["retrasado"]


def test_a_dose_of_an_unknown_medicine_waits_and_is_loaded_when_it_is_known(load_frames, db, ana):
    waiting = dose(14, medication_name=None)
    assert counts(load_frames("health", waiting, owner=ana)) == {"read": 1, "quarantined": 1}
    load_frames("health", prescription(5), owner=ana)
    assert counts(load_frames("health", waiting, owner=ana)) == {"read": 1, "loaded": 1}


def test_a_reading_is_replaced_where_it_differs(load_frames, db, ana):
    one, two = ("measurement", {}), ("measurement", {"value": '{"kg": 71.5}'})
    outcomes = [counts(load_frames("health", record, owner=ana)) for record in (one, one, two)]
    assert [next(k for k in o if k != "read") for o in outcomes] == ["loaded", "duplicate", "updated"]
    assert rows(db, "SELECT value, local_date FROM health_measurements") == [({"kg": 71.5}, date(2026, 3, 2))]


def test_a_batch_can_be_undone(load_frames, db, ana):
    report = load_frames("health", prescription(5), dose(14), ("measurement", {}), owner=ana)
    before = contents(db)
    undo(db, report.batch)
    tables = ("medications", "medication_schedules", "medication_logs", "health_measurements")
    assert contents(db, *tables) == {table: [] for table in tables}
    load_frames("health", prescription(5), dose(14), ("measurement", {}), owner=ana)
    assert contents(db, *tables) == {table: before[table] for table in tables}


def test_what_a_person_deleted_stays_deleted_when_it_comes_again(load_frames, db, ana):
    load_frames("health", prescription(5, dosage="5 mg"), ("measurement", {}), owner=ana)
    with db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE medications SET deleted_at = now()")
        conn.execute("UPDATE health_measurements SET deleted_at = now()")
    again = [prescription(1), prescription(9, dosage="9 mg"), ("measurement", {"value": '{"kg": 71.5}'})]
    assert counts(load_frames("health", *again, owner=ana)) == {"read": 3, "duplicate": 3}
    assert rows(db, "SELECT dosage, start_date FROM medications WHERE deleted_at IS NOT NULL") == [
        ("5 mg", date(2026, 1, 5))
    ]
    assert rows(db, "SELECT start_date FROM medication_schedules") == [date(2026, 1, 5)]
    assert rows(db, "SELECT value FROM health_measurements WHERE deleted_at IS NOT NULL") == [{"kg": 70}]
