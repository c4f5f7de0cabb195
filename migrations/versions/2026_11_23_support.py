"""Tickets and their messages."""

from collections.abc import Sequence

revision: str = "support"
down_revision: str | None = "storage"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
