"""Health profiles, medicines, doses and measurements."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import ALL, OWN, READ, TENANT, WRITE, keep_updated_at, protect

revision: str = "health"
down_revision: str | None = "finance"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "health_profiles",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("blood_type", sa.String(length=10), nullable=True),
        sa.Column("height", sa.Numeric(precision=5, scale=2), nullable=True, comment="cm"),
        sa.Column("weight", sa.Numeric(precision=5, scale=2), nullable=True, comment="kg"),
        sa.Column("sex", sa.String(length=20), nullable=True),
        sa.Column("emergency_contacts", sa.LargeBinary(), nullable=True),
        sa.Column("insurance_info", sa.LargeBinary(), nullable=True),
        sa.Column("encrypted_data", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("height > 0 AND weight > 0", name=op.f("ck_health_profiles_body")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_health_profiles_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_health_profiles")),
        sa.UniqueConstraint("user_id", name=op.f("uq_health_profiles_user_id")),
    )
    op.create_table(
        "health_measurements",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("health_profile_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(length=50), nullable=False),
        sa.Column("value", postgresql.JSONB(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "coalesce(CASE type WHEN 'weight' THEN jsonb_typeof(value -> 'kg') = 'number' AND (value ->> 'kg')::numeric > 0 WHEN 'height' THEN jsonb_typeof(value -> 'cm') = 'number' AND (value ->> 'cm')::numeric > 0 WHEN 'bmi' THEN jsonb_typeof(value -> 'kg_m2') = 'number' AND (value ->> 'kg_m2')::numeric > 0 WHEN 'blood_pressure' THEN jsonb_typeof(value -> 'systolic') = 'number' AND (value ->> 'systolic')::numeric > 0 AND jsonb_typeof(value -> 'diastolic') = 'number' AND (value ->> 'diastolic')::numeric > 0 WHEN 'glucose' THEN jsonb_typeof(value -> 'mg_dl') = 'number' AND (value ->> 'mg_dl')::numeric > 0 WHEN 'heart_rate' THEN jsonb_typeof(value -> 'bpm') = 'number' AND (value ->> 'bpm')::numeric > 0 WHEN 'hba1c' THEN jsonb_typeof(value -> 'percent') = 'number' AND (value ->> 'percent')::numeric > 0 WHEN 'temperature' THEN jsonb_typeof(value -> 'celsius') = 'number' AND (value ->> 'celsius')::numeric > 0 WHEN 'oxygen_saturation' THEN jsonb_typeof(value -> 'percent') = 'number' AND (value ->> 'percent')::numeric > 0 WHEN 'respiratory_rate' THEN jsonb_typeof(value -> 'per_minute') = 'number' AND (value ->> 'per_minute')::numeric > 0 END, false)",
            name=op.f("ck_health_measurements_value"),
        ),
        sa.CheckConstraint(
            "type IN ('weight', 'height', 'bmi', 'blood_pressure', 'glucose', 'heart_rate', 'hba1c', 'temperature', 'oxygen_saturation', 'respiratory_rate')",
            name=op.f("ck_health_measurements_type"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "health_profile_id"],
            ["health_profiles.user_id", "health_profiles.id"],
            name=op.f("fk_health_measurements_user_id_health_profile_id_health_profiles"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_health_measurements_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_health_measurements")),
        sa.UniqueConstraint("user_id", "external_id", name=op.f("uq_health_measurements_user_id_external_id")),
    )
    op.create_index(op.f("ix_health_measurements_batch_id"), "health_measurements", ["batch_id"], unique=False)
    op.create_index(
        op.f("ix_health_measurements_user_id_health_profile_id"),
        "health_measurements",
        ["user_id", "health_profile_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_health_measurements_user_id_type_measured_at"),
        "health_measurements",
        ["user_id", "type", "measured_at"],
        unique=False,
    )
    op.create_table(
        "medications",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("health_profile_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("generic_name", sa.String(length=255), nullable=True),
        sa.Column("dosage", sa.String(length=255), nullable=True),
        sa.Column("frequency", sa.String(length=255), nullable=True),
        sa.Column("route", sa.String(length=50), nullable=True),
        sa.Column("prescribed_by", sa.String(length=255), nullable=True),
        sa.Column("prescribed_date", sa.Date(), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("purpose", sa.String(), nullable=True),
        sa.Column("side_effects", sa.String(), nullable=True),
        sa.Column("interactions", postgresql.JSONB(), nullable=True),
        sa.Column("reminder_enabled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("reminder_times", postgresql.JSONB(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("end_date >= start_date", name=op.f("ck_medications_dates")),
        sa.ForeignKeyConstraint(
            ["user_id", "health_profile_id"],
            ["health_profiles.user_id", "health_profiles.id"],
            name=op.f("fk_medications_user_id_health_profile_id_health_profiles"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_medications_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_medications")),
        sa.UniqueConstraint("user_id", "external_id", name=op.f("uq_medications_user_id_external_id")),
    )
    op.create_index(op.f("ix_medications_batch_id"), "medications", ["batch_id"], unique=False)
    op.create_index(
        op.f("ix_medications_user_id_health_profile_id"), "medications", ["user_id", "health_profile_id"], unique=False
    )
    op.create_table(
        "medication_logs",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("medication_id", sa.Uuid(), nullable=False),
        sa.Column("scheduled_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(length=50), nullable=False),
        sa.Column("as_needed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status <> 'omitido' OR taken_time IS NULL", name=op.f("ck_medication_logs_missed_is_not_taken")
        ),
        sa.CheckConstraint("status IN ('tomado', 'omitido', 'retrasado')", name=op.f("ck_medication_logs_status")),
        sa.ForeignKeyConstraint(
            ["user_id", "medication_id"],
            ["medications.user_id", "medications.id"],
            name=op.f("fk_medication_logs_user_id_medication_id_medications"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_medication_logs_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_medication_logs")),
        sa.UniqueConstraint(
            "user_id",
            "medication_id",
            "scheduled_time",
            name=op.f("uq_medication_logs_user_id_medication_id_scheduled_time"),
        ),
    )
    op.create_index(op.f("ix_medication_logs_batch_id"), "medication_logs", ["batch_id"], unique=False)
    op.create_index(
        op.f("ix_medication_logs_user_id_local_date"), "medication_logs", ["user_id", "local_date"], unique=False
    )
    op.create_table(
        "medication_schedules",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("medication_id", sa.Uuid(), nullable=False),
        sa.Column("as_needed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("times_per_day", sa.Numeric(precision=6, scale=3), nullable=True),
        sa.Column(
            "days_of_week", postgresql.ARRAY(sa.SmallInteger()), nullable=True, comment="1 = Monday … 7 = Sunday"
        ),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "days_of_week <@ ARRAY[1,2,3,4,5,6,7]::smallint[]", name=op.f("ck_medication_schedules_days_of_week")
        ),
        sa.CheckConstraint("end_date >= start_date", name=op.f("ck_medication_schedules_dates")),
        sa.CheckConstraint(
            "times_per_day > 0 AND times_per_day <= 48", name=op.f("ck_medication_schedules_times_per_day")
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "medication_id"],
            ["medications.user_id", "medications.id"],
            name=op.f("fk_medication_schedules_user_id_medication_id_medications"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_medication_schedules_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_medication_schedules")),
        sa.UniqueConstraint(
            "user_id",
            "medication_id",
            "start_date",
            name=op.f("uq_medication_schedules_user_id_medication_id_start_date"),
        ),
    )
    op.create_index(op.f("ix_medication_schedules_batch_id"), "medication_schedules", ["batch_id"], unique=False)

    keep_updated_at("health_profiles", "medications")
    for table in ("medications", "medication_schedules", "medication_logs", "health_measurements"):
        protect(table, {"cauce_user": (READ, OWN), "cauce_ingest": (WRITE, TENANT), "cauce_transform": (READ, ALL)})
    protect(
        "health_profiles",
        {
            "cauce_user": (READ, OWN),
            "cauce_ingest": (("SELECT (user_id, id)", "INSERT (user_id, id, sex)", "UPDATE (sex)"), TENANT),
            "cauce_transform": (("SELECT (user_id, id, sex)",), ALL),
        },
    )


def downgrade() -> None:
    op.drop_table("medication_schedules")
    op.drop_table("medication_logs")
    op.drop_table("medications")
    op.drop_table("health_measurements")
    op.drop_table("health_profiles")
    # ### end Alembic commands ###
