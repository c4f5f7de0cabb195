"""Bundles and lines as files: recognised by content, read in bounded memory, and records that can be read alone."""

import io
import json

import pytest

from cauce.errors import SkippableError
from ingest import usage
from ingest.finance import FORMATS as FINANCE
from ingest.health.fhir.reader import FhirBundle
from tests.ingest.health.reading import DATA, administration, bundle, formats_of, observation, read, request, source

MEDICATION = {"resourceType": "Medication", "id": "m7", "code": {"text": "Sertralina"}}


@pytest.mark.parametrize(
    ("content", "format_"),
    [
        (bundle(observation()), "fhir-bundle"),
        (json.dumps(json.loads(bundle(observation())), indent=4), "fhir-bundle"),
        ('\ufeff\n {"entry": [{"resource": {"resourceType": "Patient"}}], "resourceType": "Bundle"}', "fhir-bundle"),
        ('{"type": "collection",\n "entry": [{"resource": {"resourceType": "Patient", "text": "', "fhir-bundle"),
        (json.dumps(observation()), "fhir-ndjson"),
        ("\ufeff" + json.dumps(observation()) + "\n" + bundle(), "fhir-ndjson"),
        ('{"resourceType": "Observ\n' + json.dumps(observation()), "fhir-ndjson"),
        (json.dumps({"resourceType": "DocumentReference", "text": "x" * 70_000}), "fhir-ndjson"),
    ],
)
def test_files_are_known_by_their_content(content, format_):
    assert formats_of(content.encode()) == [format_]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"resourceSpans": []}', "<Bundle/>", '{"event_id": "1"}\n', "a,b\n"]
)
def test_other_files_are_not(content):
    assert formats_of(content.encode()) == []


@pytest.mark.parametrize("file", ["bundle.json", "bulk.ndjson", "tomas.csv", "bad_doses.csv"])
def test_no_other_domain_takes_a_health_file(file):
    head = (DATA / file).read_bytes()
    assert not [one.name for one in (*usage.FORMATS, *FINANCE) if one.sniff(head)]
    assert len(formats_of(head)) == 1


@pytest.mark.parametrize("file", ["bundle.json", "bundle_bad.json", "bulk.ndjson", "tomas.csv", "bad_doses.csv"])
def test_reading_again_gives_the_same(file):
    content = (DATA / file).read_bytes()
    first, second = read(content), read(content)
    assert (first.rejections, first.raw) == (second.rejections, second.raw)
    assert all(frame.equals(second.frames[kind]) for kind, frame in first.frames.items())


@pytest.mark.parametrize("file", ["bundle.json", "bundle_bad.json", "bulk.ndjson", "tomas.csv", "bad_doses.csv"])
def test_the_text_of_every_record_reads_alone_as_it_did_in_its_file(file):
    whole = read(DATA / file)
    places = {"record", "line"}
    rows = {row["record"]: row for frame in whole.frames.values() for row in frame.to_dicts()}
    assert rows
    for record, raw in whole.raw.items():
        alone = read(raw)
        [row] = [row for frame in alone.frames.values() for row in frame.to_dicts()]
        assert alone.format == whole.format
        assert {k: v for k, v in row.items() if k not in places} == {
            k: v for k, v in rows[record].items() if k not in places
        }
    for rejection in whole.rejections:
        if rejection.rule not in ("other_patient", "invalid_json") and formats_of(rejection.raw.encode()):
            [again] = read(rejection.raw).rejections
            assert (again.rule, again.column) == (rejection.rule, rejection.column)


def test_a_refused_record_is_repaired_in_its_text():
    reading = read(bundle(observation(id="x", value=7000)))
    [rejection] = reading.rejections
    [repaired] = read(rejection.raw.replace("7000", "70")).measurements
    assert (repaired["external_id"], repaired["value"]) == ("Observation/x", {"kg": 70})


def test_the_medication_a_record_is_named_by_comes_with_its_text():
    dose = administration(medicationReference={"reference": "Medication/m7"}, effectiveDateTime="ayer")
    del dose["medicationCodeableConcept"]
    [rejection] = read(bundle(dose, MEDICATION)).rejections
    [repaired] = read(rejection.raw.replace("ayer", "2026-03-02")).doses
    assert repaired["medication_name"] == "Sertralina"


def test_the_file_of_two_patients_gives_the_first_ones_records_only():
    resources = [observation(id=str(n), subject={"reference": f"Patient/{n % 2}"}) for n in range(6)]
    reading = read(bundle(*resources))
    assert [m["external_id"] for m in reading.measurements] == ["Observation/0", "Observation/2", "Observation/4"]
    assert {rule for _, _, rule in reading.rules()} == {"other_patient"}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (bundle(observation())[:-20], 1),
        ('{"resourceType": "Bundle", "entry": [\n\n{"resource": {"resourceType": "Patient"}}\n\n{}]}', 5),
        ('{"resourceType": "Bundle", "entry": [\n{"resource": {"id": nope}}]}', 2),
        ('{"resourceType": "Bundle", "entry": [' + "[" * 100_000 + "]}", 1),
        (bundle() + "\n x", 2),
    ],
)
def test_a_bundle_that_breaks_off_or_is_malformed_is_refused_as_a_whole_with_its_line(content, line):
    with pytest.raises(SkippableError, match=f"malformed.*line {line} .*export the file again"):
        read(content)


def test_a_document_of_entries_that_is_no_bundle_is_refused():
    with pytest.raises(SkippableError, match="not a FHIR bundle"):
        read('{"resourceType": "Lis",\n"entry": [{"resource": {"resourceType": "Patient"}}]}')


def test_bundles_one_after_the_other_are_one_file():
    reading = read(bundle(observation(id="1")) + "\n" + bundle(observation(id="2")) + "\n")
    assert [m["record"] for m in reading.measurements] == [1, 2]


def test_an_empty_bundle_has_no_records():
    assert read('{"resourceType": "Bundle", "entry": []}').read == 0


class Counting(io.BytesIO):
    """Tells how much of it has been read."""

    def read(self, size=-1, /):
        assert 0 < size <= 1024**2, "the file is read in blocks"
        return super().read(size)


def test_a_large_bundle_is_given_in_chunks_while_it_is_read():
    data = bundle(*(observation(id=str(n)) for n in range(25_000))).encode()
    whole = source(data)
    stream = Counting(data)
    opened = type(whole)(whole.path, stream, whole.name, whole.size, whole.received_at, whole.timezone)
    heights, places = [], []
    for chunk in FhirBundle().read(opened):
        heights.append(chunk.frames["measurement"].height)
        places.append(stream.tell() / len(data))
    assert heights == [10_000, 10_000, 5_000]
    assert places[0] < 0.5 < places[1] < 0.9


def test_kinds_of_resources_that_are_not_taken_stay_few():
    resources = [{"resourceType": f"Kind{chr(65 + n // 26)}{chr(65 + n % 26)}"} for n in range(26 * 26)]
    ignored = read(bundle(*resources)).ignored
    assert len(ignored) == 201
    assert ignored["other"] == 26 * 26 - 200


def test_a_prescription_is_read_with_its_place_in_the_file():
    reading = read(json.dumps(json.loads(bundle(observation(), request())), indent=2))
    assert reading.measurements[0]["line"] == 4
    assert reading.medications[0]["line"] > 4
