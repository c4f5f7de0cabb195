"""An address whose person was erased is known again: no file brings them back."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.policies import protect

revision: str = "erased_addresses"
down_revision: str | None = "blob_deletions"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "erased_addresses",
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_erased_addresses")),
    )
    protect("erased_addresses", {})


def downgrade() -> None:
    op.drop_table("erased_addresses")
