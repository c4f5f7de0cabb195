"""The audit log is told when somebody changes how long things are kept: that is what decides what is deleted."""

from collections.abc import Sequence

from alembic import op

from migrations.audit import audit

revision: str = "audited_retention"
down_revision: str | None = "audit_origins"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# Arguments: action, columns whose values are told, columns of which only the change is, and in a table without an id
# those that name the row (migrations/audit.py).
AUDIT_CHANGE = """
CREATE OR REPLACE FUNCTION audit_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  before jsonb := to_jsonb(OLD);
  after jsonb := to_jsonb(NEW);
  subject jsonb := coalesce(after, before);
  told text[] := ARRAY(
    SELECT c FROM unnest(string_to_array(TG_ARGV[1], ',')) c
    WHERE coalesce(before -> c, 'null') <> coalesce(after -> c, 'null'));
  hidden text[] := ARRAY(SELECT c FROM unnest(string_to_array(TG_ARGV[2], ',')) c WHERE before -> c <> after -> c);
  facts jsonb := '{}';
BEGIN
  IF subject ? 'user_id' THEN
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT FROM users WHERE id = (subject ->> 'user_id')::uuid) THEN
      RETURN NULL;
    END IF;
    facts := jsonb_build_object('person', subject -> 'user_id');
  END IF;
@NAMED@  IF before IS NOT NULL AND told <> '{}' THEN
    facts := facts || jsonb_build_object('old', (SELECT jsonb_object_agg(c, before -> c) FROM unnest(told) c));
  END IF;
  IF after IS NOT NULL AND told <> '{}' THEN
    facts := facts || jsonb_build_object('new', (SELECT jsonb_object_agg(c, after -> c) FROM unnest(told) c));
  END IF;
  IF hidden <> '{}' THEN
    facts := facts || jsonb_build_object('changed', to_jsonb(hidden));
  END IF;
  PERFORM append_audit(TG_ARGV[0], TG_TABLE_NAME, (subject ->> 'id')::uuid, facts);
  RETURN NULL;
END $$
"""
NAMED = """\
  IF TG_NARGS > 3 THEN
    facts := facts || (SELECT jsonb_object_agg(c, subject -> c) FROM unnest(string_to_array(TG_ARGV[3], ',')) c);
  END IF;
"""


def upgrade() -> None:
    op.execute(AUDIT_CHANGE.replace("@NAMED@", NAMED))
    audit("retention_policies", "action", "keep", "enabled", named_by=("subject",))


def downgrade() -> None:
    for operation in ("insert", "update", "delete"):
        op.execute(f"DROP TRIGGER audit_{operation}_{operation}_retention_policies ON retention_policies")
    op.execute(AUDIT_CHANGE.replace("@NAMED@", ""))
