"""Codes of observations: which measurement a LOINC or CIEL code is of, and which codes are none at all."""

import re
from dataclasses import dataclass
from enum import Enum

from cauce.models.health import MeasurementType

SYSTEMS = frozenset({"http://loinc.org", "https://loinc.org", "urn:oid:2.16.840.1.113883.6.1"})

SYSTOLIC = "8480-6"
DIASTOLIC = "8462-4"
FASTING = frozenset({"1558-6", "14771-0"})

_LOINC = {
    "29463-7": MeasurementType.WEIGHT,
    "3141-9": MeasurementType.WEIGHT,
    "8302-2": MeasurementType.HEIGHT,
    "8308-9": MeasurementType.HEIGHT,
    "39156-5": MeasurementType.BMI,
    "85354-9": MeasurementType.BLOOD_PRESSURE,
    "55284-4": MeasurementType.BLOOD_PRESSURE,
    SYSTOLIC: MeasurementType.BLOOD_PRESSURE,
    DIASTOLIC: MeasurementType.BLOOD_PRESSURE,
    "8867-4": MeasurementType.HEART_RATE,
    "2339-0": MeasurementType.GLUCOSE,
    "2345-7": MeasurementType.GLUCOSE,
    "1558-6": MeasurementType.GLUCOSE,
    "15074-8": MeasurementType.GLUCOSE,
    "14749-6": MeasurementType.GLUCOSE,
    "14771-0": MeasurementType.GLUCOSE,
    "4548-4": MeasurementType.HBA1C,
    "17856-6": MeasurementType.HBA1C,
    "59261-8": MeasurementType.HBA1C,
    "8310-5": MeasurementType.TEMPERATURE,
    "2708-6": MeasurementType.OXYGEN_SATURATION,
    "59408-5": MeasurementType.OXYGEN_SATURATION,
    "9279-1": MeasurementType.RESPIRATORY_RATE,
}

# The same in CIEL, the dictionary of OpenMRS. Its exports put their identifiers (the number, filled up with A to 36
# characters) where a LOINC code belongs, system and all. No LOINC code can look like that: reading it guesses nothing.
_CIEL = {
    "5085": SYSTOLIC,
    "5086": DIASTOLIC,
    "5087": "8867-4",
    "5088": "8310-5",
    "5089": "29463-7",
    "5090": "8302-2",
    "5092": "59408-5",
    "5242": "9279-1",
}
_CIEL_CODE = re.compile(r"(?=.{36}$)(?P<number>\d{2,7})A+")
_LOINC_CODE = re.compile(r"(?P<number>\d{1,7})-(?P<check>\d)")
_LOINC_PART = re.compile(r"L[APGL]\d{1,7}-\d")


class Code(Enum):
    """What a code is when it is not one of a measurement that is taken."""

    OTHER = "of something else"
    MALFORMED = "no code of its system"


@dataclass(frozen=True, slots=True)
class Measured:
    """A measurement that is taken: its type, the LOINC code, and the CIEL number it was written as, if it was."""

    type: MeasurementType
    loinc: str
    ciel: str | None = None


def measured(system: str | None, code: str) -> Measured | Code:
    """Tell what a coded observation measures. A code without a system is believed when it is one of ours."""
    ciel = _CIEL_CODE.fullmatch(code)
    if ciel:
        loinc = _CIEL.get(ciel["number"])
        return Code.OTHER if loinc is None else Measured(_LOINC[loinc], loinc, ciel["number"])
    if system is not None and system.rstrip("/") not in SYSTEMS:
        return Code.OTHER
    if code in _LOINC:
        return Measured(_LOINC[code], code)
    return Code.OTHER if system is None or _is_loinc(code) else Code.MALFORMED


def _is_loinc(code: str) -> bool:
    """Check the form and the check digit: Luhn's, over the digits before the hyphen (LOINC Users' Guide, appendix)."""
    match = _LOINC_CODE.fullmatch(code)
    if match is None:
        return _LOINC_PART.fullmatch(code) is not None
    total = 0
    for place, digit in enumerate(map(int, reversed(match["number"]))):
        total += sum(divmod(2 * digit, 10)) if place % 2 == 0 else digit
    return (10 - total % 10) % 10 == int(match["check"])
