"""Admins draft invoices: in which zone a person's days were, and what their months include."""

from collections.abc import Sequence

from alembic import op

from migrations.policies import ALL

revision: str = "admin_billing"
down_revision: str | None = "latency"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

FUNCTIONS = ("local_date(uuid, timestamptz)", "usage_limits(uuid[], date[])")


def upgrade() -> None:
    op.execute("GRANT SELECT ON user_timezones TO cauce_admin")
    op.execute(f"CREATE POLICY admin_select ON user_timezones FOR SELECT TO cauce_admin USING ({ALL})")
    for function in FUNCTIONS:
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO cauce_admin")


def downgrade() -> None:
    for function in FUNCTIONS:
        op.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM cauce_admin")
    op.execute("DROP POLICY admin_select ON user_timezones")
    op.execute("REVOKE SELECT ON user_timezones FROM cauce_admin")
