"""A person's health: profile, medicines with their schedules and doses, and measurements."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, SmallInteger, String, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from cauce.models.base import Base, Created, Recoverable, Sealed, Tenant, Timestamps, one_of, owned


class DoseStatus(StrEnum):
    """What became of a dose."""

    TAKEN = "tomado"
    MISSED = "omitido"
    LATE = "retrasado"


class MeasurementType(StrEnum):
    """What is measured; `MEASUREMENT_KEYS` says which numbers the value of each type holds."""

    WEIGHT = "weight"
    HEIGHT = "height"
    BMI = "bmi"
    BLOOD_PRESSURE = "blood_pressure"
    GLUCOSE = "glucose"
    HEART_RATE = "heart_rate"
    HBA1C = "hba1c"
    TEMPERATURE = "temperature"
    OXYGEN_SATURATION = "oxygen_saturation"
    RESPIRATORY_RATE = "respiratory_rate"


MEASUREMENT_KEYS: dict[MeasurementType, tuple[str, ...]] = {
    MeasurementType.WEIGHT: ("kg",),
    MeasurementType.HEIGHT: ("cm",),
    MeasurementType.BMI: ("kg_m2",),
    MeasurementType.BLOOD_PRESSURE: ("systolic", "diastolic"),
    MeasurementType.GLUCOSE: ("mg_dl",),
    MeasurementType.HEART_RATE: ("bpm",),
    MeasurementType.HBA1C: ("percent",),
    MeasurementType.TEMPERATURE: ("celsius",),
    MeasurementType.OXYGEN_SATURATION: ("percent",),
    MeasurementType.RESPIRATORY_RATE: ("per_minute",),
}
"""The keys a measurement's value must hold, each a positive number."""


def _value_check() -> CheckConstraint:
    cases = " ".join(
        f"WHEN '{kind}' THEN "
        + " AND ".join(
            f"jsonb_typeof(value -> '{key}') = 'number' AND (value ->> '{key}')::numeric > 0" for key in keys
        )
        for kind, keys in MEASUREMENT_KEYS.items()
    )
    return CheckConstraint(f"coalesce(CASE type {cases} END, false)", name="value")


class HealthProfile(Tenant, Timestamps, Base):
    """A person's medical profile; one row each. The encrypted columns hold envelopes, never plain text."""

    __tablename__ = "health_profiles"

    blood_type: Mapped[str | None] = mapped_column(String(10))
    height: Mapped[Decimal | None] = mapped_column(Numeric(5, 2), comment="cm")
    weight: Mapped[Decimal | None] = mapped_column(Numeric(5, 2), comment="kg")
    sex: Mapped[str | None] = mapped_column(String(20))
    emergency_contacts: Mapped[Sealed | None]
    insurance_info: Mapped[Sealed | None]
    encrypted_data: Mapped[Sealed | None]

    __table_args__ = (Unique("user_id"), CheckConstraint("height > 0 AND weight > 0", name="body"))


class Medication(Tenant, Timestamps, Recoverable, Base):
    """A medicine a person takes. `frequency` is kept as written; its structured reading is the schedule."""

    __tablename__ = "medications"

    health_profile_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(255))
    generic_name: Mapped[str | None] = mapped_column(String(255))
    dosage: Mapped[str | None] = mapped_column(String(255))
    frequency: Mapped[str | None] = mapped_column(String(255))
    route: Mapped[str | None] = mapped_column(String(50))
    prescribed_by: Mapped[str | None] = mapped_column(String(255))
    prescribed_date: Mapped[date | None]
    start_date: Mapped[date]
    end_date: Mapped[date | None]
    purpose: Mapped[str | None]
    side_effects: Mapped[str | None]
    interactions: Mapped[list[Any] | None]
    reminder_enabled: Mapped[bool] = mapped_column(server_default=text("false"))
    reminder_times: Mapped[list[Any] | None]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    notes: Mapped[str | None]
    external_id: Mapped[str] = mapped_column(String(255))
    batch_id: Mapped[UUID | None]

    __table_args__ = (
        owned("health_profile_id", "health_profiles"),
        Unique("user_id", "external_id"),
        CheckConstraint("end_date >= start_date", name="dates"),
        Index(None, "user_id", "health_profile_id"),
        Index(None, "batch_id"),
    )


class MedicationSchedule(Tenant, Created, Base):
    """How often a medicine is due from `start_date` on: doses a local day, on which days, or only as needed."""

    __tablename__ = "medication_schedules"

    medication_id: Mapped[UUID]
    as_needed: Mapped[bool] = mapped_column(server_default=text("false"))
    times_per_day: Mapped[Decimal | None] = mapped_column(Numeric(6, 3))
    days_of_week: Mapped[list[int] | None] = mapped_column(ARRAY(SmallInteger), comment="1 = Monday … 7 = Sunday")
    start_date: Mapped[date]
    end_date: Mapped[date | None]
    batch_id: Mapped[UUID | None]

    __table_args__ = (
        owned("medication_id", "medications"),
        Unique("user_id", "medication_id", "start_date"),
        CheckConstraint("times_per_day > 0 AND times_per_day <= 48", name="times_per_day"),
        CheckConstraint("days_of_week <@ ARRAY[1,2,3,4,5,6,7]::smallint[]", name="days_of_week"),
        CheckConstraint("end_date >= start_date", name="dates"),
        Index(None, "batch_id"),
    )


class MedicationLog(Tenant, Created, Base):
    """One dose: when it was due, when it was taken, and what became of it. `local_date` is the day it was due on."""

    __tablename__ = "medication_logs"

    medication_id: Mapped[UUID]
    scheduled_time: Mapped[datetime]
    taken_time: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(String(50))
    as_needed: Mapped[bool] = mapped_column(server_default=text("false"))
    notes: Mapped[str | None]
    local_date: Mapped[date]
    batch_id: Mapped[UUID | None]

    __table_args__ = (
        owned("medication_id", "medications"),
        Unique("user_id", "medication_id", "scheduled_time"),
        one_of("status", DoseStatus),
        CheckConstraint("status <> 'omitido' OR taken_time IS NULL", name="missed_is_not_taken"),
        Index(None, "user_id", "local_date"),
        Index(None, "batch_id"),
    )


class HealthMeasurement(Tenant, Created, Recoverable, Base):
    """One reading, in the unit of its type; the unit it came in is kept under `original`."""

    __tablename__ = "health_measurements"

    health_profile_id: Mapped[UUID]
    type: Mapped[str] = mapped_column(String(50))
    value: Mapped[dict[str, Any]]
    measured_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    notes: Mapped[str | None]
    local_date: Mapped[date]
    external_id: Mapped[str] = mapped_column(String(255))
    batch_id: Mapped[UUID | None]

    __table_args__ = (
        owned("health_profile_id", "health_profiles"),
        Unique("user_id", "external_id"),
        one_of("type", MeasurementType),
        _value_check(),
        Index(None, "user_id", "type", "measured_at"),
        Index(None, "user_id", "health_profile_id"),
        Index(None, "batch_id"),
    )
