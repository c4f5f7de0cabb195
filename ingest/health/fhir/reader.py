"""Health records in FHIR R4: a bundle in one document, or resources as JSON lines (bulk export).

Observation → frame "measurement"; MedicationRequest, MedicationStatement → "medication"; MedicationAdministration, and
a MedicationStatement of one dose → "medication_log". Every other resource is ignored, counted by its type.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from ingest.delimited import texts_of
from ingest.formats import Chunk, Rejection, Source
from ingest.health.fhir.documents import entry_document, is_bundle, is_resource_lines, line_document
from ingest.health.fhir.medication import Dose, Medicine, medication_name
from ingest.health.fhir.records import NamedMedication, Record, Records
from ingest.health.fhir.stream import Element, entries, lines
from ingest.health.fhir.values import Ignored, Problem, Resource, mapping, text
from ingest.health.records import MEASUREMENT, MEDICATION, MEDICATION_LOG

_CHUNK = 10_000

_Unwrap = Callable[[object], Resource | Problem | Ignored]
_Document = Callable[[str, NamedMedication | None], str]


class FhirBundle:
    """Format `fhir-bundle`."""

    name = "fhir-bundle"
    domain = "health"
    version = 1

    def sniff(self, head: bytes) -> bool:
        """Tell by a JSON object that says it is a Bundle, or whose entries hold resources before it says so."""
        return is_bundle(head)

    def read(self, source: Source) -> Iterator[Chunk]:
        """Read the entries. Raises `SkippableError` when the JSON breaks off or is no bundle."""
        return _chunks(source, lambda: entries(source.stream, source.name), _of_entry, entry_document)


class FhirNdjson:
    """Format `fhir-ndjson`."""

    name = "fhir-ndjson"
    domain = "health"
    version = 1

    def sniff(self, head: bytes) -> bool:
        """Tell by a line that is a resource, in a file that is no bundle."""
        return not is_bundle(head) and is_resource_lines(head)

    def read(self, source: Source) -> Iterator[Chunk]:
        """Read the lines; one that is no resource is refused and costs only itself."""
        return _chunks(source, lambda: lines(source.stream, source.name), _of_line, line_document)


def _of_entry(value: object) -> Resource | Problem | Ignored:
    if not isinstance(value, dict):
        return Problem("invalid_entry", "entry", "the entry is not a JSON object")
    return _typed(value["resource"]) if value.get("resource") is not None else Ignored("entry without resource")


def _of_line(value: object) -> Resource | Problem | Ignored:
    if not isinstance(value, dict):
        return Problem("invalid_json", "resource", "the line is not a JSON object: was it cut off?")
    return _typed(value)


def _typed(value: object) -> Resource | Problem:
    if not isinstance(value, dict) or text(value.get("resourceType")) is None:
        return Problem("invalid_resource", "resourceType", "this is not a FHIR resource: it has no resourceType")
    return value


def _names(source: Source, elements: Callable[[], Iterator[Element]], unwrap: _Unwrap) -> dict[str, str]:
    """Read the file from its start for the names of its Medication resources, and leave the stream where it was."""
    at = source.stream.tell()
    names: dict[str, str] = {}
    for element in elements():
        resource = unwrap(element.value)
        if isinstance(resource, dict) and resource["resourceType"] == "Medication":
            name = medication_name(resource)
            full_url = text(mapping(element.value).get("fullUrl")) or ""
            for key in (text(resource.get("id")), re.split(r"[/:]", full_url)[-1]):
                if name and key:
                    names[key] = name
    source.stream.seek(at)
    return names


def _chunks(
    source: Source, elements: Callable[[], Iterator[Element]], unwrap: _Unwrap, document: _Document
) -> Iterator[Chunk]:
    records = Records(source.timezone, lambda: _names(source, elements, unwrap))
    chunk = _Chunk()
    for ordinal, element in enumerate(elements(), 1):
        found = unwrap(element.value)
        record = records.read(found) if isinstance(found, dict) else found
        if isinstance(record, Ignored):
            chunk.ignore(record)
        else:
            named_by = records.named_by if isinstance(found, dict) else None
            chunk.add(ordinal, element.line, record, document(element.text, named_by))
        if chunk.size == _CHUNK:
            yield chunk.built()
            chunk = _Chunk()
    if chunk.size:
        yield chunk.built()


@dataclass
class _Chunk:
    size: int = 0
    medicines: list[tuple[Any, ...]] = field(default_factory=list)
    doses: list[tuple[Any, ...]] = field(default_factory=list)
    measurements: list[tuple[Any, ...]] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    ignored: dict[str, int] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)

    def ignore(self, record: Ignored) -> None:
        self.size += 1
        self.ignored[record.kind] = self.ignored.get(record.kind, 0) + 1

    def add(self, ordinal: int, line: int, record: Record | Problem, raw: str) -> None:
        self.size += 1
        if isinstance(record, Problem):
            self.rejections.append(Rejection(ordinal, line, record.element, record.rule, record.reason, raw))
            return
        self.texts[ordinal] = raw
        rows = (
            self.medicines
            if isinstance(record, Medicine)
            else self.doses
            if isinstance(record, Dose)
            else self.measurements
        )
        rows.append((ordinal, line, *record))

    def built(self) -> Chunk:
        frames = {
            "medication": pl.DataFrame(self.medicines, schema=MEDICATION, orient="row"),
            "medication_log": pl.DataFrame(self.doses, schema=MEDICATION_LOG, orient="row"),
            "measurement": pl.DataFrame(self.measurements, schema=MEASUREMENT, orient="row"),
        }
        return Chunk(frames, self.rejections, self.ignored, texts_of(self.texts))
