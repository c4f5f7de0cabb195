"""Admins read who called what and what it cost, and no field that may hold what was said."""

from collections.abc import Sequence

from alembic import op

revision: str = "admin_usage"
down_revision: str | None = "frozen_terms"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# Not `units`, which keeps fields we do not know as they came, nor `error_message`, in which providers quote the prompt,
# nor `call`, which holds both.
READ = {
    "usage_logs": (
        *(
            "user_id",
            "id",
            "timestamp",
            "local_date",
            "agent_id",
            "conversation_id",
            "message_id",
            "source",
            "event_id",
        ),
        *("provider", "model", "tokens_input", "tokens_output", "total_tokens"),
        *("tokens_cache_read", "tokens_cache_write", "tokens_reasoning"),
        *("cost_input", "cost_output", "total_cost", "price_version", "unpriced"),
        *("duration", "success", "batch_id", "loaded_at"),
    ),
    "usage_reversals": (
        *("user_id", "id", "timestamp", "local_date", "agent_id", "source", "event_id"),
        *("batch_id", "reversal_batch_id", "reversed_at"),
    ),
}


def upgrade() -> None:
    for table, columns in READ.items():
        op.execute(f"REVOKE SELECT ON {table} FROM cauce_admin")  # noqa: S608 - no query, and written here
        op.execute(f"GRANT SELECT ({', '.join(columns)}) ON {table} TO cauce_admin")


def downgrade() -> None:
    for table in READ:
        # Revoking from the table takes the columns' along, as they were granted by the same role.
        op.execute(f"REVOKE SELECT ON {table} FROM cauce_admin")  # noqa: S608 - no query, and written here
        op.execute(f"GRANT SELECT ON {table} TO cauce_admin")
