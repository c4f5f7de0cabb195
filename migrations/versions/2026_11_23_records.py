"""Conditions, allergies, appointments and fills; what else rows of health must be."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import ALL, OWN, TENANT, WRITE, keep_updated_at, protect

revision: str = "records"
down_revision: str | None = "support"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

CHECKS = (
    ("health_profiles", "height", "height BETWEEN 15 AND 280"),
    ("health_profiles", "weight", "weight BETWEEN 0.2 AND 700"),
    ("health_profiles", "blood_type", "blood_type ~ '^(A|B|AB|O)[+-]$'"),
    ("medications", "interactions", "jsonb_typeof(interactions) = 'array'"),
    (
        "medications",
        "reminder_times",
        """jsonb_typeof(reminder_times) = 'array' AND NOT jsonb_path_exists(reminder_times, 'strict $[*] ? (@.type() != "string" || !(@ like_regex "^([01][0-9]|2[0-3]):[0-5][0-9]$"))', '{}', true)""",
    ),
    ("medication_schedules", "some_days", "cardinality(days_of_week) BETWEEN 1 AND 7"),
    ("medication_schedules", "rhythm", "as_needed OR times_per_day IS NOT NULL OR days_of_week IS NOT NULL"),
    (
        "medication_logs",
        "taken_time",
        "taken_time - scheduled_time BETWEEN interval '-24 hours' AND interval '168 hours'",
    ),
    ("medication_logs", "local_date", "abs(local_date - (scheduled_time AT TIME ZONE 'UTC')::date) <= 1"),
    ("health_measurements", "local_date", "abs(local_date - (measured_at AT TIME ZONE 'UTC')::date) <= 1"),
    (
        "health_measurements",
        "value",
        "coalesce(CASE WHEN jsonb_typeof(value) <> 'object' THEN false WHEN type = 'weight' THEN value - ARRAY['kg', 'original'] = '{}' AND value -> 'kg' BETWEEN '0.2' AND '700' WHEN type = 'height' THEN value - ARRAY['cm', 'original'] = '{}' AND value -> 'cm' BETWEEN '15' AND '280' WHEN type = 'bmi' THEN value - ARRAY['kg_m2', 'original'] = '{}' AND value -> 'kg_m2' BETWEEN '5' AND '200' WHEN type = 'blood_pressure' THEN value - ARRAY['systolic', 'diastolic', 'original'] = '{}' AND value -> 'systolic' BETWEEN '30' AND '350' AND value -> 'diastolic' BETWEEN '10' AND '250' AND value -> 'systolic' > value -> 'diastolic' WHEN type = 'glucose' THEN value - ARRAY['mg_dl', 'original', 'fasting'] = '{}' AND coalesce(value -> 'fasting' IN ('true', 'false'), true) AND value -> 'mg_dl' BETWEEN '5' AND '2500' WHEN type = 'heart_rate' THEN value - ARRAY['bpm', 'original'] = '{}' AND value -> 'bpm' BETWEEN '10' AND '350' WHEN type = 'hba1c' THEN value - ARRAY['percent', 'original'] = '{}' AND value -> 'percent' BETWEEN '2' AND '25' WHEN type = 'temperature' THEN value - ARRAY['celsius', 'original'] = '{}' AND value -> 'celsius' BETWEEN '20' AND '46' WHEN type = 'oxygen_saturation' THEN value - ARRAY['percent', 'original'] = '{}' AND value -> 'percent' BETWEEN '20' AND '100' WHEN type = 'respiratory_rate' THEN value - ARRAY['per_minute', 'original'] = '{}' AND value -> 'per_minute' BETWEEN '2' AND '150' END, false)",
    ),
)
"""What tables of the first revisions did not refuse: (table, name, condition)."""
REPLACED = (
    ("health_profiles", "body", "height > 0 AND weight > 0"),
    (
        "health_measurements",
        "value",
        "coalesce(CASE type WHEN 'weight' THEN jsonb_typeof(value -> 'kg') = 'number' AND (value ->> 'kg')::numeric > 0 WHEN 'height' THEN jsonb_typeof(value -> 'cm') = 'number' AND (value ->> 'cm')::numeric > 0 WHEN 'bmi' THEN jsonb_typeof(value -> 'kg_m2') = 'number' AND (value ->> 'kg_m2')::numeric > 0 WHEN 'blood_pressure' THEN jsonb_typeof(value -> 'systolic') = 'number' AND (value ->> 'systolic')::numeric > 0 AND jsonb_typeof(value -> 'diastolic') = 'number' AND (value ->> 'diastolic')::numeric > 0 WHEN 'glucose' THEN jsonb_typeof(value -> 'mg_dl') = 'number' AND (value ->> 'mg_dl')::numeric > 0 WHEN 'heart_rate' THEN jsonb_typeof(value -> 'bpm') = 'number' AND (value ->> 'bpm')::numeric > 0 WHEN 'hba1c' THEN jsonb_typeof(value -> 'percent') = 'number' AND (value ->> 'percent')::numeric > 0 WHEN 'temperature' THEN jsonb_typeof(value -> 'celsius') = 'number' AND (value ->> 'celsius')::numeric > 0 WHEN 'oxygen_saturation' THEN jsonb_typeof(value -> 'percent') = 'number' AND (value ->> 'percent')::numeric > 0 WHEN 'respiratory_rate' THEN jsonb_typeof(value -> 'per_minute') = 'number' AND (value ->> 'per_minute')::numeric > 0 END, false)",
    ),
)
"""Checks that the new ones say better."""
TABLES = ("medication_fills", "medical_appointments", "allergies", "medical_conditions")


def upgrade() -> None:
    op.create_table(
        "medical_conditions",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("health_profile_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("type", sa.String(length=50), nullable=False),
        sa.Column("severity", sa.String(length=50), nullable=False),
        sa.Column("diagnosed_date", sa.Date(), nullable=True),
        sa.Column("diagnosed_by", sa.String(length=255), nullable=True),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'activa'"), nullable=False),
        sa.Column("resolved_date", sa.Date(), nullable=True),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("treatment", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("external_id", sa.String(length=255), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "diagnosed_date <= (created_at AT TIME ZONE 'UTC')::date + 1",
            name=op.f("ck_medical_conditions_diagnosed_date"),
        ),
        sa.CheckConstraint("severity IN ('leve', 'moderada', 'severa')", name=op.f("ck_medical_conditions_severity")),
        sa.CheckConstraint(
            "status <> 'activa' OR resolved_date IS NULL", name=op.f("ck_medical_conditions_active_is_not_resolved")
        ),
        sa.CheckConstraint("status IN ('activa', 'remisión', 'curada')", name=op.f("ck_medical_conditions_status")),
        sa.CheckConstraint("type IN ('crónica', 'aguda', 'genética')", name=op.f("ck_medical_conditions_type")),
        sa.CheckConstraint("resolved_date >= diagnosed_date", name=op.f("ck_medical_conditions_dates")),
        sa.ForeignKeyConstraint(
            ["user_id", "health_profile_id"],
            ["health_profiles.user_id", "health_profiles.id"],
            name=op.f("fk_medical_conditions_user_id_health_profile_id_health_profiles"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_medical_conditions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_medical_conditions")),
        sa.UniqueConstraint("user_id", "external_id", name=op.f("uq_medical_conditions_user_id_external_id")),
    )
    op.create_index(op.f("ix_medical_conditions_batch_id"), "medical_conditions", ["batch_id"], unique=False)
    op.create_index(
        op.f("ix_medical_conditions_user_id_health_profile_id"),
        "medical_conditions",
        ["user_id", "health_profile_id"],
        unique=False,
    )
    op.create_table(
        "allergies",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("health_profile_id", sa.Uuid(), nullable=False),
        sa.Column("allergen", sa.String(length=255), nullable=False),
        sa.Column("type", sa.String(length=50), nullable=False),
        sa.Column("severity", sa.String(length=50), nullable=False),
        sa.Column("reaction", sa.String(), nullable=True),
        sa.Column("diagnosed_date", sa.Date(), nullable=True),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("external_id", sa.String(length=255), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "diagnosed_date <= (created_at AT TIME ZONE 'UTC')::date + 1", name=op.f("ck_allergies_diagnosed_date")
        ),
        sa.CheckConstraint(
            "severity IN ('leve', 'moderada', 'severa', 'anafiláctica')", name=op.f("ck_allergies_severity")
        ),
        sa.CheckConstraint("type IN ('medicamento', 'alimento', 'ambiental', 'otro')", name=op.f("ck_allergies_type")),
        sa.ForeignKeyConstraint(
            ["user_id", "health_profile_id"],
            ["health_profiles.user_id", "health_profiles.id"],
            name=op.f("fk_allergies_user_id_health_profile_id_health_profiles"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_allergies_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_allergies")),
        sa.UniqueConstraint("user_id", "external_id", name=op.f("uq_allergies_user_id_external_id")),
    )
    op.create_index(op.f("ix_allergies_batch_id"), "allergies", ["batch_id"], unique=False)
    op.create_index(
        op.f("ix_allergies_user_id_health_profile_id"), "allergies", ["user_id", "health_profile_id"], unique=False
    )
    op.create_table(
        "medical_appointments",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("health_profile_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(length=100), nullable=False),
        sa.Column("specialty", sa.String(length=100), nullable=True),
        sa.Column("doctor_name", sa.String(length=255), nullable=True),
        sa.Column("facility", sa.String(length=255), nullable=True),
        sa.Column("scheduled_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration", sa.SmallInteger(), nullable=True, comment="minutes"),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'programada'"), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("results", sa.String(), nullable=True),
        sa.Column("reminder_sent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("reminder_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("external_id", sa.String(length=255), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status = 'completada' OR results IS NULL", name=op.f("ck_medical_appointments_results_of_what_was")
        ),
        sa.CheckConstraint(
            "status IN ('programada', 'completada', 'cancelada', 'perdida')",
            name=op.f("ck_medical_appointments_status"),
        ),
        sa.CheckConstraint(
            "NOT reminder_sent OR reminder_time IS NOT NULL", name=op.f("ck_medical_appointments_reminder_sent")
        ),
        sa.CheckConstraint("duration BETWEEN 1 AND 1440", name=op.f("ck_medical_appointments_duration")),
        sa.CheckConstraint("reminder_time <= scheduled_date", name=op.f("ck_medical_appointments_reminder_time")),
        sa.ForeignKeyConstraint(
            ["user_id", "health_profile_id"],
            ["health_profiles.user_id", "health_profiles.id"],
            name=op.f("fk_medical_appointments_user_id_health_profile_id_health_profiles"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_medical_appointments_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_medical_appointments")),
        sa.UniqueConstraint("user_id", "external_id", name=op.f("uq_medical_appointments_user_id_external_id")),
    )
    op.create_index(op.f("ix_medical_appointments_batch_id"), "medical_appointments", ["batch_id"], unique=False)
    op.create_index(
        op.f("ix_medical_appointments_user_id_health_profile_id"),
        "medical_appointments",
        ["user_id", "health_profile_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_medical_appointments_user_id_scheduled_date"),
        "medical_appointments",
        ["user_id", "scheduled_date"],
        unique=False,
    )
    op.create_table(
        "medication_fills",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("medication_id", sa.Uuid(), nullable=False),
        sa.Column("filled_on", sa.Date(), nullable=False),
        sa.Column("days_supply", sa.SmallInteger(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=12, scale=3), nullable=True, comment="tablets, millilitres, …"),
        sa.Column("pharmacy", sa.String(length=255), nullable=True),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "filled_on <= (created_at AT TIME ZONE 'UTC')::date + 1", name=op.f("ck_medication_fills_filled_on")
        ),
        sa.CheckConstraint("days_supply BETWEEN 1 AND 366", name=op.f("ck_medication_fills_days_supply")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_medication_fills_quantity")),
        sa.ForeignKeyConstraint(
            ["user_id", "medication_id"],
            ["medications.user_id", "medications.id"],
            name=op.f("fk_medication_fills_user_id_medication_id_medications"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_medication_fills_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_medication_fills")),
        sa.UniqueConstraint("user_id", "external_id", name=op.f("uq_medication_fills_user_id_external_id")),
    )
    op.create_index(op.f("ix_medication_fills_batch_id"), "medication_fills", ["batch_id"], unique=False)
    op.create_index(
        op.f("ix_medication_fills_user_id_medication_id_filled_on"),
        "medication_fills",
        ["user_id", "medication_id", "filled_on"],
        unique=False,
    )

    keep_updated_at(*TABLES)
    for table in TABLES[1:]:
        protect(table, {"cauce_user": (WRITE, OWN), "cauce_ingest": (WRITE, TENANT)})
    protect(
        "medication_fills",
        {
            "cauce_user": (WRITE, OWN),
            "cauce_ingest": (WRITE, TENANT),
            "cauce_transform": (
                ("SELECT (user_id, id, medication_id, filled_on, days_supply, quantity, updated_at, deleted_at)",),
                ALL,
            ),
        },
    )

    for table, name, _ in REPLACED:
        op.execute(f"-- squawk-ignore ban-drop-constraint\nALTER TABLE {table} DROP CONSTRAINT ck_{table}_{name}")
    for table, name, condition in CHECKS:
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition, postgresql_not_valid=True)


def downgrade() -> None:
    for table, name, _ in CHECKS:
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    for table, name, condition in REPLACED:
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)
    for table in TABLES:
        op.drop_table(table)
