"""Units of measurements (UCUM codes and how people write them), and what a living person's values can be."""

from dataclasses import dataclass
from decimal import Decimal

from cauce.models.health import MEASURES, MeasurementType

_ONE, _ZERO = Decimal(1), Decimal(0)
_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Scale:
    """How a value in some unit becomes one in the unit of its type: times `factor`, plus `offset`."""

    factor: Decimal
    offset: Decimal = _ZERO


def _same(*units: str) -> dict[str, Scale]:
    return dict.fromkeys(units, Scale(_ONE))


def _times(factor: str, *units: str) -> dict[str, Scale]:
    return dict.fromkeys(units, Scale(Decimal(factor)))


_PER_MINUTE = ("/min", "1/min", "min-1", "permin", "perminute")
_FAHRENHEIT = Scale(Decimal(5) / 9, Decimal(-160) / 9)

SCALES: dict[MeasurementType, dict[str, Scale]] = {
    MeasurementType.WEIGHT: {
        **_same("kg", "kgs", "kilogram", "kilograms", "kilogramos"),
        **_times("0.001", "g", "gram", "grams", "gramos"),
        **_times("0.45359237", "[lb_av]", "lb", "lbs", "pound", "pounds", "libras"),
        **_times("0.028349523125", "[oz_av]", "oz"),
    },
    MeasurementType.HEIGHT: {
        **_same("cm", "centimeter", "centimeters"),
        **_times("100", "m", "meter", "metros"),
        **_times("0.1", "mm"),
        **_times("2.54", "[in_i]", "[in_us]", "in", "inch", "inches"),
        **_times("30.48", "[ft_i]", "[ft_us]", "ft", "feet"),
    },
    MeasurementType.BMI: _same("kg/m2", "kg/m^2", "kg/m²", "kg/(m^2)"),
    MeasurementType.BLOOD_PRESSURE: {
        **_same("mm[hg]", "mmhg", "mm_hg"),
        **_times("7.500616827", "kpa"),
    },
    MeasurementType.GLUCOSE: {
        **_same("mg/dl"),
        **_times("100", "g/l"),
        **_times("18.01559", "mmol/l"),  # shared definition: mmol/L = mg/dL ÷ 18.01559
    },
    MeasurementType.HEART_RATE: _same(
        *_PER_MINUTE, "{beats}/min", "{beat}/min", "beats/min", "beats/minute", "bpm", "lpm"
    ),
    MeasurementType.HBA1C: {
        **_same("%", "%{hb}", "%{total}"),
        "mmol/mol": Scale(Decimal("0.09148"), Decimal("2.152")),  # IFCC to NGSP (ngsp.org, master equation)
    },
    MeasurementType.TEMPERATURE: {
        **_same("cel", "c", "°c", "degc", "celsius"),
        **dict.fromkeys(("[degf]", "f", "°f", "degf", "fahrenheit"), _FAHRENHEIT),
        "k": Scale(_ONE, Decimal("-273.15")),
    },
    MeasurementType.OXYGEN_SATURATION: _same("%", "%{o2}", "%{saturation}"),
    MeasurementType.RESPIRATORY_RATE: _same(
        *_PER_MINUTE, "{breaths}/min", "{breath}/min", "{resp}/min", "breaths/min", "breaths/minute", "rpm"
    ),
}
"""The units each type is read in, in small letters without blanks."""

PLAUSIBLE: dict[str, tuple[Decimal, Decimal]] = {
    key if len(measures) > 1 else kind: limits
    for kind, measures in MEASURES.items()
    for key, limits in measures.items()
}
"""Lowest and highest value of each type, and of each part of the blood pressure: the database takes no other."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A value in the unit of its type; `converted` tells whether it came in another."""

    value: Decimal
    converted: bool


def convert(kind: MeasurementType, value: Decimal, unit: str) -> Reading | None:
    """Bring a value to the unit of its type, exactly or to four decimals. None when the unit is not one of the type."""
    scale = SCALES[kind].get("".join(unit.split()).lower())
    if scale is None:
        return None
    if scale.factor == _ONE and scale.offset == _ZERO:
        return Reading(value, converted=False)
    return Reading((value * scale.factor + scale.offset).quantize(_PLACES), converted=True)


def plausible(what: str, value: Decimal) -> bool:
    """Tell whether a value can be a living person's; `what` is a type, or a part of the blood pressure."""
    low, high = PLAUSIBLE[what]
    return low <= value <= high
