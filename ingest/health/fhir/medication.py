"""MedicationRequest, MedicationStatement → medicine with its schedule; MedicationAdministration → dose."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from cauce.models.health import DoseStatus
from ingest.health.fhir.timing import dosing
from ingest.health.fhir.values import (
    Ignored,
    Problem,
    Resource,
    annotations,
    concept,
    day,
    effective,
    mapping,
    mappings,
    reference,
    text,
)
from ingest.health.frequency import Frequency
from ingest.health.records import medicine_id

NameOf = Callable[[str], str | None]
"""The name of the Medication resource of an id, where the file holds one."""

_NOT_PRESCRIBED = ("entered-in-error", "cancelled", "draft", "not-taken", "intended")
_PROPOSED = ("proposal", "plan", "option")
_ENDED = ("completed", "stopped", "on-hold", "unknown")
_GIVEN = {"completed": DoseStatus.TAKEN, "not-done": DoseStatus.MISSED, "not-taken": DoseStatus.MISSED}
_DAYS_IN = {"d": 1, "wk": 7, "mo": 30, "a": 365}
_LIFETIME = 40_000
_NO_NAME = Problem(
    "missing_medication",
    "medication[x]",
    "the medicine has no name, and the file holds no Medication resource that does",
)


class Medicine(NamedTuple):
    """A prescribed medicine, in the order of the frame's columns after `record` and `line`."""

    external_id: str
    name: str
    generic_name: str | None
    dosage: str | None
    frequency: str | None
    route: str | None
    prescribed_by: str | None
    prescribed_date: date | None
    start_date: date | None
    end_date: date | None
    as_needed: bool
    times_per_day: Decimal | None
    days_of_week: list[int] | None
    notes: str | None


class Dose(NamedTuple):
    """A dose that was given or not, in the order of the frame's columns after `record` and `line`."""

    medication_external_id: str
    medication_name: str
    medication_dosage: str | None
    medication_frequency: str | None
    medication_route: str | None
    scheduled_time: datetime
    taken_time: datetime | None
    status: str
    as_needed: bool
    notes: str | None


def medicine(resource: Resource, name_of: NameOf) -> Medicine | Problem | Ignored:
    """Read a MedicationRequest or a MedicationStatement of a treatment.

    A prescription that has ended on no known day gives no schedule: it would be missed for ever.
    """
    kind, status = resource["resourceType"], resource.get("status")
    for setting, without in ((status, _NOT_PRESCRIBED), (resource.get("intent"), _PROPOSED)):
        if setting in without:
            return Ignored(f"{kind} ({setting})")
    name = _name(resource, name_of)
    if name is None:
        return _NO_NAME
    prescribed = _day(resource, "authoredOn", "dateAsserted")
    bounds = _bounds(resource)
    if isinstance(prescribed, Problem):
        return prescribed
    if isinstance(bounds, Problem):
        return bounds
    start, end = bounds[0] or prescribed, bounds[1]
    if start and end and end < start:
        return Problem("invalid_period", "boundsPeriod.end", "the treatment ends before it starts")
    doses = dosing(resource.get("dosageInstruction") or resource.get("dosage"))
    due = Frequency() if status in _ENDED and end is None else doses.frequency
    return Medicine(
        external_id=medicine_id(name),
        name=name,
        generic_name=None,
        dosage=doses.dosage,
        frequency=doses.written,
        route=doses.route,
        prescribed_by=text(mapping(resource.get("requester") or resource.get("informationSource")).get("display")),
        prescribed_date=prescribed,
        start_date=start,
        end_date=end,
        as_needed=due.as_needed,
        times_per_day=due.times_per_day,
        days_of_week=None if due.days_of_week is None else list(due.days_of_week),
        notes=annotations(resource.get("note")),
    )


def dose(resource: Resource, name_of: NameOf, timezone: str) -> Dose | Problem | Ignored:
    """Read a MedicationAdministration, or a MedicationStatement of a single dose. It was due when it was given."""
    status = _GIVEN.get(str(resource.get("status")))
    if status is None:
        return Ignored(f"{resource['resourceType']} (not completed)")
    name = _name(resource, name_of)
    if name is None:
        return _NO_NAME
    when = effective(resource, timezone)
    if when is None:
        return Problem("missing_time", "effectiveDateTime", "the time of the dose is missing")
    if isinstance(when, Problem):
        return when
    doses = dosing(resource.get("dosage"))
    return Dose(
        medication_external_id=medicine_id(name),
        medication_name=name,
        medication_dosage=doses.dosage,
        medication_frequency=None,
        medication_route=doses.route,
        scheduled_time=when,
        taken_time=when if status is DoseStatus.TAKEN else None,
        status=status.value,
        as_needed=doses.frequency.as_needed,
        notes=annotations(resource.get("note")),
    )


def is_single_dose(statement: Resource) -> bool:
    """Tell whether a MedicationStatement is of one dose at one time, and not of a treatment."""
    at = text(statement.get("effectiveDateTime"))
    timed = any("timing" in part for part in mappings(statement.get("dosage")))
    return text(statement.get("status")) in _GIVEN and at is not None and "T" in at and not timed


def medication_name(medication: Resource) -> str | None:
    """Give the name of a Medication resource."""
    return concept(medication.get("code"))


def _name(resource: Resource, name_of: NameOf) -> str | None:
    named = concept(resource.get("medicationCodeableConcept"))
    if named:
        return named
    pointer = resource.get("medicationReference")
    target = reference(pointer)
    if target and target.startswith("#"):
        contained = mappings(resource.get("contained"))
        named = next((medication_name(item) for item in contained if item.get("id") == target[1:]), None)
    elif target:
        named = name_of(target)
    return named or text(mapping(pointer).get("display"))


def _bounds(resource: Resource) -> tuple[date | None, date | None] | Problem:
    """Give the first and last day of the treatment, as far as they are told."""
    instructions = mappings(resource.get("dosageInstruction") or resource.get("dosage"))
    repeats = [mapping(mapping(part.get("timing")).get("repeat")) for part in instructions]
    dispensed = mapping(mapping(resource.get("dispenseRequest")).get("validityPeriod"))
    periods = [mapping(repeat.get("boundsPeriod")) for repeat in repeats] + [mapping(resource.get("effectivePeriod"))]
    starts = [_day(period, "start") for period in (*periods, {"start": dispensed.get("start")})]
    ends = [_day(period, "end") for period in periods]
    for found in (*starts, *ends):
        if isinstance(found, Problem):
            return found
    start = min((found for found in starts if isinstance(found, date)), default=None)
    end = max((found for found in ends if isinstance(found, date)), default=None)
    lasting = max((_duration(repeat) for repeat in repeats), default=0)
    if end is None and lasting:
        begins = start or day(resource.get("authoredOn"))
        end = begins + timedelta(days=lasting - 1) if begins else None
    return start, end


def _duration(repeat: Resource) -> int:
    bounds = mapping(repeat.get("boundsDuration"))
    length, unit = bounds.get("value"), _DAYS_IN.get(str(bounds.get("code") or bounds.get("unit")))
    return int(length * unit) if isinstance(length, int | Decimal) and unit and 0 < length * unit <= _LIFETIME else 0


def _day(holder: Resource, *elements: str) -> date | Problem | None:
    for element in elements:
        value: Any = holder.get(element)
        if value is not None:
            return day(value) or Problem("invalid_date", element, "the date is not one such as 2026-01-31")
    return None
