"""Events that were taken back."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import ALL, OWN, READ, protect

revision: str = "reversals"
down_revision: str | None = "model_prices"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "usage_reversals",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column("call", postgresql.JSONB(), nullable=False, comment="the row of usage_logs"),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("reversal_batch_id", sa.Uuid(), nullable=False),
        sa.Column("reversed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_usage_reversals_agent_id_agents"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_usage_reversals_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_usage_reversals")),
    )
    op.create_index(op.f("ix_usage_reversals_agent_id"), "usage_reversals", ["agent_id"], unique=False)
    op.create_index(op.f("ix_usage_reversals_batch_id"), "usage_reversals", ["batch_id"], unique=False)
    op.create_index(
        op.f("ix_usage_reversals_reversal_batch_id"), "usage_reversals", ["reversal_batch_id"], unique=False
    )
    protect(
        "usage_reversals",
        {
            "cauce_user": (READ, OWN),
            "cauce_admin": (READ, ALL),
            "cauce_ingest": (("SELECT", "INSERT", "DELETE"), ALL),
        },
    )


def downgrade() -> None:
    op.drop_table("usage_reversals")
