"""The files of tests/data/health: every kind of record that is taken, and every rule that one can break."""

from datetime import UTC, date, datetime
from decimal import Decimal

from tests.ingest.health.reading import DATA, read

EIGHT = datetime(2026, 3, 2, 14, tzinfo=UTC)


def test_every_entry_of_a_bundle_is_accounted_for():
    reading = read(DATA / "bundle.json")
    assert reading.format == "fhir-bundle"
    assert (reading.read, reading.rejections, reading.balanced()) == (23, [], True)
    assert reading.ignored == {
        "Patient": 1,
        "Medication": 1,
        "Immunization": 1,
        "Observation (entered-in-error)": 1,
        "Observation (another measurement)": 1,
    }


def test_measurements_are_in_the_unit_of_their_type_and_keep_what_was_written():
    reading = read(DATA / "bundle.json")
    assert [(m["line"], m["external_id"], m["type"], m["value"]) for m in reading.measurements] == [
        (3, "Observation/peso", "weight", {"kg": 70}),
        (4, "Observation/peso-lb", "weight", {"kg": 69.9893, "original": {"value": 154.3, "unit": "[lb_av]"}}),
        (5, "Observation/talla", "height", {"cm": 172, "original": {"value": 1.72, "unit": "m"}}),
        (6, "Observation/imc", "bmi", {"kg_m2": 23.7}),
        (7, "Observation/presion", "blood_pressure", {"systolic": 128, "diastolic": 84}),
        (8, "Observation/pulso", "heart_rate", {"bpm": 72}),
        (9, "Observation/glucosa", "glucose", {"mg_dl": 99.0857, "original": {"value": 5.5, "unit": "mmol/L"}}),
        (10, "Observation/ayunas", "glucose", {"mg_dl": 95, "fasting": True}),
        (11, "Observation/hba1c", "hba1c", {"percent": 6.8}),
        (12, "Observation/temperatura", "temperature", {"celsius": 37, "original": {"value": 98.6, "unit": "[degF]"}}),
        (13, "Observation/saturacion", "oxygen_saturation", {"percent": 97}),
        (14, "Observation/respiracion", "respiratory_rate", {"per_minute": 16}),
    ]
    assert {m["measured_at"] for m in reading.measurements} == {EIGHT}
    assert {m["external_id"]: m["notes"] for m in reading.measurements if m["notes"]} == {
        "Observation/ayunas": "antes del desayuno"
    }


def test_prescriptions_are_medicines_with_a_schedule():
    metformin, losartan, paracetamol = read(DATA / "bundle.json").medications
    assert metformin == {
        "record": 15,
        "line": 16,
        "external_id": "name:metformina",
        "name": "Metformina",
        "generic_name": None,
        "dosage": "850 mg",
        "frequency": "cada 8 horas",
        "route": "oral",
        "prescribed_by": "Dra. Prueba",
        "prescribed_date": date(2026, 1, 5),
        "start_date": date(2026, 1, 6),
        "end_date": date(2026, 6, 30),
        "as_needed": False,
        "times_per_day": Decimal(3),
        "days_of_week": None,
        "notes": "con alimentos",
    }
    assert (losartan["name"], losartan["times_per_day"], losartan["days_of_week"]) == ("Losartán 50 mg", 1, [1, 3, 5])
    assert (paracetamol["as_needed"], paracetamol["times_per_day"]) == (True, None)


def test_administrations_are_doses_of_the_medicine_of_that_name():
    taken, missed, referenced = read(DATA / "bundle.json").doses
    assert (taken["medication_external_id"], taken["status"], taken["scheduled_time"], taken["taken_time"]) == (
        "name:metformina",
        "tomado",
        EIGHT,
        EIGHT,
    )
    assert (missed["status"], missed["taken_time"], missed["notes"]) == ("omitido", None, "sin surtir")
    assert (referenced["medication_external_id"], referenced["medication_name"]) == (
        "name:losartan_50_mg",
        "Losartán 50 mg",
    )


def test_every_rule_that_a_record_breaks_is_told_with_its_line_and_element():
    reading = read(DATA / "bundle_bad.json")
    assert (reading.read, reading.balanced(), reading.ignored) == (16, True, {"entry without resource": 1})
    assert reading.rules() == [
        (3, "code", "malformed_code"),
        (4, "valueQuantity", "invalid_value"),
        (5, "valueQuantity", "inexact_value"),
        (6, "valueQuantity", "unknown_unit"),
        (7, "component.valueQuantity", "implausible_value"),
        (8, "component", "incomplete_blood_pressure"),
        (9, "effectiveDateTime", "missing_time"),
        (10, "effectiveDateTime", "invalid_time"),
        (11, "medication[x]", "missing_medication"),
        (12, "authoredOn", "invalid_date"),
        (13, "boundsPeriod.end", "invalid_period"),
        (14, "subject", "other_patient"),
        (15, "resourceType", "invalid_resource"),
        (16, "entry", "invalid_entry"),
    ]


def test_reasons_and_kinds_quote_nothing_of_a_record():
    reading = read(DATA / "bundle_bad.json")
    for told in [rejection.reason for rejection in reading.rejections] + list(reading.ignored):
        assert not {"setenta", "arroba", "1200", "paciente", "ayer", "script"} & set(told.replace("-", " ").split())


def test_lines_of_a_bulk_export_cost_only_themselves():
    reading = read(DATA / "bulk.ndjson")
    assert reading.format == "fhir-ndjson"
    assert (reading.read, reading.balanced(), reading.ignored) == (6, True, {"Medication": 1})
    assert reading.rules() == [
        (5, "valueQuantity", "implausible_value"),
        (6, "resourceType", "invalid_resource"),
        (7, "resource", "invalid_json"),
    ]
    # The name stands in a line that comes later.
    assert [(m["record"], m["line"], m["name"]) for m in reading.medications] == [(2, 2, "Atorvastatina")]
    assert [m["external_id"] for m in reading.measurements] == ["Observation/linea-1"]
