"""Sign-in providers and invitations."""

from collections.abc import Sequence

revision: str = "accounts"
down_revision: str | None = "keys"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
