"""Soft deletion, retention policies, erasures."""

from collections.abc import Sequence

revision: str = "lifecycle"
down_revision: str | None = "holdings"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
