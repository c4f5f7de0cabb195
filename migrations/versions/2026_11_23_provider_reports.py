"""What providers report of usage and costs, to hold the ledger against."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import ALL, READ, WRITE, protect

revision: str = "provider_reports"
down_revision: str | None = "agent_slots"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

FIGURES = """CASE kind
  WHEN 'usage' THEN num_nulls(tokens_input, tokens_output, tokens_cache_read, tokens_cache_write) = 0
    AND num_nonnulls(amount, currency) = 0
  ELSE num_nulls(amount, currency) = 0
    AND num_nonnulls(tokens_input, tokens_output, tokens_cache_read, tokens_cache_write, requests, units) = 0 END"""
TOKENS = """tokens_input >= 0 AND tokens_output >= 0 AND tokens_cache_read >= 0 AND tokens_cache_write >= 0
  AND requests >= 0"""


def upgrade() -> None:
    op.create_table(
        "provider_reports",
        sa.Column("report_key", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("report", sa.String(length=50), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("model", sa.String(length=255), nullable=True),
        sa.Column("item", sa.String(length=255), nullable=True, comment="what a line of costs is called"),
        sa.Column("grouping", sa.String(length=255), nullable=False),
        sa.Column("dimensions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=True),
        sa.Column("tokens_input", sa.BigInteger(), nullable=True),
        sa.Column("tokens_output", sa.BigInteger(), nullable=True),
        sa.Column("tokens_cache_read", sa.BigInteger(), nullable=True),
        sa.Column("tokens_cache_write", sa.BigInteger(), nullable=True),
        sa.Column("units", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("amount", sa.Numeric(precision=24, scale=12), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("loaded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('usage', 'cost')", name=op.f("ck_provider_reports_kind")),
        sa.CheckConstraint(
            "ends_at > starts_at AND ends_at - starts_at <= interval '1 day'", name=op.f("ck_provider_reports_period")
        ),
        sa.CheckConstraint(FIGURES, name=op.f("ck_provider_reports_figures")),
        sa.CheckConstraint(TOKENS, name=op.f("ck_provider_reports_tokens")),
        sa.CheckConstraint(
            "tokens_cache_read + tokens_cache_write <= tokens_input",
            name=op.f("ck_provider_reports_cache_within_input"),
        ),
        sa.ForeignKeyConstraint(
            ["currency"], ["currencies.code"], name=op.f("fk_provider_reports_currency_currencies")
        ),
        sa.PrimaryKeyConstraint("report_key", name=op.f("pk_provider_reports")),
    )
    op.create_index(
        op.f("ix_provider_reports_provider_starts_at"), "provider_reports", ["provider", "starts_at"], unique=False
    )
    op.create_index(op.f("ix_provider_reports_batch_id"), "provider_reports", ["batch_id"], unique=False)
    protect(
        "provider_reports",
        {"cauce_admin": (READ, ALL), "cauce_transform": (READ, ALL), "cauce_ingest": (WRITE, ALL)},
    )


def downgrade() -> None:
    op.drop_table("provider_reports")
