"""Conditions, allergies, appointments, fills."""

from collections.abc import Sequence

revision: str = "records"
down_revision: str | None = "support"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
