"""The shared FHIR samples, each accounted for entry by entry.

Both are Synthea patients of an OpenMRS-like module whose observations carry CIEL identifiers under the LOINC system
('5089AAAA…', shown as "Weight"). Those of a measurement that is taken are read by that dictionary; the others are of
something else. The two blood pressures of each patient come one number at a time, both under the code of the systolic
one: which is which cannot be told, so both wait in quarantine.
"""

import pytest

from tests.ingest.health.reading import read

KINDS = {"Patient": 1, "Provenance": 1}
EXPECTED = {
    "synthea_Bob965_Keeling57_3f6fd0bb-6cd3-eb3f-4401-cd38ace25f2b.json": (
        238,
        {"weight": {"kg": 64.595}, "height": {"cm": 172.17}, "temperature": {"celsius": 37.423},
         "oxygen_saturation": {"percent": 72.167}, "heart_rate": {"bpm": 192.4}},
        KINDS | {"Immunization": 46, "Observation (another measurement)": 23}
        | dict.fromkeys(("Encounter", "DiagnosticReport", "DocumentReference", "Claim", "ExplanationOfBenefit"), 32),
    ),
    "synthea_Luis923_Cruz300_88cea50e-248d-969c-257b-5e86300b71f3.json": (
        284,
        {"weight": {"kg": 64.341}, "height": {"cm": 170.46}, "temperature": {"celsius": 35.956},
         "oxygen_saturation": {"percent": 78.737}, "heart_rate": {"bpm": 166.09}},
        KINDS | {"Immunization": 53, "Condition": 1, "Observation (another measurement)": 56}
        | dict.fromkeys(("Encounter", "DiagnosticReport", "DocumentReference", "Claim", "ExplanationOfBenefit"), 33),
    ),
}  # fmt: skip


def test_no_sample_is_forgotten(samples):
    assert {path.name for path in (samples / "health" / "fhir").iterdir()} == set(EXPECTED)


@pytest.mark.parametrize("file", EXPECTED)
def test_every_entry_of_a_sample_is_accounted_for(samples, file):
    entries, measurements, ignored = EXPECTED[file]
    reading = read(samples / "health" / "fhir" / file)
    assert reading.format == "fhir-bundle"
    assert {m["type"]: m["value"] for m in reading.measurements} == measurements
    assert [(column, rule) for _, column, rule in reading.rules()] == [("component", "incomplete_blood_pressure")] * 2
    assert reading.ignored == ignored
    assert (reading.medications, reading.doses) == ([], [])
    assert reading.read == entries == len(measurements) + 2 + sum(ignored.values())


@pytest.mark.parametrize("file", EXPECTED)
def test_a_refused_entry_of_a_sample_reads_alone_and_its_line_is_where_it_stands(samples, file):
    path = samples / "health" / "fhir" / file
    lines = path.read_text().split("\n")
    for rejection in read(path).rejections:
        [again] = read(rejection.raw).rejections
        assert again.rule == rejection.rule
        own = rejection.raw.partition("[")[2].split("\n")
        assert lines[rejection.line - 1].endswith(own[0])
        assert lines[rejection.line : rejection.line + len(own) - 2] == own[1:-1]
