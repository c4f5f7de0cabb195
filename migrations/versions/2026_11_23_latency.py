"""The warehouse reads how long calls took."""

from collections.abc import Sequence

from alembic import op

revision: str = "latency"
down_revision: str | None = "admin_prices"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.execute("GRANT SELECT (duration) ON usage_logs TO cauce_transform")


def downgrade() -> None:
    op.execute("REVOKE SELECT (duration) ON usage_logs FROM cauce_transform")
