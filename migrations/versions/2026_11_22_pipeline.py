"""Batches, quarantine and publications."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import ALL, OWN, READ, WRITE, protect

revision: str = "pipeline"
down_revision: str | None = "health"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

USAGE_ONLY = "domain = 'usage'"
"""An admin sees what happened to usage files; nothing of a person's finance and health files."""
BATCH_MAY_TOUCH = "domain = 'usage' OR user_id IS NULL OR user_id = (SELECT current_tenant_id())"

PUBLICATION_STATUS = """
CREATE VIEW publication_status WITH (security_invoker = true) AS
WITH last_published AS (
  SELECT published_at, as_of, checks_passed FROM publications WHERE status = 'published' ORDER BY published_at DESC LIMIT 1
),
last_attempt AS (
  SELECT attempted_at, status, checks_passed, checks_failed, failures FROM publications ORDER BY attempted_at DESC LIMIT 1
),
failing_since AS (
  SELECT min(attempted_at) AS since FROM publications
  WHERE status = 'failed' AND attempted_at > coalesce((SELECT published_at FROM last_published), '-infinity')
)
SELECT
  last_published.published_at,
  last_published.as_of,
  last_attempt.attempted_at,
  last_attempt.status AS last_status,
  last_attempt.checks_passed,
  last_attempt.checks_failed,
  last_attempt.failures,
  CASE WHEN last_attempt.status = 'failed' THEN failing_since.since END AS failing_since
FROM last_attempt
LEFT JOIN last_published ON true
CROSS JOIN failing_since
"""


def upgrade() -> None:
    op.create_table(
        "publications",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("input_fingerprint", sa.String(), nullable=False),
        sa.Column("checks_passed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("checks_failed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failures", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("code_version", sa.String(length=100), nullable=True),
        sa.CheckConstraint(
            "(status = 'published') = (published_at IS NOT NULL)", name=op.f("ck_publications_published_at")
        ),
        sa.CheckConstraint("status IN ('published', 'failed')", name=op.f("ck_publications_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publications")),
    )
    op.create_index(op.f("ix_publications_attempted_at"), "publications", ["attempted_at"], unique=False)
    op.create_table(
        "ingest_batches",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("domain", sa.String(length=50), nullable=False),
        sa.Column("source_file", sa.String(length=500), nullable=False),
        sa.Column("format", sa.String(length=100), nullable=False),
        sa.Column("format_version", sa.Integer(), nullable=False),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("read", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("loaded", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("updated", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("duplicate", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("quarantined", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("ignored", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("ignored_kinds", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("status", sa.String(length=20), server_default=sa.text("'running'"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('running', 'done', 'undone')", name=op.f("ck_ingest_batches_status")),
        sa.CheckConstraint(
            "loaded >= 0 AND updated >= 0 AND duplicate >= 0 AND quarantined >= 0 AND ignored >= 0",
            name=op.f("ck_ingest_batches_counts"),
        ),
        sa.CheckConstraint(
            "read = loaded + updated + duplicate + quarantined + ignored", name=op.f("ck_ingest_batches_conservation")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_ingest_batches_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ingest_batches")),
    )
    op.create_index(op.f("ix_ingest_batches_content_sha256"), "ingest_batches", ["content_sha256"], unique=False)
    op.create_index(op.f("ix_ingest_batches_user_id"), "ingest_batches", ["user_id"], unique=False)
    op.create_table(
        "quarantined_rows",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("domain", sa.String(length=50), nullable=False),
        sa.Column("record", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=True),
        sa.Column("column_name", sa.String(length=100), nullable=True),
        sa.Column("rule", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("raw", sa.String(), nullable=True),
        sa.Column("raw_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("raw_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(length=20), server_default=sa.text("'open'"), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("status IN ('open', 'resolved', 'discarded')", name=op.f("ck_quarantined_rows_status")),
        sa.CheckConstraint("(raw IS NULL) <> (raw_sealed IS NULL)", name=op.f("ck_quarantined_rows_raw_once")),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["ingest_batches.id"],
            name=op.f("fk_quarantined_rows_batch_id_ingest_batches"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["resolved_by"],
            ["ingest_batches.id"],
            name=op.f("fk_quarantined_rows_resolved_by_ingest_batches"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_quarantined_rows_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantined_rows")),
    )
    op.create_index(op.f("ix_quarantined_rows_batch_id"), "quarantined_rows", ["batch_id"], unique=False)
    op.create_index(op.f("ix_quarantined_rows_raw_hash"), "quarantined_rows", ["raw_hash"], unique=False)
    op.create_index(
        op.f("ix_quarantined_rows_resolved_by"),
        "quarantined_rows",
        ["resolved_by"],
        unique=False,
        postgresql_where=sa.text("resolved_by IS NOT NULL"),
    )
    op.create_index(op.f("ix_quarantined_rows_user_id"), "quarantined_rows", ["user_id"], unique=False)

    protect(
        "ingest_batches",
        {
            "cauce_user": (READ, OWN),
            "cauce_admin": (READ, USAGE_ONLY),
            "cauce_ingest": (("SELECT", "INSERT", "UPDATE"), ALL),
            "cauce_transform": (("SELECT (id, domain, status, read, loaded, updated, finished_at, undone_at)",), ALL),
        },
    )
    protect(
        "quarantined_rows",
        {
            "cauce_user": (READ, OWN),
            "cauce_admin": (READ, USAGE_ONLY),
            "cauce_ingest": (WRITE, BATCH_MAY_TOUCH),
        },
    )
    op.execute("GRANT SELECT, INSERT ON publications TO cauce_transform")
    op.execute(PUBLICATION_STATUS)
    op.execute(
        "GRANT SELECT ON publications, publication_status TO cauce_user, cauce_admin, cauce_analyst, cauce_transform"
    )
    op.execute("GRANT SELECT ON publications TO cauce_ingest")


def downgrade() -> None:

    op.execute("DROP VIEW publication_status")
    op.drop_table("quarantined_rows")
    op.drop_table("ingest_batches")
    op.drop_table("publications")
    # ### end Alembic commands ###
