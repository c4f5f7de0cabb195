import csv
import json
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cauce.demo.doses import clock_change_days
from cauce.demo.window import Window, zone_of
from tests.cauce.demo.conftest import TODAY, Demo
from tests.cauce.demo.reading import Reading, read

Readings = dict[str, Reading]


@pytest.fixture(scope="module")
def readings(demo: Demo) -> Readings:
    zones = {person.email: person.timezone for person in demo.plan.people}
    files = [(expected.file, expected.owner) for expected in demo.plan.expectations if expected.domain == "health"]
    return {file: read(demo.folder / file, zones[owner or ""]) for file, owner in files}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as text:
        return list(csv.DictReader(text))


def resources(path: Path, kind: str) -> list[dict[str, Any]]:
    entries = json.loads(path.read_bytes())["entry"]
    return [entry["resource"] for entry in entries if entry["resource"]["resourceType"] == kind]


def test_every_file_is_recognised_and_accounted_for(demo: Demo, readings: Readings) -> None:
    for expected in demo.plan.expectations:
        if expected.domain == "health":
            reading = readings[expected.file]
            assert (reading.domain, reading.format) == ("health", expected.format)
            assert (expected.file, reading.read) == (expected.file, expected.read)
            assert (expected.file, len(reading.rejections)) == (expected.file, expected.malformed)
            assert (expected.file, reading.ignored) == (expected.file, Counter(expected.ignored))


def test_doses_are_different_but_for_the_repeated_ones(demo: Demo, readings: Readings) -> None:
    for expected in demo.plan.expectations:
        if expected.format == "medication-log-csv":
            log = readings[expected.file].frame("medication_log")
            assert log.select("medication_external_id", "scheduled_time").n_unique() == expected.good
            assert log.height == expected.good + expected.duplicate


def test_observations_are_different_and_of_the_kinds_that_pages_show(readings: Readings) -> None:
    measured = readings["ana@demo.example/expediente.json"].frame("measurement")
    assert measured["external_id"].n_unique() == measured.height
    assert set(measured["type"]) == {"weight", "height", "blood_pressure", "heart_rate", "glucose", "hba1c"}


def test_schedules_say_how_often_a_medicine_is_due(readings: Readings) -> None:
    ana = readings["ana@demo.example/expediente.json"].frame("medication")
    due = {
        name: (as_needed, None if times is None else float(times), days)
        for name, as_needed, times, days in ana.select("name", "as_needed", "times_per_day", "days_of_week").iter_rows()
    }
    assert due["Metformina"] == (False, 2.0, None)
    assert due["Amoxicilina"] == (False, 3.0, None)
    assert due["Vitamina D3"] == (False, 1.0, [1, 3, 5])
    assert due["Paracetamol"][0] is True


def test_a_medicine_is_the_same_in_record_and_log(readings: Readings) -> None:
    record = readings["ana@demo.example/expediente.json"].frame("medication")
    log = readings["ana@demo.example/tomas.csv"].frame("medication_log")
    assert set(log["medication_name"]) <= set(record["name"])


def test_weight_in_pounds_is_read_in_kilograms(readings: Readings) -> None:
    weights = readings["sofia@demo.example/expediente.json"].frame("measurement").filter(pl.col("type") == "weight")
    values = [json.loads(value)["kg"] for value in weights["value"]]
    assert len(values) > 50
    assert all(50 < float(value) < 100 for value in values)


def test_doses_on_the_day_the_clocks_go_forward(demo: Demo) -> None:
    log = rows(demo.folder / "sofia@demo.example/tomas.csv")
    due = [row["scheduled_time"] for row in log if row["medication"] == "Levotiroxina"]
    assert "2026-03-07T02:30:00-05:00" in due
    assert "2026-03-08T03:30:00-04:00" in due, "02:30 does not exist on that day"
    assert "2026-03-09T02:30:00-04:00" in due
    assert {"2025-11-02T02:30:00-05:00", "2026-11-01T02:30:00-05:00"} <= set(due)


def test_clock_changes_of_a_person_who_moved(demo: Demo) -> None:
    luis = next(person for person in demo.plan.people if person.email == "luis@demo.example")
    assert clock_change_days(luis, Window.ending(TODAY, 13)) == [date(2026, 11, 1)]
    offsets = {row["hora_programada"][-6:] for row in rows(demo.folder / "luis@demo.example/tomas.csv")}
    assert offsets == {"-06:00", "-07:00", "-08:00"}


def test_luis_takes_nothing_for_four_days(demo: Demo) -> None:
    case = next(case for case in demo.plan.cases if case.name == "drug_holiday" and case.file.startswith("luis"))
    first, last = (date.fromisoformat(day) for day in case.keys)
    assert last - first == timedelta(days=3)
    zone = zone_of("America/Tijuana")
    taken = {
        datetime.fromisoformat(row["hora_tomada"]).astimezone(zone).date()
        for row in rows(demo.folder / "luis@demo.example/tomas.csv")
        if row["hora_tomada"] and row["segun_necesidad"] == "false"
    }
    assert not {first + timedelta(days=n) for n in range(4)} & taken
    assert {first - timedelta(days=1), last + timedelta(days=1)} <= taken


def test_every_case_is_there(demo: Demo) -> None:
    names = ("missed_doses", "as_needed_doses", "naive_times", "clock_change", "malformed_health", "duplicate_dose")
    assert all(demo.records(name) > 0 for name in names)


def test_some_missed_doses_are_missing_from_the_log(demo: Demo) -> None:
    log = rows(demo.folder / "luis@demo.example/tomas.csv")
    written = sum(row["medicamento"] == "Losartán" for row in log)
    days = (TODAY - date(2025, 11, 1)).days
    assert 0.85 * days < written < days


def test_record_speaks_loinc_and_ucum(demo: Demo) -> None:
    observations = resources(demo.folder / "ana@demo.example/expediente.json", "Observation")
    codes = Counter(observation["code"]["coding"][0]["code"] for observation in observations)
    assert codes["85354-9"] == codes["8867-4"] > 50
    assert codes["2345-7"] > 200
    panel = next(observation for observation in observations if observation["code"]["coding"][0]["code"] == "85354-9")
    assert [part["code"]["coding"][0]["code"] for part in panel["component"]] == ["8480-6", "8462-4"]
    assert {part["valueQuantity"]["code"] for part in panel["component"]} == {"mm[Hg]"}
