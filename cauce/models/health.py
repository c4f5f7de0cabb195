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


class ConditionType(StrEnum):
    """How a condition goes on."""

    CHRONIC = "crónica"
    ACUTE = "aguda"
    GENETIC = "genética"


class Severity(StrEnum):
    """How bad a condition is."""

    MILD = "leve"
    MODERATE = "moderada"
    SEVERE = "severa"


class ConditionStatus(StrEnum):
    """Whether a condition is still there."""

    ACTIVE = "activa"
    REMISSION = "remisión"
    CURED = "curada"


class AllergyType(StrEnum):
    """What kind of thing a person is allergic to."""

    MEDICINE = "medicamento"
    FOOD = "alimento"
    ENVIRONMENT = "ambiental"
    OTHER = "otro"


class AllergySeverity(StrEnum):
    """How bad a reaction is."""

    MILD = "leve"
    MODERATE = "moderada"
    SEVERE = "severa"
    ANAPHYLACTIC = "anafiláctica"


class AppointmentStatus(StrEnum):
    """What became of an appointment."""

    SCHEDULED = "programada"
    COMPLETED = "completada"
    CANCELLED = "cancelada"
    MISSED = "perdida"


class MeasurementType(StrEnum):
    """What is measured; `MEASURES` says which numbers the value of each type holds."""

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


def _between(low: str, high: str) -> tuple[Decimal, Decimal]:
    return Decimal(low), Decimal(high)


MEASURES: dict[MeasurementType, dict[str, tuple[Decimal, Decimal]]] = {
    MeasurementType.WEIGHT: {"kg": _between("0.2", "700")},
    MeasurementType.HEIGHT: {"cm": _between("15", "280")},
    MeasurementType.BMI: {"kg_m2": _between("5", "200")},
    MeasurementType.BLOOD_PRESSURE: {"systolic": _between("30", "350"), "diastolic": _between("10", "250")},
    MeasurementType.GLUCOSE: {"mg_dl": _between("5", "2500")},
    MeasurementType.HEART_RATE: {"bpm": _between("10", "350")},
    MeasurementType.HBA1C: {"percent": _between("2", "25")},
    MeasurementType.TEMPERATURE: {"celsius": _between("20", "46")},
    MeasurementType.OXYGEN_SATURATION: {"percent": _between("20", "100")},
    MeasurementType.RESPIRATORY_RATE: {"per_minute": _between("2", "150")},
}
"""The numbers a measurement's value must hold, each with the lowest and the highest that can be a living person's.

Wider than any clinical range: what lies outside is a mistake."""


def _day_of(column: str) -> CheckConstraint:
    """A person's day lies at most one from that of Greenwich, whatever their zone."""
    return CheckConstraint(f"abs(local_date - ({column} AT TIME ZONE 'UTC')::date) <= 1", name="local_date")


def _known_by(day: str) -> CheckConstraint:
    """Nothing is found before it happens; where the person lives it may be tomorrow already."""
    return CheckConstraint(f"{day} <= (created_at AT TIME ZONE 'UTC')::date + 1", name=day)


def _value_check() -> CheckConstraint:
    """The type's numbers, and nothing but them and what else is known of them. JSON orders numbers apart from texts."""
    cases = " ".join(f"WHEN type = '{kind}' THEN {_shape(kind, measures)}" for kind, measures in MEASURES.items())
    return CheckConstraint(
        f"coalesce(CASE WHEN jsonb_typeof(value) <> 'object' THEN false {cases} END, false)", name="value"
    )


def _shape(kind: MeasurementType, measures: dict[str, tuple[Decimal, Decimal]]) -> str:
    keys = ", ".join(f"'{key}'" for key in (*measures, "original"))
    parts = [f"value - ARRAY[{keys}] = '{{}}'"]
    if kind is MeasurementType.GLUCOSE:
        parts = [
            f"value - ARRAY[{keys}, 'fasting'] = '{{}}' AND coalesce(value -> 'fasting' IN ('true', 'false'), true)"
        ]
    parts += [f"value -> '{key}' BETWEEN '{low}' AND '{high}'" for key, (low, high) in measures.items()]
    if kind is MeasurementType.BLOOD_PRESSURE:
        parts.append("value -> 'systolic' > value -> 'diastolic'")
    return " AND ".join(parts)


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

    __table_args__ = (
        Unique("user_id"),
        CheckConstraint("height BETWEEN 15 AND 280", name="height"),
        CheckConstraint("weight BETWEEN 0.2 AND 700", name="weight"),
        CheckConstraint("blood_type ~ '^(A|B|AB|O)[+-]$'", name="blood_type"),
    )


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
        CheckConstraint("jsonb_typeof(interactions) = 'array'", name="interactions"),
        CheckConstraint(
            "jsonb_typeof(reminder_times) = 'array' AND NOT jsonb_path_exists(reminder_times,"
            """ 'strict $[*] ? (@.type() != "string" || !(@ like_regex "^([01][0-9]|2[0-3]):[0-5][0-9]$"))',"""
            " '{}', true)",
            name="reminder_times",
        ),
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
        CheckConstraint("cardinality(days_of_week) BETWEEN 1 AND 7", name="some_days"),
        CheckConstraint("as_needed OR times_per_day IS NOT NULL OR days_of_week IS NOT NULL", name="rhythm"),
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
        CheckConstraint(
            "taken_time - scheduled_time BETWEEN interval '-24 hours' AND interval '168 hours'", name="taken_time"
        ),
        _day_of("scheduled_time"),
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
        _day_of("measured_at"),
        Index(None, "user_id", "type", "measured_at"),
        Index(None, "user_id", "health_profile_id"),
        Index(None, "batch_id"),
    )


class MedicalCondition(Tenant, Timestamps, Recoverable, Base):
    """An illness a person has or had."""

    __tablename__ = "medical_conditions"

    health_profile_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(255))
    type: Mapped[str] = mapped_column(String(50))
    severity: Mapped[str] = mapped_column(String(50))
    diagnosed_date: Mapped[date | None]
    diagnosed_by: Mapped[str | None] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(String(50), server_default=text("'activa'"))
    resolved_date: Mapped[date | None]
    notes: Mapped[str | None]
    treatment: Mapped[dict[str, Any] | None]
    external_id: Mapped[str | None] = mapped_column(String(255))
    batch_id: Mapped[UUID | None]

    __table_args__ = (
        owned("health_profile_id", "health_profiles"),
        Unique("user_id", "external_id"),
        one_of("type", ConditionType),
        one_of("severity", Severity),
        one_of("status", ConditionStatus),
        _known_by("diagnosed_date"),
        CheckConstraint("resolved_date >= diagnosed_date", name="dates"),
        CheckConstraint("status <> 'activa' OR resolved_date IS NULL", name="active_is_not_resolved"),
        Index(None, "user_id", "health_profile_id"),
        Index(None, "batch_id"),
    )


class Allergy(Tenant, Timestamps, Recoverable, Base):
    """What a person is allergic to."""

    __tablename__ = "allergies"

    health_profile_id: Mapped[UUID]
    allergen: Mapped[str] = mapped_column(String(255))
    type: Mapped[str] = mapped_column(String(50))
    severity: Mapped[str] = mapped_column(String(50))
    reaction: Mapped[str | None]
    diagnosed_date: Mapped[date | None]
    notes: Mapped[str | None]
    external_id: Mapped[str | None] = mapped_column(String(255))
    batch_id: Mapped[UUID | None]

    __table_args__ = (
        owned("health_profile_id", "health_profiles"),
        Unique("user_id", "external_id"),
        one_of("type", AllergyType),
        one_of("severity", AllergySeverity),
        _known_by("diagnosed_date"),
        Index(None, "user_id", "health_profile_id"),
        Index(None, "batch_id"),
    )


class MedicalAppointment(Tenant, Timestamps, Recoverable, Base):
    """A visit to a doctor, to come or past."""

    __tablename__ = "medical_appointments"

    health_profile_id: Mapped[UUID]
    type: Mapped[str] = mapped_column(String(100))
    specialty: Mapped[str | None] = mapped_column(String(100))
    doctor_name: Mapped[str | None] = mapped_column(String(255))
    facility: Mapped[str | None] = mapped_column(String(255))
    scheduled_date: Mapped[datetime]
    duration: Mapped[int | None] = mapped_column(SmallInteger, comment="minutes")
    status: Mapped[str] = mapped_column(String(50), server_default=text("'programada'"))
    reason: Mapped[str | None]
    notes: Mapped[str | None]
    results: Mapped[str | None]
    reminder_sent: Mapped[bool] = mapped_column(server_default=text("false"))
    reminder_time: Mapped[datetime | None]
    external_id: Mapped[str | None] = mapped_column(String(255))
    batch_id: Mapped[UUID | None]

    __table_args__ = (
        owned("health_profile_id", "health_profiles"),
        Unique("user_id", "external_id"),
        one_of("status", AppointmentStatus),
        CheckConstraint("duration BETWEEN 1 AND 1440", name="duration"),
        CheckConstraint("status = 'completada' OR results IS NULL", name="results_of_what_was"),
        CheckConstraint("reminder_time <= scheduled_date", name="reminder_time"),
        CheckConstraint("NOT reminder_sent OR reminder_time IS NOT NULL", name="reminder_sent"),
        Index(None, "user_id", "scheduled_date"),
        Index(None, "user_id", "health_profile_id"),
        Index(None, "batch_id"),
    )


class MedicationFill(Tenant, Timestamps, Recoverable, Base):
    """Supply of a medicine that a pharmacy handed out, and for how many days it lasts as prescribed."""

    __tablename__ = "medication_fills"

    medication_id: Mapped[UUID]
    filled_on: Mapped[date]
    days_supply: Mapped[int] = mapped_column(SmallInteger)
    quantity: Mapped[Decimal | None] = mapped_column(Numeric(12, 3), comment="tablets, millilitres, …")
    pharmacy: Mapped[str | None] = mapped_column(String(255))
    external_id: Mapped[str] = mapped_column(String(255))
    batch_id: Mapped[UUID | None]

    __table_args__ = (
        owned("medication_id", "medications"),
        Unique("user_id", "external_id"),
        _known_by("filled_on"),
        CheckConstraint("days_supply BETWEEN 1 AND 366", name="days_supply"),
        CheckConstraint("quantity > 0", name="quantity"),
        Index(None, "user_id", "medication_id", "filled_on"),
        Index(None, "batch_id"),
    )
