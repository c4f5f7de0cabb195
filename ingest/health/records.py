"""The columns of health's frames, and what names a medicine."""

import hashlib

import polars as pl

from ingest.delimited import plain

INSTANT = pl.Datetime("us", "UTC")
TIMES = pl.Decimal(6, 3)

MEDICATION: dict[str, pl.DataType | type[pl.DataType]] = {
    "record": pl.Int64,
    "line": pl.Int64,
    "external_id": pl.String,
    "name": pl.String,
    "generic_name": pl.String,
    "dosage": pl.String,
    "frequency": pl.String,  # as written
    "route": pl.String,
    "prescribed_by": pl.String,
    "prescribed_date": pl.Date,
    "start_date": pl.Date,
    "end_date": pl.Date,
    "as_needed": pl.Boolean,
    "times_per_day": TIMES,  # doses due on a day they are due; null when the text does not say
    "days_of_week": pl.List(pl.Int8),  # 1 = Monday; null: every day
    "notes": pl.String,
}

MEDICATION_LOG: dict[str, pl.DataType | type[pl.DataType]] = {
    "record": pl.Int64,
    "line": pl.Int64,
    "medication_external_id": pl.String,
    "medication_name": pl.String,  # what makes the medicine when no record of its own does
    "medication_dosage": pl.String,
    "medication_frequency": pl.String,
    "medication_route": pl.String,
    "scheduled_time": INSTANT,
    "taken_time": INSTANT,
    "status": pl.String,
    "as_needed": pl.Boolean,
    "notes": pl.String,
}

MEASUREMENT: dict[str, pl.DataType | type[pl.DataType]] = {
    "record": pl.Int64,
    "line": pl.Int64,
    "external_id": pl.String,
    "type": pl.String,
    "value": pl.String,  # JSON: the keys of `MEASURES`, and `original` where the unit was another
    "measured_at": INSTANT,
    "notes": pl.String,
}

_LONGEST = 200


def medicine_id(name: str) -> str:
    """Give the identity of a medicine: its name, however it is spelled.

    Not the number of a prescription: a log knows none, doses and prescription have to meet in one medicine for
    adherence to mean anything, and a renewed prescription or a new dose is still the same medicine.
    """
    key = plain(name) or hashlib.sha256(name.encode()).hexdigest()
    return f"name:{key}" if len(key) <= _LONGEST else f"name-sha256:{hashlib.sha256(key.encode()).hexdigest()}"
