"""Admins may add prices of our own for models, in their own name, and end them."""

from collections.abc import Sequence

from alembic import op

revision: str = "admin_prices"
down_revision: str | None = "reversals"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

PRICES = (
    *("input_price", "output_price", "cache_read_price", "cache_write_price", "cache_write_1h_price"),
    *("reasoning_price", "input_audio_price", "output_audio_price", "request_price"),
)


def upgrade() -> None:
    columns = ", ".join(("provider", "model", "valid_from", "valid_to", *PRICES, "note", "created_by"))
    op.execute(f"GRANT INSERT ({columns}), UPDATE (valid_to) ON model_prices TO cauce_admin")
    op.execute(
        "CREATE POLICY admin_insert ON model_prices FOR INSERT TO cauce_admin"
        " WITH CHECK (created_by = (SELECT current_user_id()))"
    )
    op.execute("CREATE POLICY admin_update ON model_prices FOR UPDATE TO cauce_admin USING (true) WITH CHECK (true)")


def downgrade() -> None:
    op.execute("DROP POLICY admin_insert ON model_prices")
    op.execute("DROP POLICY admin_update ON model_prices")
    op.execute("REVOKE INSERT, UPDATE ON model_prices FROM cauce_admin")
    # Revoking from the table takes the columns' along, as they were granted by the same role.
