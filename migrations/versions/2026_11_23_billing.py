"""Plans and their dated prices and limits, subscriptions, invoices, payments, exchange rates."""

from collections.abc import Sequence

revision: str = "billing"
down_revision: str | None = "audit"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
