"""Which resources become records, and whose they are.

A file is one person's: what is about another patient than the first one of the file is refused, never mixed in.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from ingest.health.fhir.medication import Dose, Medicine, dose, is_single_dose, medicine
from ingest.health.fhir.observation import Measurement, measurement
from ingest.health.fhir.values import Ignored, Problem, Resource, mappings, reference, text

_KINDS = 200
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")
_LONGEST_ID = 200
_NOT_CONTENT = ("id", "meta", "text", "identifier")


class Identified(NamedTuple):
    """A measurement with its identity, in the order of the frame's columns after `record` and `line`."""

    external_id: str
    type: str
    value: str
    measured_at: datetime
    notes: str | None


class NamedMedication(NamedTuple):
    """A Medication resource of the file that records are named by."""

    id: str
    name: str


Record = Medicine | Dose | Identified


class Records:
    """Reads the resources of one file in order."""

    def __init__(self, timezone: str, names: Callable[[], Mapping[str, str]]) -> None:
        """Take the owner's zone, and how to find the names of the file's Medication resources when one is needed."""
        self._timezone = timezone
        self._find_names = names
        self._names: Mapping[str, str] | None = None
        self.named_by: NamedMedication | None = None
        """What the record that was read last has its name from, when that is a resource of its own."""
        self._patient: str | None = None
        self._kinds: set[str] = set()
        self._unnamed: Counter[bytes] = Counter()

    def read(self, resource: Resource) -> Record | Problem | Ignored:
        """Read a resource: a record, or why it is none."""
        kind, self.named_by = resource["resourceType"], None
        if kind not in ("Observation", "MedicationRequest", "MedicationStatement", "MedicationAdministration"):
            return self._other(kind)
        record = self._taken(kind, resource)
        if isinstance(record, Ignored):
            return record
        patient = reference(resource.get("subject"))
        self._patient = self._patient or patient
        if patient not in (None, self._patient):
            reason = "the record is about another patient than the first one of the file: give each person's file apart"
            return Problem("other_patient", "subject", reason)
        return Identified(self._identity(resource), *record) if isinstance(record, Measurement) else record

    def _taken(self, kind: str, resource: Resource) -> Medicine | Dose | Measurement | Problem | Ignored:
        if kind == "Observation":
            return measurement(resource, self._timezone)
        if kind == "MedicationAdministration" or (kind == "MedicationStatement" and is_single_dose(resource)):
            return dose(resource, self._name, self._timezone)
        return medicine(resource, self._name)

    def _other(self, kind: str) -> Problem | Ignored:
        if not _TYPE.fullmatch(kind):
            return Problem("invalid_resource", "resourceType", "the resourceType is not the name of a FHIR resource")
        known = kind in self._kinds or len(self._kinds) < _KINDS
        self._kinds.add(kind if known else "other")
        return Ignored(kind if known else "other")

    def _name(self, medication: str) -> str | None:
        if self._names is None:
            self._names = self._find_names()
        name = self._names.get(medication)
        self.named_by = None if name is None else NamedMedication(medication, name)
        return name

    def _identity(self, resource: Resource) -> str:
        """Give the resource's id, else a business identifier, else its content with an occurrence number."""
        own = text(resource.get("id"))
        if own is None:
            for identifier in mappings(resource.get("identifier")):
                if text(identifier.get("value")):
                    own = f"{text(identifier.get('system')) or ''}|{text(identifier.get('value'))}"
                    break
        if own is not None:
            short = own if len(own) <= _LONGEST_ID else f"sha256:{hashlib.sha256(own.encode()).hexdigest()}"
            return f"Observation/{short}"
        content = {key: value for key, value in resource.items() if key not in _NOT_CONTENT}
        digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode())
        self._unnamed[digest.digest()] += 1
        return f"Observation/content:{digest.hexdigest()}|{self._unnamed[digest.digest()]}"
