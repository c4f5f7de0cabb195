from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cauce.models.health import MeasurementType
from ingest.health.units import PLAUSIBLE, SCALES, Reading, convert, plausible

KINDS = [(kind, unit) for kind, units in SCALES.items() for unit in units]


@pytest.mark.parametrize(
    ("kind", "value", "unit", "expected"),
    [
        ("weight", "154", "[lb_av]", "69.8532"),
        ("weight", "70500", "g", "70.5"),
        ("height", "1.72", "m", "172"),
        ("height", "68", "[in_i]", "172.72"),
        ("glucose", "5.55", "mmol/L", "99.9865"),  # mmol/L = mg/dL / 18.01559
        ("glucose", "0.95", "g/L", "95"),
        ("temperature", "98.6", "[degF]", "37"),
        ("temperature", "310.15", "K", "37"),
        ("blood_pressure", "16", "kPa", "120.0099"),
        ("hba1c", "53", "mmol/mol", "7.0004"),  # NGSP: 53 mmol/mol is 7.0 %
    ],
)
def test_conversions(kind, value, unit, expected):
    assert convert(MeasurementType(kind), Decimal(value), unit) == Reading(Decimal(expected), converted=True)


@pytest.mark.parametrize(
    ("kind", "unit"),
    [("weight", "Kg"), ("blood_pressure", "mm[Hg]"), ("blood_pressure", "mm Hg"), ("heart_rate", "beats/minute"),
     ("bmi", "kg/m2"), ("glucose", "MG/DL"), ("temperature", "Cel"), ("oxygen_saturation", "%")],
)  # fmt: skip
def test_the_unit_of_the_type_leaves_the_value_as_it_is(kind, unit):
    value = Decimal("12.3456789012345678901234567890123")
    assert convert(MeasurementType(kind), value, unit) == Reading(value, converted=False)


@pytest.mark.parametrize(("kind", "unit"), [("weight", "cm"), ("weight", ""), ("glucose", "%"), ("heart_rate", "Hz")])
def test_units_of_something_else_are_none(kind, unit):
    assert convert(MeasurementType(kind), Decimal(1), unit) is None


@given(st.sampled_from(KINDS), st.decimals(0, 10_000, places=3))
def test_a_conversion_can_be_undone(kind_and_unit, value):
    kind, unit = kind_and_unit
    scale = SCALES[kind][unit]
    reading = convert(kind, value, unit.upper())
    assert reading is not None
    back = (reading.value - scale.offset) / scale.factor
    assert abs(back - value) <= Decimal("0.00005") / scale.factor + Decimal("1e-20")


@given(st.sampled_from(KINDS), st.decimals(0, 10_000, places=3), st.decimals(0, 10_000, places=3))
def test_a_conversion_keeps_the_order(kind_and_unit, one, other):
    assume(one <= other)
    kind, unit = kind_and_unit
    first, second = convert(kind, one, unit), convert(kind, other, unit)
    assert first is not None
    assert second is not None
    assert first.value <= second.value


@pytest.mark.parametrize("what", PLAUSIBLE)
def test_the_limits_of_what_is_plausible(what):
    low, high = PLAUSIBLE[what]
    assert plausible(what, low)
    assert plausible(what, high)
    assert not plausible(what, low - Decimal("0.01"))
    assert not plausible(what, high + Decimal("0.01"))
