import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.health.loinc import SYSTEMS, Code, Measured, measured

LOINC = "http://loinc.org"
DEFINED = {
    "85354-9": "blood_pressure",
    "8480-6": "blood_pressure",
    "8462-4": "blood_pressure",
    "29463-7": "weight",
    "8302-2": "height",
    "39156-5": "bmi",
    "8867-4": "heart_rate",
    "2339-0": "glucose",
    "2345-7": "glucose",
    "4548-4": "hba1c",
    "8310-5": "temperature",
    "2708-6": "oxygen_saturation",
    "59408-5": "oxygen_saturation",
    "9279-1": "respiratory_rate",
}


@pytest.mark.parametrize("code", DEFINED)
@pytest.mark.parametrize("system", [*sorted(SYSTEMS), f"{LOINC}/", None])
def test_the_codes_of_the_definitions(code, system):
    found = measured(system, code)
    assert isinstance(found, Measured)
    assert (found.type, found.loinc, found.ciel) == (DEFINED[code], code, None)


@given(st.sampled_from(list(DEFINED)), st.integers(0, 9))
def test_a_digit_that_is_wrong_is_noticed(code, digit):
    wrong = f"{code[:-1]}{digit}"
    assert (measured(LOINC, wrong) is Code.MALFORMED) == (wrong != code)


@given(st.sampled_from(list(DEFINED)))
def test_two_neighbouring_digits_in_each_others_place_are_noticed(code):
    number, check = code.split("-")
    if number[-1] != number[-2] and {number[-1], number[-2]} != {"0", "9"}:
        assert measured(LOINC, f"{number[:-2]}{number[-1]}{number[-2]}-{check}") is Code.MALFORMED


@pytest.mark.parametrize("code", ["718-7", "2160-0", "55423-8", "LP14885-5", "LA6576-8", "LG51018-6"])
def test_other_codes_are_of_something_else(code):
    assert measured(LOINC, code) is Code.OTHER


@given(st.text(max_size=20))
def test_a_code_of_another_system_is_never_malformed(code):
    assert measured("http://snomed.info/sct", code) is Code.OTHER
