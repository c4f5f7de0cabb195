"""Reading of health files without a database: everything a file gives, put together; and small FHIR resources."""

import io
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from ingest.formats import Rejection, Source
from ingest.health import FORMATS

DATA = Path(__file__).parents[2] / "data" / "health"
ZONE = "America/Mexico_City"
LOINC = "http://loinc.org"


@dataclass(frozen=True)
class Reading:
    format: str
    frames: dict[str, pl.DataFrame]
    rejections: list[Rejection]
    ignored: dict[str, int]
    raw: dict[int, str]
    read: int

    @property
    def medications(self) -> list[dict[str, Any]]:
        return self.frames["medication"].to_dicts()

    @property
    def doses(self) -> list[dict[str, Any]]:
        return self.frames["medication_log"].to_dicts()

    @property
    def measurements(self) -> list[dict[str, Any]]:
        return [row | {"value": json.loads(row["value"])} for row in self.frames["measurement"].to_dicts()]

    def rules(self) -> list[tuple[int | None, str | None, str]]:
        return [(rejection.line, rejection.column, rejection.rule) for rejection in self.rejections]

    def balanced(self) -> bool:
        rows = sum(frame.height for frame in self.frames.values())
        return self.read == rows + len(self.rejections) + sum(self.ignored.values())


def source(data: bytes, timezone: str = ZONE) -> Source:
    return Source(Path("a"), io.BytesIO(data), "a", len(data), datetime(2026, 3, 1, tzinfo=UTC), timezone)


def formats_of(data: bytes) -> list[str]:
    return [one.name for one in FORMATS if one.sniff(data[: 64 * 1024])]


def read(content: bytes | str | Path, timezone: str = ZONE) -> Reading:
    data = content.read_bytes() if isinstance(content, Path) else content
    data = data.encode() if isinstance(data, str) else data
    (format_,) = [one for one in FORMATS if one.sniff(data[: 64 * 1024])]
    chunks = list(format_.read(source(data, timezone)))
    kinds = dict.fromkeys(kind for chunk in chunks for kind in chunk.frames)
    raw: dict[int, str] = {}
    for chunk in chunks:
        records = [record for frame in chunk.frames.values() for record in frame["record"]]
        raw |= dict(zip(records, chunk.raw(records), strict=True))
    return Reading(
        format_.name,
        {kind: pl.concat([chunk.frames[kind] for chunk in chunks]) for kind in kinds},
        [rejection for chunk in chunks for rejection in chunk.rejections],
        dict(sum((Counter(chunk.ignored) for chunk in chunks), Counter())),
        raw,
        sum(chunk.read for chunk in chunks),
    )


def bundle(*resources: Mapping[str, Any]) -> str:
    return json.dumps({"resourceType": "Bundle", "entry": [{"resource": resource} for resource in resources]})


def code(number: str, system: str | None = LOINC) -> dict[str, Any]:
    coding = {"code": number} | ({} if system is None else {"system": system})
    return {"code": {"coding": [coding]}}


def quantity(value: object, unit: str | None) -> dict[str, Any]:
    return {"valueQuantity": {"value": value} | ({} if unit is None else {"unit": unit, "code": unit})}


def observation(number: str = "29463-7", value: object = 70, unit: str | None = "kg", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "effectiveDateTime": "2026-03-02T08:00:00-06:00",
        **code(number),
        **quantity(value, unit),
        **more,
    }


def pressure(systolic: object, diastolic: object, unit: str = "mm[Hg]") -> dict[str, Any]:
    parts = [code("8480-6") | quantity(systolic, unit), code("8462-4") | quantity(diastolic, unit)]
    panel = observation("85354-9", component=parts)
    del panel["valueQuantity"]
    return panel


def request(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "id": "r1",
        "status": "active",
        "intent": "order",
        "authoredOn": "2026-01-05",
        "medicationCodeableConcept": {"text": "Metformina"},
        **more,
    }


def administration(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "MedicationAdministration",
        "id": "a1",
        "status": "completed",
        "medicationCodeableConcept": {"text": "Metformina"},
        "effectiveDateTime": "2026-03-02T08:00:00-06:00",
        **more,
    }
