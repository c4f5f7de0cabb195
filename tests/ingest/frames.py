"""A format of the tests' own: frames handed to the load engine as they are, without a file of any real format."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
import pytest

from cauce.database import Database
from ingest import FileReport, load, load_file
from ingest.formats import Chunk, Source

COLUMNS: dict[str, dict[str, Any]] = {
    "account": {
        **dict.fromkeys(("account_key_text", "mask", "name", "type", "institution", "currency"), pl.String),
        "balance": pl.Decimal(19, 4),
        "balance_at": pl.Datetime("us", "UTC"),
    },
    "transaction": {
        **dict.fromkeys(
            (
                "account_key_text",
                "account_mask",
                "account_name",
                "account_type",
                "account_institution",
                "account_currency",
                "description",
                "currency",
                "type",
                "category",
                "external_id",
                "notes",
            ),
            pl.String,
        ),
        "date": pl.Date,
        "posted_at": pl.Datetime("us", "UTC"),
        "amount": pl.Decimal(19, 4),
        "fx_rate": pl.Decimal(24, 12),
    },
    "medication": {
        **dict.fromkeys(
            ("external_id", "name", "generic_name", "dosage", "frequency", "route", "prescribed_by", "notes"), pl.String
        ),
        **dict.fromkeys(("prescribed_date", "start_date", "end_date"), pl.Date),
        "as_needed": pl.Boolean,
        "times_per_day": pl.Decimal(6, 3),
        "days_of_week": pl.List(pl.Int8),
    },
    "medication_log": {
        **dict.fromkeys(
            (
                "medication_external_id",
                "medication_name",
                "medication_dosage",
                "medication_frequency",
                "medication_route",
                "status",
                "notes",
            ),
            pl.String,
        ),
        **dict.fromkeys(("scheduled_time", "taken_time"), pl.Datetime("us", "UTC")),
        "as_needed": pl.Boolean,
    },
    "measurement": {
        **dict.fromkeys(("external_id", "type", "value", "notes"), pl.String),
        "measured_at": pl.Datetime("us", "UTC"),
    },
}

_DEFAULTS: dict[str, dict[str, Any]] = {
    "account": {
        "account_key_text": "bank|1", "mask": "0001", "name": "Cuenta", "type": "checking", "currency": "MXN",
        "balance": Decimal(100), "balance_at": datetime.fromisoformat("2026-03-01T00:00:00Z"),
    },
    "transaction": {
        "account_key_text": "bank|1", "account_mask": "0001", "account_name": "Cuenta", "account_type": "checking",
        "account_currency": "MXN", "description": "OXXO", "currency": "MXN", "type": "expense",
        "category": "sin_categoria", "external_id": "fitid:1", "date": date(2026, 3, 1), "amount": Decimal(-50),
    },
    "medication": {"external_id": "name:metformina", "name": "Metformina"},
    "medication_log": {
        "medication_external_id": "name:metformina", "medication_name": "Metformina", "status": "tomado",
        "as_needed": False, "scheduled_time": datetime.fromisoformat("2026-03-02T14:00:00Z"),
    },
    "measurement": {
        "external_id": "m1", "type": "weight", "value": '{"kg": 70}',
        "measured_at": datetime.fromisoformat("2026-03-02T14:00:00Z"),
    },
}  # fmt: skip


@dataclass(frozen=True)
class Frames:
    """Reads `records`, pairs of a kind and the columns that differ from its defaults, in chunks of `size`."""

    domain: str
    records: Sequence[tuple[str, dict[str, Any]]]
    size: int = 50_000
    name: str = "frames"
    version: int = 1

    def sniff(self, head: bytes) -> bool:
        return True

    def read(self, source: Source) -> Iterator[Chunk]:
        numbered = list(enumerate(self.records, 1))
        for start in range(0, len(numbered), self.size):
            part = numbered[start : start + self.size]
            kinds = dict.fromkeys(kind for _, (kind, _) in part)
            yield Chunk({k: _frame(k, part) for k in kinds}, (), {}, lambda wanted: [f"record {n}" for n in wanted])


def _frame(kind: str, part: Sequence[tuple[int, tuple[str, dict[str, Any]]]]) -> pl.DataFrame:
    schema = {"record": pl.Int64, "line": pl.Int64, **COLUMNS[kind]}
    filled = [{**_DEFAULTS[kind], **columns, "record": n, "line": n} for n, (k, columns) in part if k == kind]
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in filled], schema=schema)


@dataclass
class FrameLoader:
    """Loads frames into a database; each call is another file."""

    db: Database
    folder: Path
    monkeypatch: pytest.MonkeyPatch

    def __call__(
        self, domain: str, *records: tuple[str, dict[str, Any]], owner: UUID | None = None, size: int = 50_000
    ) -> FileReport:
        self.monkeypatch.setattr(load, "detect", lambda head, **_: Frames(domain, records, size))
        path = self.folder / f"{len(list(self.folder.iterdir()))}.frames"
        path.write_text(f"{path.name} {records!r}")
        return load_file(self.db, path, owner=owner)
