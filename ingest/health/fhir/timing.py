"""Dosage instructions of FHIR → how often a medicine is due, from its Timing where there is one, else from its text."""

from decimal import Decimal
from typing import NamedTuple

from ingest.health.fhir.values import Resource, concept, mapping, mappings, text, texts
from ingest.health.frequency import Frequency, per_day, read_frequency

_DAYS_IN = {"h": Decimal(1) / 24, "d": Decimal(1), "wk": Decimal(7), "min": Decimal(1) / 1440}
_WEEKDAYS = {"mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 7}
_UNIT_WORDS = {"h": ("hora", "horas"), "d": ("día", "días"), "wk": ("semana", "semanas"), "mo": ("mes", "meses")}


class Dosing(NamedTuple):
    """What the instructions of a prescription say together."""

    written: str | None
    frequency: Frequency
    dosage: str | None
    route: str | None


def dosing(instructions: object) -> Dosing:
    """Read `dosageInstruction` or `dosage`.

    Several that hold at once add up; several that follow each other (a taper) have no one rhythm, and give none.
    """
    parts = mappings(instructions)
    frequencies = [_frequency(part) for part in parts]
    written = "; ".join(dict.fromkeys(filter(None, (_written(part) for part in parts))))
    doses = dict.fromkeys(filter(None, (_dose(part) for part in parts)))
    routes = dict.fromkeys(filter(None, (concept(part.get("route")) for part in parts)))
    return Dosing(written or None, _together(parts, frequencies), "; ".join(doses) or None, "; ".join(routes) or None)


def _together(parts: list[Resource], frequencies: list[Frequency]) -> Frequency:
    in_turn = len({str(part.get("sequence")) for part in parts}) > 1
    if len(frequencies) <= 1 or (len(set(frequencies)) == 1 and in_turn):
        return frequencies[0] if frequencies else Frequency()
    as_needed = all(frequency.as_needed for frequency in frequencies)
    same_days = len({frequency.days_of_week for frequency in frequencies}) == 1
    times = [frequency.times_per_day for frequency in frequencies if frequency.times_per_day is not None]
    mixed = len({frequency.as_needed for frequency in frequencies}) > 1
    if in_turn or mixed or not same_days or len(times) < len(frequencies):
        return Frequency(as_needed=as_needed)
    return Frequency(per_day(sum(times)), frequencies[0].days_of_week, as_needed)


def _frequency(part: Resource) -> Frequency:
    told = read_frequency(text(part.get("text"))) or Frequency()
    as_needed = part.get("asNeededBoolean") is True or "asNeededCodeableConcept" in part or told.as_needed
    timing = mapping(part.get("timing"))
    repeat = mapping(timing.get("repeat"))
    if repeat:
        days = tuple(sorted({_WEEKDAYS[day] for day in texts(repeat.get("dayOfWeek")) if day in _WEEKDAYS})) or None
        times = _times(repeat, days)
        if times is not None:
            return Frequency(times, days, as_needed)
    coded = read_frequency(concept(timing.get("code")))
    if coded is not None:
        return Frequency(coded.times_per_day, coded.days_of_week, as_needed or coded.as_needed)
    return Frequency(told.times_per_day, told.days_of_week, as_needed)


def _times(repeat: Resource, days: tuple[int, ...] | None) -> Decimal | None:
    """Count the doses of a day on which they are due; None for ranges, and periods of months."""
    if "frequencyMax" in repeat or "periodMax" in repeat:
        return None
    moments = max(len(texts(repeat.get(key))) for key in ("timeOfDay", "when"))
    unit = text(repeat.get("periodUnit"))
    period, frequency = _count(repeat, "period"), _count(repeat, "frequency")
    if unit is None:
        return per_day(moments or 1) if moments or days else None
    if unit not in _DAYS_IN or period is None or frequency is None:
        return None
    each = frequency / (period * _DAYS_IN[unit])
    if unit == "wk" and days:
        return per_day(max(Decimal(1), frequency / (period * len(days)))) if period == 1 else None
    if moments and unit == "d" and period == 1:
        return per_day(max(Decimal(moments), each))
    return per_day(each)


def _count(repeat: Resource, key: str) -> Decimal | None:
    value = repeat.get(key, 1)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return Decimal(value) if 0 < value < 10_000 else None


def _written(part: Resource) -> str | None:
    """Give the instruction as written, else its timing in words."""
    timing = mapping(part.get("timing"))
    words = text(part.get("text")) or concept(timing.get("code"))
    repeat = mapping(timing.get("repeat"))
    unit = _UNIT_WORDS.get(str(repeat.get("periodUnit")))
    times, period = _count(repeat, "frequency"), _count(repeat, "period")
    if words or unit is None or times is None or period is None:
        return words
    every = unit[0] if period == 1 else f"{period} {unit[1]}"
    return f"{times} {'vez' if times == 1 else 'veces'} cada {every}"


def _dose(part: Resource) -> str | None:
    for dose in mappings(part.get("doseAndRate")) or [part]:
        quantity = mapping(dose.get("doseQuantity"))
        if isinstance(quantity.get("value"), int | Decimal):
            return " ".join(
                filter(None, (str(quantity["value"]), text(quantity.get("unit")) or text(quantity.get("code"))))
            )
    return None
