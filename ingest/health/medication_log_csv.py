"""A log of doses as a table: one row per dose.

medication (medicamento), dosage (dosis), frequency (frecuencia), route (via), scheduled_time (hora_programada),
taken_time (hora_tomada), status (estado), as_needed (segun_necesidad), notes (notas) → frame "medication_log" →
medication_logs. Times are RFC 3339; those without an offset are on the owner's clock.
"""

from collections.abc import Iterator
from datetime import timedelta

import polars as pl

from cauce.models.health import DoseStatus
from ingest.delimited import Check, checked, chunk, header_columns, plain, read_rows
from ingest.formats import Chunk, Source
from ingest.health.frequency import read_frequency
from ingest.health.local_times import instants
from ingest.health.records import MEDICATION_LOG, medicine_id

_ALIASES = {
    "medication": ("medicamento", "medicina", "medicine", "drug", "farmaco"),
    "dosage": ("dosis", "dose"),
    "frequency": ("frecuencia",),
    "route": ("via", "via_de_administracion"),
    "scheduled_time": ("hora_programada", "programada", "fecha_programada", "scheduled", "scheduled_at"),
    "taken_time": ("hora_tomada", "hora_de_toma", "tomada", "taken", "taken_at"),
    "status": ("estado", "estatus"),
    "as_needed": ("segun_necesidad", "por_razon_necesaria", "prn"),
    "notes": ("notas", "nota", "note", "comentarios", "comments"),
}
_REQUIRED = ("medication", "scheduled_time", "status")
_STATUSES = {
    DoseStatus.TAKEN: ("tomado", "tomada", "taken", "completed", "done", "ok"),
    DoseStatus.MISSED: ("omitido", "omitida", "missed", "skipped", "olvidado", "olvidada", "not_taken", "no_tomado"),
    DoseStatus.LATE: ("retrasado", "retrasada", "late", "delayed", "tarde", "atrasado", "atrasada"),
}
_STATUS_OF = {word: status.value for status, words in _STATUSES.items() for word in words}
_FLAG_OF = dict.fromkeys(("si", "s", "yes", "y", "true", "verdadero", "1", "x"), True) | dict.fromkeys(
    ("no", "n", "false", "falso", "0"), False
)
_TIME = "is not one such as 2026-01-31T08:30 or 2026-01-31T08:30:00-06:00"

EARLIEST = timedelta(days=1)
LATEST = timedelta(days=7)
"""How long before and after it is due a dose can be taken; the database takes no other."""

_MISSED = pl.col("status") == DoseStatus.MISSED.value
_CHECKS = (
    Check("missing_medication", "medication", "the medicine has no name", pl.col("medication").is_null()),
    Check(
        "missing_time",
        "scheduled_time",
        "the row does not say when the dose was due (or, as needed, when it was taken)",
        pl.col("scheduled_text").is_null() & ~(pl.col("as_needed") & pl.col("taken_text").is_not_null()),
    ),
    Check(
        "invalid_time",
        "scheduled_time",
        f"the time the dose was due {_TIME}",
        pl.col("scheduled_text").is_not_null() & pl.col("scheduled_time").is_null(),
    ),
    Check(
        "invalid_time",
        "taken_time",
        f"the time the dose was taken {_TIME}",
        pl.col("taken_text").is_not_null() & pl.col("taken_time").is_null(),
    ),
    Check(
        "unknown_status", "status", "the status is not one of tomado, omitido, retrasado", pl.col("status").is_null()
    ),
    Check(
        "contradictory_status",
        "status",
        "the dose is said to be missed and has a time it was taken",
        _MISSED & pl.col("taken_text").is_not_null(),
    ),
    Check(
        "implausible_time",
        "taken_time",
        "the dose was taken more than a day before it was due, or more than a week after",
        ~(pl.col("taken_time") - pl.col("scheduled_time")).is_between(-EARLIEST, LATEST),
    ),
    Check(
        "invalid_flag",
        "as_needed",
        "as needed is neither yes nor no (sí, no, true, false, 1, 0)",
        pl.col("flag_unread"),
    ),
)


class MedicationLogCsv:
    """Format `medication-log-csv`."""

    name = "medication-log-csv"
    domain = "health"
    version = 1

    def sniff(self, head: bytes) -> bool:
        """Tell by the header: a medicine, and when or how its dose went."""
        columns = header_columns(head, _ALIASES)
        dosed = {"scheduled_time", "taken_time", "status"} & columns
        return len(dosed) >= 2 or ("medication" in columns and bool(dosed))

    def read(self, source: Source) -> Iterator[Chunk]:
        """Read the rows. Raises `SkippableError` when a required column is missing."""
        for rows in read_rows(source, _ALIASES, _REQUIRED):
            good, rejections = checked(rows, _typed(rows.frame, source.timezone), _CHECKS)
            yield chunk(rows, "medication_log", _canonical(good), rejections)


def _as_needed(frequency: str) -> bool:
    read = read_frequency(frequency)
    return read is not None and read.as_needed


def _typed(frame: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Read the cells. What repeats in a column (words, names, frequencies) is read once."""
    statuses = {word: _STATUS_OF.get(plain(word)) for word in _distinct(frame, "status")}
    flags = {word: _FLAG_OF.get(plain(word)) for word in _distinct(frame, "as_needed")}
    needed = {words: _as_needed(words) for words in _distinct(frame, "frequency")}
    flag = pl.col("as_needed").replace_strict(flags, default=None, return_dtype=pl.Boolean)
    by_frequency = pl.col("frequency").replace_strict(needed, default=None, return_dtype=pl.Boolean)
    return frame.with_columns(
        pl.col("scheduled_time").alias("scheduled_text"),
        pl.col("taken_time").alias("taken_text"),
        instants("scheduled_time", timezone),
        instants("taken_time", timezone),
        pl.col("status").replace_strict(statuses, default=None, return_dtype=pl.String),
        (pl.col("as_needed").is_not_null() & flag.is_null()).alias("flag_unread"),
        pl.coalesce(flag, by_frequency, pl.lit(value=False)).alias("as_needed"),
    )


def _distinct(frame: pl.DataFrame, column: str) -> list[str]:
    return frame[column].unique().drop_nulls().to_list()


def _canonical(frame: pl.DataFrame) -> pl.DataFrame:
    identities = {name: medicine_id(name) for name in _distinct(frame, "medication")}
    return frame.with_columns(
        pl.col("medication")
        .replace_strict(identities, default=None, return_dtype=pl.String)
        .alias("medication_external_id"),
        pl.col("medication").alias("medication_name"),
        pl.col("dosage").alias("medication_dosage"),
        pl.col("frequency").alias("medication_frequency"),
        pl.col("route").alias("medication_route"),
        pl.coalesce("scheduled_time", "taken_time").alias("scheduled_time"),
    ).select(pl.col(name).cast(kind) for name, kind in MEDICATION_LOG.items())
