"""Folders, files, quotas, shares, and who opened what."""

from collections.abc import Sequence

revision: str = "storage"
down_revision: str | None = "integrations"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
