from datetime import date
from decimal import Decimal

import pytest

from tests.ingest.health.reading import administration, bundle, read, request


def only(*resources):
    [medicine] = read(bundle(*resources)).medications
    return medicine


def timed(text=None, **repeat):
    return request(dosageInstruction=[{"timing": {"repeat": repeat}} | ({"text": text} if text else {})])


def rhythm(resource):
    found = only(resource)
    return found["times_per_day"], found["days_of_week"], found["as_needed"]


@pytest.mark.parametrize(
    ("repeat", "times", "days"),
    [
        ({"frequency": 3, "period": 1, "periodUnit": "d"}, 3, None),
        ({"frequency": 1, "period": 8, "periodUnit": "h"}, 3, None),
        ({"frequency": 1, "period": 2, "periodUnit": "d"}, Decimal("0.5"), None),
        ({"frequency": 1, "period": 1, "periodUnit": "wk"}, Decimal("0.143"), None),
        ({"frequency": 1, "period": 1, "periodUnit": "d", "dayOfWeek": ["fri", "mon", "mon"]}, 1, [1, 5]),
        ({"frequency": 3, "period": 1, "periodUnit": "wk", "dayOfWeek": ["mon", "wed", "fri"]}, 1, [1, 3, 5]),
        ({"period": 1, "periodUnit": "d", "timeOfDay": ["08:00:00", "20:00:00"]}, 2, None),
        ({"when": ["MORN", "NOON", "NIGHT"]}, 3, None),
        ({"dayOfWeek": ["sat"]}, 1, [6]),
        ({"frequency": 1, "frequencyMax": 3, "period": 1, "periodUnit": "d"}, None, None),
        ({"frequency": 1, "period": 1, "periodUnit": "mo"}, None, None),
        ({"frequency": 500, "period": 1, "periodUnit": "d"}, None, None),
    ],
)
def test_a_timing_says_how_often_a_medicine_is_due(repeat, times, days):
    assert rhythm(timed(**repeat)) == (times, days, False)


def test_a_coded_timing_and_a_text_are_read_when_there_is_no_timing():
    coded = request(dosageInstruction=[{"timing": {"code": {"coding": [{"code": "BID"}]}}}])
    assert (only(coded)["times_per_day"], only(coded)["frequency"]) == (2, "BID")
    written = request(dosageInstruction=[{"text": "1 tableta cada 12 horas"}])
    assert (only(written)["times_per_day"], only(written)["frequency"]) == (2, "1 tableta cada 12 horas")


def test_a_text_that_says_nothing_is_kept_as_written_without_a_rhythm():
    found = only(request(dosageInstruction=[{"text": "según indicaciones"}]))
    assert (found["frequency"], found["times_per_day"], found["days_of_week"]) == ("según indicaciones", None, None)


def test_a_timing_without_text_is_put_in_words():
    assert only(timed(frequency=2, period=3, periodUnit="d"))["frequency"] == "2 veces cada 3 días"


def test_instructions_that_hold_at_once_add_up_and_those_in_turn_do_not():
    morning, night = ({"text": text, "sequence": 1} for text in ("1 cada día", "2 veces al día"))
    assert rhythm(request(dosageInstruction=[morning, night])) == (3, None, False)
    taper = request(dosageInstruction=[morning, night | {"sequence": 2}])
    assert rhythm(taper) == (None, None, False)


@pytest.mark.parametrize("needed", [{"asNeededBoolean": True}, {"asNeededCodeableConcept": {"text": "dolor"}}])
def test_as_needed_is_never_due(needed):
    assert rhythm(request(dosageInstruction=[needed]))[2] is True


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled", "draft"])
def test_what_was_never_prescribed_is_ignored(status):
    assert read(bundle(request(status=status))).ignored == {f"MedicationRequest ({status})": 1}


def test_a_plan_is_no_prescription():
    assert read(bundle(request(intent="proposal"))).ignored == {"MedicationRequest (proposal)": 1}


def test_a_prescription_that_ended_nobody_knows_when_has_no_schedule():
    daily = {"text": "diario"}
    assert rhythm(request(status="stopped", dosageInstruction=[daily]))[0] is None
    bounded = daily | {"timing": {"repeat": {"boundsPeriod": {"end": "2026-02-01"}}}}
    assert rhythm(request(status="completed", dosageInstruction=[bounded]))[0] == 1


@pytest.mark.parametrize(
    ("bounds", "start", "end"),
    [
        ({"boundsPeriod": {"start": "2026-02-01", "end": "2026-02-10"}}, date(2026, 2, 1), date(2026, 2, 10)),
        ({"boundsDuration": {"value": 10, "code": "d"}}, date(2026, 1, 5), date(2026, 1, 14)),
        ({"boundsDuration": {"value": 9000, "code": "a"}}, date(2026, 1, 5), None),
        ({}, date(2026, 1, 5), None),
    ],
)
def test_a_treatment_lasts_as_long_as_it_says(bounds, start, end):
    found = only(timed(frequency=1, period=1, periodUnit="d", **bounds))
    assert (found["start_date"], found["end_date"]) == (start, end)


def test_a_medicine_is_named_by_a_text_a_coding_a_contained_or_another_resource():
    contained = {"contained": [{"resourceType": "Medication", "id": "m", "code": {"text": "Losartán"}}]}
    inside = request(**contained, medicationReference={"reference": "#m"})
    outside = request(medicationReference={"reference": "Medication/m7/_history/2"})
    shown = request(medicationReference={"reference": "Medication/m8", "display": "Enalapril"})
    for resource in (inside, outside, shown):
        del resource["medicationCodeableConcept"]
    coded = request(medicationCodeableConcept={"coding": [{"code": "860975", "display": "metformin 500 MG"}]})
    later = {"resourceType": "Medication", "id": "m7", "code": {"text": "Sertralina"}}
    names = [found["name"] for found in read(bundle(coded, inside, outside, shown, later)).medications]
    assert names == ["metformin 500 MG", "Losartán", "Sertralina", "Enalapril"]


def test_one_medicine_is_one_however_it_is_spelled_and_prescribed():
    names = ("Losartán 50 mg", "LOSARTAN  50 MG", "losartán 50 mg.")
    resources = [request(id=name, medicationCodeableConcept={"text": name}) for name in names]
    assert {found["external_id"] for found in read(bundle(*resources)).medications} == {"name:losartan_50_mg"}
    other = [request(medicationCodeableConcept={"text": name}) for name in ("二甲双胍", "胰岛素")]
    assert len({found["external_id"] for found in read(bundle(*other)).medications}) == 2


def test_a_statement_is_a_treatment_or_one_dose():
    statement = {**request(), "resourceType": "MedicationStatement", "dosage": [{"text": "cada 8 horas"}]}
    assert rhythm(statement) == (3, None, False)
    dose = {**administration(), "resourceType": "MedicationStatement", "dosage": [{"text": "1 tableta"}]}
    assert [found["status"] for found in read(bundle(dose)).doses] == ["tomado"]


def test_a_dose_that_is_not_over_is_ignored():
    assert read(bundle(administration(status="in-progress"))).ignored == {"MedicationAdministration (not completed)": 1}


def test_a_dose_without_a_time_is_refused():
    dose = administration()
    del dose["effectiveDateTime"]
    assert read(bundle(dose)).rules() == [(1, "effectiveDateTime", "missing_time")]
