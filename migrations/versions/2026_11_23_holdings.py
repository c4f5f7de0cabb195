"""Debts, investments, trades, prices, recurring payments."""

from collections.abc import Sequence

revision: str = "holdings"
down_revision: str | None = "records"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
