"""The key ring of sealed values."""

from collections.abc import Sequence

revision: str = "keys"
down_revision: str | None = "pipeline"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
