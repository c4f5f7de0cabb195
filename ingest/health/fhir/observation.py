"""Observation → measurement."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from cauce.models.health import MEASURES, MeasurementType
from ingest.health.fhir.values import Ignored, Problem, Resource, annotations, effective, mapping, mappings, text
from ingest.health.loinc import DIASTOLIC, FASTING, SYSTOLIC, Code, Measured, measured
from ingest.health.units import Reading, convert, plausible

_NOT_VALID = ("entered-in-error", "cancelled", "registered")
_PRESSURE_KEYS = {SYSTOLIC: "systolic", DIASTOLIC: "diastolic"}


class Measurement(NamedTuple):
    """A reading of a type that is taken; `value` is JSON."""

    type: str
    value: str
    measured_at: datetime
    notes: str | None


class _Quantity(NamedTuple):
    reading: Reading
    original: Decimal
    unit: str


def measurement(resource: Resource, timezone: str) -> Measurement | Problem | Ignored:
    """Read an Observation, or tell why it is not taken.

    What measures something else is ignored; what claims to be one of ours, or claims a LOINC code that cannot be one,
    and cannot be read is a problem.
    """
    status = resource.get("status")
    if status in _NOT_VALID:
        return Ignored(f"Observation ({status})")
    what = _code(resource.get("code"))
    if what is Code.MALFORMED:
        reason = "the code is said to be LOINC but is none: correct it, or its system"
        return Problem("malformed_code", "code", reason)
    if not isinstance(what, Measured):
        return Ignored("Observation (another measurement)")
    when = effective(resource, timezone)
    if when is None:
        return Problem("missing_time", "effectiveDateTime", "the time of the measurement is missing")
    if isinstance(when, Problem):
        return when
    value = _pressure(resource) if what.type is MeasurementType.BLOOD_PRESSURE else _single(resource, what)
    if not isinstance(value, dict):
        return value
    notes = [annotations(resource.get("note")), f"CIEL {what.ciel}" if what.ciel else None]
    return Measurement(what.type.value, _json(value), when, "\n".join(filter(None, notes)) or None)


def _code(concept: object) -> Measured | Code:
    """Tell what is measured by the first coding that is ours; malformed only when no coding is well formed."""
    found = [
        measured(text(coding.get("system")), code)
        for coding in mappings(mapping(concept).get("coding"))
        if (code := text(coding.get("code")))
    ]
    ours = next((what for what in found if isinstance(what, Measured)), None)
    return ours or (Code.MALFORMED if found and set(found) == {Code.MALFORMED} else Code.OTHER)


def _single(resource: Resource, what: Measured) -> dict[str, Any] | Problem | Ignored:
    quantity = _quantity(resource, what.type, what.type, "valueQuantity")
    if not isinstance(quantity, _Quantity):
        return quantity
    (key,) = MEASURES[what.type]
    value: dict[str, Any] = {key: quantity.reading.value}
    if what.loinc in FASTING:
        value["fasting"] = True
    if quantity.reading.converted:
        value["original"] = {"value": quantity.original, "unit": quantity.unit}
    return value


def _pressure(resource: Resource) -> dict[str, Any] | Problem | Ignored:
    """Read systolic and diastolic pressure out of the components of a panel; one without the other is no reading."""
    value: dict[str, Any] = {}
    original: dict[str, Any] = {}
    for component in mappings(resource.get("component")):
        what = _code(component.get("code"))
        key = _PRESSURE_KEYS.get(what.loinc) if isinstance(what, Measured) else None
        if key is None:
            continue
        quantity = _quantity(component, MeasurementType.BLOOD_PRESSURE, key, "component.valueQuantity")
        if isinstance(quantity, Problem):
            return quantity
        if isinstance(quantity, Ignored):
            continue
        value[key] = quantity.reading.value
        if quantity.reading.converted:
            original |= {key: quantity.original, "unit": quantity.unit}
    if set(value) != {"systolic", "diastolic"}:
        absent = [part for part in (resource, *mappings(resource.get("component"))) if "dataAbsentReason" in part]
        if not value and absent:
            return Ignored("Observation (no value)")
        reason = "a blood pressure needs both its systolic and its diastolic component in one Observation"
        return Problem("incomplete_blood_pressure", "component", reason)
    if value["systolic"] <= value["diastolic"]:
        reason = "the systolic pressure is not above the diastolic one: are they swapped?"
        return Problem("implausible_value", "component", reason)
    return value | ({"original": original} if original else {})


def _quantity(holder: Resource, kind: MeasurementType, what: str, element: str) -> _Quantity | Problem | Ignored:
    if "dataAbsentReason" in holder and "valueQuantity" not in holder:
        return Ignored("Observation (no value)")
    quantity = mapping(holder.get("valueQuantity"))
    number = quantity.get("value")
    if isinstance(number, bool) or not isinstance(number, int | Decimal):
        return Problem("invalid_value", element, "the value is missing or is not a number")
    if quantity.get("comparator") is not None:
        return Problem("inexact_value", element, "the value is only known to be below or above a limit")
    exact = Decimal(number)
    unit = next(filter(None, (text(quantity.get("unit")), text(quantity.get("code")))), None)
    if unit is None:
        return Problem("unknown_unit", element, "the value has no unit")
    if not exact.is_finite() or abs(exact) > 100_000:
        return Problem("implausible_value", element, "the value cannot be a living person's: is the unit right?")
    codes = (text(quantity.get("code")), text(quantity.get("unit")))
    reading = next((found for code in codes if code and (found := convert(kind, exact, code))), None)
    if reading is None:
        return Problem("unknown_unit", element, "the unit is not one this measurement is read in")
    if not plausible(what, reading.value):
        return Problem("implausible_value", element, "the value cannot be a living person's: is the unit right?")
    return _Quantity(reading, exact, unit)


def _json(value: Mapping[str, Any]) -> str:
    """Write a value with its numbers exactly as they are."""
    parts = []
    for key, item in value.items():
        if isinstance(item, Decimal):
            written = format(item.normalize(), "f")
        elif isinstance(item, dict):
            written = _json(item)
        else:
            written = json.dumps(item, ensure_ascii=False)
        parts.append(f"{json.dumps(key)}: {written}")
    return "{" + ", ".join(parts) + "}"
