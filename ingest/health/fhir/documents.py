"""What the two kinds of FHIR file look like at their start, and one record as a small file of its kind."""

import json
import re

from ingest.encoding import decode_head
from ingest.health.fhir.records import NamedMedication
from ingest.health.fhir.stream import DECODER

_BUNDLE = re.compile(r'"resourceType"\s*:\s*"Bundle"')
_TYPED = re.compile(r'"resourceType"\s*:\s*"[A-Z]')


def is_bundle(head: bytes) -> bool:
    """Tell whether a file begins as a Bundle does, written on one line or on many."""
    start = _start(head)
    if not start.startswith("{"):
        return False
    kind = _kind(start.split("\n", 1)[0])
    if kind is not None:
        return kind == "Bundle"
    return bool(_BUNDLE.search(start) or ('"entry"' in start and '"resource"' in start and _TYPED.search(start)))


def is_resource_lines(head: bytes) -> bool:
    """Tell whether a file that is no bundle has a line that is a resource; one line may be longer than `head`."""
    start = _start(head)
    if not start.startswith("{") or not _TYPED.search(start):
        return False
    lines = start.split("\n")
    return len(lines) == 1 or any(_kind(line) is not None for line in lines)


def entry_document(text: str, medication: NamedMedication | None) -> str:
    """Make a bundle of one entry, which reads as it did in its own: with the medication its name comes from."""
    named_by = "" if medication is None else f'{{"resource": {_medication(medication)}}}, '
    return f'{{"resourceType": "Bundle", "entry": [{named_by}{text}]}}'


def line_document(text: str, medication: NamedMedication | None) -> str:
    """Make a file of one line, which reads as it did in its own: below the medication its name comes from."""
    return text if medication is None else f"{_medication(medication)}\n{text}"


def _medication(medication: NamedMedication) -> str:
    return json.dumps({"resourceType": "Medication", "id": medication.id, "code": {"text": medication.name}})


def _start(head: bytes) -> str:
    return decode_head(head).lstrip("\ufeff \t\r\n")


def _kind(line: str) -> str | None:
    try:
        value = DECODER.decode(line.strip())
    except (ValueError, RecursionError):
        return None
    kind = value.get("resourceType") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) else None
