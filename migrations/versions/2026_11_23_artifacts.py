"""What agents make."""

from collections.abc import Sequence

revision: str = "artifacts"
down_revision: str | None = "limits"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
