"""Prices and limits of plans are ended, never rewritten: a month that was billed keeps the terms it was billed with."""

from collections.abc import Sequence

from alembic import op

revision: str = "frozen_terms"
down_revision: str | None = "invoice_balances"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

TABLES = ("plan_prices", "plan_limits")

# What has not begun in any zone may still go.
FREEZE_TERMS = """
CREATE FUNCTION freeze_terms() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
  free text[] := ARRAY['valid_to', 'updated_at'];
BEGIN
  IF TG_OP = 'DELETE' AND OLD.valid_from > (now() AT TIME ZONE 'Pacific/Kiritimati')::date THEN
    RETURN OLD;
  END IF;
  IF TG_OP = 'DELETE' OR to_jsonb(OLD) - free <> to_jsonb(NEW) - free THEN
    RAISE EXCEPTION 'the terms of % from % stay as they are: end them, and let others begin', OLD.plan_code, OLD.valid_from
      USING ERRCODE = 'check_violation', CONSTRAINT = 'plan_terms_are_ended';
  END IF;
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.execute(FREEZE_TERMS)
    op.execute("REVOKE ALL ON FUNCTION freeze_terms() FROM PUBLIC")
    op.execute(f"LOCK TABLE {', '.join(TABLES)} IN SHARE ROW EXCLUSIVE MODE")
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER frozen_terms BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION freeze_terms()"
        )


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TRIGGER frozen_terms ON {table}")
    op.execute("DROP FUNCTION freeze_terms()")
