"""Loads read no message, and change of what is loaded only what they write.

Of chats they reach everybody's rows, so what they may do there is what their statements do.
"""

from collections.abc import Sequence

from alembic import op

from migrations.policies import ALL, TENANT, WRITE

revision: str = "narrow_loads"
down_revision: str | None = "plan_names"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# What an upsert takes of its new row counts as read.
NEEDED = {
    "chat_sessions": (
        "SELECT (user_id, id, created_at, last_activity)",
        "INSERT",
        "UPDATE (created_at, last_activity)",
        "DELETE",
    ),
    "conversations": ("SELECT (user_id, id, agent_id, created_at)", "INSERT", "UPDATE (created_at, agent_id)"),
    "messages": ("SELECT (user_id, conversation_id, batch_id)", "INSERT", "DELETE"),
    "financial_profiles": ("SELECT (user_id, id)", "INSERT"),
    "financial_accounts": (
        "SELECT (user_id, id, account_key, balance, balance_at, last_sync_date, account_number_sealed, batch_id, deleted_at)",
        "INSERT",
        "UPDATE (balance, balance_at, last_sync_date, account_number_sealed)",
        "DELETE",
    ),
    # The money that was reported never changes: another amount for the same id is a conflict.
    "transactions": ("SELECT", "INSERT", "UPDATE (description, category, posted_at, notes, loaded_at)", "DELETE"),
    "budgets": ("SELECT", "INSERT", "UPDATE (name, amount, currency, end_date, alert_threshold)", "DELETE"),
    "medications": (
        "SELECT",
        "INSERT",
        "UPDATE (name, generic_name, dosage, frequency, route, prescribed_by, prescribed_date, start_date, end_date, notes)",
        "DELETE",
    ),
    "medication_schedules": (
        "SELECT",
        "INSERT",
        "UPDATE (as_needed, times_per_day, days_of_week, end_date)",
        "DELETE",
    ),
    "medication_logs": ("SELECT", "INSERT", "UPDATE (taken_time, status, as_needed, notes)", "DELETE"),
    "health_measurements": ("SELECT", "INSERT", "UPDATE (type, value, measured_at, notes, local_date)", "DELETE"),
}
UNUSED = (
    ("conversations", "DELETE", f"USING ({ALL})"),
    ("messages", "UPDATE", f"USING ({ALL}) WITH CHECK ({ALL})"),
    ("financial_profiles", "UPDATE", f"USING ({TENANT}) WITH CHECK ({TENANT})"),
    ("financial_profiles", "DELETE", f"USING ({TENANT})"),
)
"""Policies of commands that no load runs."""


def _grant(table: str, privileges: Sequence[str]) -> None:
    op.execute(f"REVOKE ALL ON {table} FROM cauce_ingest")
    op.execute(f"GRANT {', '.join(privileges)} ON {table} TO cauce_ingest")


def _lock() -> None:
    op.execute("LOCK TABLE conversations, messages, financial_profiles IN ACCESS EXCLUSIVE MODE")


def upgrade() -> None:
    _lock()
    for table, privileges in NEEDED.items():
        _grant(table, privileges)
    for table, command, _ in UNUSED:
        op.execute(f"DROP POLICY ingest_{command.lower()} ON {table}")


def downgrade() -> None:
    _lock()
    for table, command, rows in UNUSED:
        op.execute(f"CREATE POLICY ingest_{command.lower()} ON {table} FOR {command} TO cauce_ingest {rows}")
    for table in NEEDED:
        _grant(table, WRITE)
