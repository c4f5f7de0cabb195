"""Medication logs as CSV, with Spanish headers, or English ones for who uses the app in English."""

import csv
import io
from collections.abc import Sequence

from cauce.demo.doses import Dose
from cauce.demo.plan import DemoPerson

SPANISH = (
    *("medicamento", "dosis", "frecuencia", "via", "hora_programada", "hora_tomada"),
    *("estado", "segun_necesidad", "notas"),
)
ENGLISH = (
    *("medication", "dosage", "frequency", "route", "scheduled_time", "taken_time"),
    *("status", "as_needed", "notes"),
)
REPEATED = 3


def medication_log(person: DemoPerson, log: Sequence[Dose], *, naive: bool, spoil: bool) -> tuple[bytes, int, int]:
    """Write a log; give the bytes, and how many rows are repeated and malformed.

    `naive` leaves the offsets out: the times are those of the owner's clock. `spoil` adds repeated and malformed rows.
    """
    rows = [_row(dose, naive=naive) for dose in log]
    repeated: list[tuple[str, ...]] = []
    bad: list[tuple[str, ...]] = []
    if spoil and rows:
        repeated = rows[len(rows) // 2 :][:REPEATED]
        first = rows[0]
        bad = [
            (*first[:6], "quizás", *first[7:]),
            (*first[:4], "2026-02-30T08:00:00-06:00", *first[5:]),
            ("", *first[1:]),
        ]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(ENGLISH if person.language == "en" else SPANISH)
    writer.writerows([*rows, *repeated, *bad])
    return out.getvalue().encode(), len(repeated), len(bad)


def _row(dose: Dose, *, naive: bool) -> tuple[str, ...]:
    medicine = dose.medicine
    scheduled = dose.scheduled.replace(tzinfo=None) if naive else dose.scheduled
    taken = dose.taken.replace(tzinfo=None) if naive and dose.taken else dose.taken
    return (
        *(medicine.name, medicine.dosage, medicine.frequency, "oral"),
        scheduled.isoformat(timespec="seconds"),
        taken.isoformat(timespec="seconds") if taken else "",
        dose.status,
        "true" if dose.as_needed else "false",
        dose.note,
    )
