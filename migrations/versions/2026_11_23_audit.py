"""The audit log: append-only, hash-chained."""

from collections.abc import Sequence

revision: str = "audit"
down_revision: str | None = "accounts"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
