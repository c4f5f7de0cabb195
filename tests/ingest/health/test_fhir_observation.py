import pytest

from tests.ingest.health.reading import bundle, code, observation, pressure, quantity, read


def only(resource, timezone="America/Mexico_City"):
    [measurement] = read(bundle(resource), timezone).measurements
    return measurement


def rule_of(resource):
    reading = read(bundle(resource))
    [rejection] = reading.rejections
    assert reading.frames["measurement"].is_empty()
    return rejection.column, rejection.rule


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled", "registered"])
def test_what_was_never_measured_is_ignored_however_broken(status):
    reading = read(bundle(observation(status=status, value="x")))
    assert reading.ignored == {f"Observation ({status})": 1}


@pytest.mark.parametrize("status", ["final", "amended", "corrected", "preliminary", None])
def test_other_states_are_measurements(status):
    assert only(observation(status=status))["value"] == {"kg": 70}


@pytest.mark.parametrize(
    ("number", "system"),
    [
        ("718-7", "http://loinc.org"),
        ("LP12345-6", "http://loinc.org"),
        ("27113001", "http://snomed.info/sct"),
        ("159800" + "A" * 30, "http://loinc.org"),  # another concept of CIEL
        ("peso", None),
    ],
)
def test_other_observations_are_ignored_and_their_kind_says_nothing_of_them(number, system):
    reading = read(bundle(observation(**code(number, system))))
    assert reading.ignored == {"Observation (another measurement)": 1}


@pytest.mark.parametrize("number", ["29463-8", "peso", "29463", "5089" + "A" * 20, "5089" + "B" * 32])
def test_a_code_that_claims_to_be_loinc_and_cannot_be_is_refused(number):
    assert rule_of(observation(number)) == ("code", "malformed_code")


def test_one_coding_that_is_ours_is_enough():
    codings = [{"system": "http://loinc.org", "code": "broken"}, {"system": "http://loinc.org/", "code": "29463-7"}]
    assert only(observation(code={"coding": codings}))["type"] == "weight"


def test_an_identifier_of_ciel_in_place_of_a_loinc_code_is_read_and_noted():
    measurement = only(observation("5089" + "A" * 32))
    assert (measurement["type"], measurement["notes"]) == ("weight", "CIEL 5089")


@pytest.mark.parametrize(
    ("number", "value", "unit"),
    [
        ("29463-7", 900, "kg"),
        ("29463-7", 70_000, "kg"),
        ("29463-7", 10**40, "kg"),
        ("29463-7", -70, "kg"),
        ("8302-2", 1.72, "cm"),
        ("8867-4", 0, "/min"),
        ("4548-4", 68, "%"),
        ("8310-5", 98.6, "Cel"),
        ("59408-5", 0.97, "%"),
    ],
)
def test_what_no_living_person_has_is_refused(number, value, unit):
    assert rule_of(observation(number, value, unit)) == ("valueQuantity", "implausible_value")


@pytest.mark.parametrize(("systolic", "diastolic"), [(80, 120), (1200, 80), (120, 800), (90, 90)])
def test_an_impossible_blood_pressure_is_refused(systolic, diastolic):
    assert rule_of(pressure(systolic, diastolic))[1] == "implausible_value"


def test_a_blood_pressure_is_converted_as_a_whole():
    assert only(pressure(16.0, 10.7, "kPa"))["value"] == {
        "systolic": 120.0099,
        "diastolic": 80.2566,
        "original": {"systolic": 16, "unit": "kPa", "diastolic": 10.7},
    }


def test_a_lone_systolic_pressure_is_refused():
    assert rule_of(observation("8480-6", 120, "mm[Hg]")) == ("component", "incomplete_blood_pressure")
    panel = pressure(120, 80)
    panel["component"].pop()
    assert rule_of(panel) == ("component", "incomplete_blood_pressure")


def test_what_says_why_it_has_no_value_is_ignored():
    absent = observation(dataAbsentReason={"text": "not performed"})
    del absent["valueQuantity"]
    assert read(bundle(absent)).ignored == {"Observation (no value)": 1}


@pytest.mark.parametrize("value", [None, "70", True, [], {}])
def test_a_value_that_is_no_number_is_refused(value):
    assert rule_of(observation(value=value)) == ("valueQuantity", "invalid_value")


def test_a_value_without_a_unit_is_refused():
    assert rule_of(observation(unit=None)) == ("valueQuantity", "unknown_unit")


def test_the_unit_may_stand_in_words_beside_an_unknown_code():
    odd = {"valueQuantity": {"value": 154.3, "unit": "lbs", "code": "x"}}
    assert only(observation(**odd))["value"]["kg"] == 69.9893


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ({"effectiveDateTime": "2026-03-02T08:00:00-06:00"}, "2026-03-02T14:00:00+00:00"),
        ({"effectiveInstant": "2026-03-02T14:00:00.250Z"}, "2026-03-02T14:00:00.250000+00:00"),
        ({"effectivePeriod": {"start": "2026-03-02T08:00:00Z", "end": "2026-03-02T09:00:00Z"}}, "2026-03-02T08:00:00+00:00"),
        ({"effectiveDateTime": "2026-03-02"}, "2026-03-02T06:00:00+00:00"),
        ({"effectiveDateTime": "2026-03-02T08:00:00"}, "2026-03-02T14:00:00+00:00"),
    ],
)  # fmt: skip
def test_times_are_instants_and_bare_ones_are_on_the_owners_clock(written, instant):
    timed = observation()
    del timed["effectiveDateTime"]
    assert only(timed | written)["measured_at"].isoformat() == instant


@pytest.mark.parametrize(
    "written", ["2026-02-30", "2026-03", "2026", "ayer", "", "0026-03-02", "2026-03-02T25:00:00Z", 5]
)
def test_a_time_that_is_none_is_refused(written):
    assert rule_of(observation(effectiveDateTime=written)) == ("effectiveDateTime", "invalid_time")


def test_identity_is_the_id_else_an_identifier_else_the_content_and_its_occurrence():
    def anonymous(**more):
        found = observation(**more)
        del found["id"]
        return found

    numbered = anonymous(identifier=[{"system": "urn:lab", "value": "77"}])
    first = read(bundle(observation(id="x"), numbered, anonymous(), anonymous(), anonymous(value=71))).measurements
    ids = [measurement["external_id"] for measurement in first]
    assert ids[:2] == ["Observation/x", "Observation/urn:lab|77"]
    assert len(set(ids)) == 5
    assert ids[2].removesuffix("|1") == ids[3].removesuffix("|2")
    # What another export puts around the same reading does not make it another one.
    again = read(bundle(anonymous(meta={"lastUpdated": "2026-04-01"}))).measurements
    assert again[0]["external_id"] == ids[2]


def test_numbers_are_kept_exactly():
    reading = read(bundle(observation(id="exact")).replace('"value": 70', '"value": 70.10000000000000000001'))
    assert reading.frames["measurement"]["value"].to_list() == ['{"kg": 70.10000000000000000001}']


def test_a_component_that_is_not_ours_does_not_matter():
    panel = pressure(120, 80)
    panel["component"].insert(0, code("8478-0") | quantity("x", "mm[Hg]"))
    assert only(panel)["value"] == {"systolic": 120, "diastolic": 80}
