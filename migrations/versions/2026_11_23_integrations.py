"""Connections to services of others, and their syncs."""

from collections.abc import Sequence

revision: str = "integrations"
down_revision: str | None = "documents"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
