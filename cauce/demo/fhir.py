"""A health record as a FHIR R4 bundle: a patient, prescriptions with their timing, and observations.

Codes: LOINC for what is observed, UCUM for its unit, RxNorm names as plain text.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import orjson

from cauce.demo.plan import DemoPerson
from cauce.demo.prescriptions import Regime, Treatment
from cauce.demo.randomness import generator
from cauce.demo.window import Window, at, zone_of

Resource = dict[str, Any]
LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
NAMESPACE = uuid.UUID("6c1d3f0e-5a53-4b7e-9b6a-0d5b6a7c1e11")
DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Record:
    """A bundle as bytes, and how many of its entries are good, malformed, and of kinds that are not taken."""

    content: bytes
    good: int
    malformed: int
    ignored: dict[str, int]


def bundle(seed: int, person: DemoPerson, regime: Regime, window: Window, *, spoil: bool) -> Record:
    """Write the record of a person; `spoil` adds observations without a value or with an impossible date."""
    patient = f"urn:uuid:{_name(person, 'patient')}"
    observations = list(_observations(seed, person, regime, window))
    good = [_prescription(person, treatment) for treatment in regime.treatments] + observations
    bad: list[Resource] = []
    if spoil:
        weight = _observation(person, "bad", window.first_day, 9, "29463-7", "Body weight")
        bad = [
            weight | {"id": str(_name(person, "bad-value")), "valueQuantity": {"value": "setenta", "code": "kg"}},
            weight | {"id": str(_name(person, "bad-date")), "effectiveDateTime": "2026-02-30"} | _quantity(70.0, "kg"),
        ]
    others = [_patient(person), _immunization(person, window)]
    entries = [
        {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource | _subject(resource, patient)}
        for resource in [*others, *good, *bad]
    ]
    document = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    kinds = {"Patient": 1, "Immunization": 1}
    return Record(orjson.dumps(document), len(good), len(bad), kinds)


def _subject(resource: Resource, patient: str) -> Resource:
    kind = resource["resourceType"]
    return {} if kind == "Patient" else {"patient" if kind == "Immunization" else "subject": {"reference": patient}}


def _name(person: DemoPerson, *what: object) -> uuid.UUID:
    return uuid.uuid5(NAMESPACE, "|".join([person.email, *map(str, what)]))


def _patient(person: DemoPerson) -> Resource:
    given, _, family = person.name.partition(" ")
    name = [{"use": "official", "family": family, "given": [given]}]
    return {"resourceType": "Patient", "id": str(_name(person, "patient")), "name": name}


def _immunization(person: DemoPerson, window: Window) -> Resource:
    return {
        "resourceType": "Immunization",
        "id": str(_name(person, "influenza")),
        "status": "completed",
        "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "140"}], "text": "Influenza"},
        "occurrenceDateTime": str(window.first_day),
    }


def _prescription(person: DemoPerson, treatment: Treatment) -> Resource:
    medicine = treatment.medicine
    dosage: Resource = {"sequence": 1, "text": medicine.frequency, "asNeededBoolean": not medicine.clocks}
    amount, _, unit = medicine.dosage.partition(" ")
    dosage |= {"route": {"text": "oral"}, "doseAndRate": [{"doseQuantity": {"value": int(amount), "unit": unit}}]}
    if medicine.clocks:
        bounds = {"start": str(treatment.start)} | ({"end": str(treatment.end)} if treatment.end else {})
        repeat: Resource = {"boundsPeriod": bounds, "frequency": len(medicine.clocks), "period": 1, "periodUnit": "d"}
        if medicine.weekdays:
            repeat |= {"dayOfWeek": [DAY_NAMES[day - 1] for day in medicine.weekdays]}
        dosage["timing"] = {"repeat": repeat}
    return {
        "resourceType": "MedicationRequest",
        "id": str(_name(person, "prescription", medicine.name)),
        "status": "completed" if treatment.end else "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": medicine.name},
        "authoredOn": str(treatment.start),
        "requester": {"display": "Dra. Elena Fuentes"},
        "dosageInstruction": [dosage],
    }


def _observations(seed: int, person: DemoPerson, regime: Regime, window: Window) -> Iterator[Resource]:
    random = generator(seed, "measurements", person.email)
    weight = float(random.uniform(58, 92))
    pounds = person.currency == "USD"
    yield _observation(person, "height", window.first_day, 9, "8302-2", "Body height") | _quantity(
        round(float(random.uniform(152, 184)), 1), "cm"
    )
    for number, day in enumerate(window.days()):
        if number % 7 == 0:
            weight += float(random.normal(-0.05, 0.35))
            amount = _quantity(round(weight * 2.2046226, 1), "[lb_av]") if pounds else _quantity(round(weight, 1), "kg")
            yield _observation(person, "weight", day, 7, "29463-7", "Body weight") | amount
        if number % 4 == 1 and regime.has("presion"):
            yield from _pressure(random, person, day)
        if regime.has("diabetes") and random.random() < 0.85:
            fasting = float(random.normal(112, 14))
            yield _observation(
                person, "glucose", day, 7, "2345-7", "Glucose [Mass/volume] in Serum or Plasma"
            ) | _quantity(round(fasting), "mg/dL")
        if regime.has("diabetes") and number % 90 == 30:
            yield _observation(person, "hba1c", day, 10, "4548-4", "Hemoglobin A1c") | _quantity(
                round(float(random.normal(6.8, 0.4)), 1), "%"
            )


def _pressure(random: np.random.Generator, person: DemoPerson, day: date) -> Iterator[Resource]:
    systolic, diastolic = round(float(random.normal(132, 8))), round(float(random.normal(84, 6)))
    parts = (("8480-6", "Systolic blood pressure", systolic), ("8462-4", "Diastolic blood pressure", diastolic))
    panel = [{"code": _code(code, text)} | _quantity(value, "mm[Hg]") for code, text, value in parts]
    yield _observation(person, "pressure", day, 8, "85354-9", "Blood pressure panel") | {"component": panel}
    pulse = _quantity(round(float(random.normal(72, 7))), "/min")
    yield _observation(person, "pulse", day, 8, "8867-4", "Heart rate") | pulse


def _observation(person: DemoPerson, what: str, day: date, hour: int, code: str, text: str) -> Resource:
    zone = person.zone_at(at(day, 12, 0, "UTC"))
    when = at(day, hour, 5, zone).astimezone(zone_of(zone))
    return {
        "resourceType": "Observation",
        "id": str(_name(person, what, day)),
        "status": "final",
        "code": _code(code, text),
        "effectiveDateTime": when.isoformat(timespec="seconds"),
        "issued": (when + timedelta(minutes=2)).isoformat(timespec="milliseconds"),
    }


def _code(code: str, text: str) -> Resource:
    return {"coding": [{"system": LOINC, "code": code, "display": text}], "text": text}


def _quantity(value: float, unit: str) -> Resource:
    return {"valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit}}
