"""Documents, their chunks, and retrieval settings."""

from collections.abc import Sequence

revision: str = "documents"
down_revision: str | None = "artifacts"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
