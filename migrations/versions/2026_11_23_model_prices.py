"""Prices of our own, with the dates they hold between."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.audit import audit
from migrations.policies import ALL, READ, protect

revision: str = "model_prices"
down_revision: str | None = "invoices"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

PRICES = (
    *("input_price", "output_price", "cache_read_price", "cache_write_price", "cache_write_1h_price"),
    *("reasoning_price", "input_audio_price", "output_audio_price", "request_price"),
)


def upgrade() -> None:
    op.create_table(
        "model_prices",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("provider", sa.String(length=100), nullable=False),
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        *(sa.Column(price, sa.Numeric(precision=24, scale=12), nullable=True) for price in PRICES[:-1]),
        sa.Column("request_price", sa.Numeric(precision=24, scale=12), nullable=True, comment="of one call"),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("provider"), "="),
            (sa.column("model"), "="),
            (sa.text("tstzrange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_model_prices_period",
        ),
        sa.CheckConstraint("provider = lower(provider) AND provider <> ''", name=op.f("ck_model_prices_provider")),
        sa.CheckConstraint(
            "model = lower(model) AND model <> '' AND model !~ '[*].'", name=op.f("ck_model_prices_model")
        ),
        sa.CheckConstraint(
            "isfinite(valid_from) AND (valid_to IS NULL OR isfinite(valid_to) AND valid_to >= valid_from)",
            name=op.f("ck_model_prices_period"),
        ),
        sa.CheckConstraint(
            " AND ".join(f"({price} IS NULL OR {price} BETWEEN 0 AND 1000000)" for price in PRICES)
            + f" AND num_nonnulls({', '.join(PRICES)}) > 0",
            name=op.f("ck_model_prices_prices"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_model_prices_created_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_prices")),
    )
    op.create_index(op.f("ix_model_prices_created_by"), "model_prices", ["created_by"], unique=False)
    protect("model_prices", dict.fromkeys(("cauce_admin", "cauce_ingest"), (READ, ALL)))
    audit("model_prices", "provider", "model", "valid_from", "valid_to", *PRICES)


def downgrade() -> None:
    op.drop_table("model_prices")
