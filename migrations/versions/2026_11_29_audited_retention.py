"""The audit log is told when somebody changes how long things are kept: that is what decides what is deleted."""

from collections.abc import Sequence
from importlib import import_module

from alembic import op

from migrations.audit import audit

revision_audit = import_module("migrations.versions.2026_11_23_audit")
slots = import_module("migrations.versions.2026_11_23_slots")

revision: str = "audited_retention"
down_revision: str | None = "audit_origins"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

BEFORE = (
    revision_audit.FUNCTIONS["audit_change()"]
    .replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
    .replace("SET search_path = pg_catalog, public", slots.PATH)
)
# Arguments: action, columns whose values are told, columns of which only the change is, and in a table without an id
# those that name the row (migrations/audit.py).
NAMED = """\
  IF TG_NARGS > 3 THEN
    facts := facts || (SELECT jsonb_object_agg(c, subject -> c) FROM unnest(string_to_array(TG_ARGV[3], ',')) c);
  END IF;
"""
PLACE = "  IF before IS NOT NULL AND told <> '{}' THEN\n"


def upgrade() -> None:
    op.execute(BEFORE.replace(PLACE, NAMED + PLACE))
    audit("retention_policies", "action", "keep", "enabled", named_by=("subject",))


def downgrade() -> None:
    for operation in ("insert", "update", "delete"):
        op.execute(f"DROP TRIGGER audit_{operation}_{operation}_retention_policies ON retention_policies")
    op.execute(BEFORE)
