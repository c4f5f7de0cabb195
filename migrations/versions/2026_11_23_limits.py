"""Limits of a month, usage by agent, and alerts."""

from collections.abc import Sequence

revision: str = "limits"
down_revision: str | None = "billing"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
