"""Events whose cost is unknown on purpose say so, and stay so when prices change."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "unpriced"
down_revision: str | None = "provider_reports"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    # Of events that are older nobody can tell any more: NULL.
    op.add_column("usage_logs", sa.Column("unpriced", sa.Boolean(), nullable=True))


def downgrade() -> None:
    op.drop_column("usage_logs", "unpriced")
