"""A plan has a name in each language: English pages and invoices called it by its Spanish one."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "plan_names"
down_revision: str | None = "event_keys"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

NAMES = """
UPDATE plans SET name_en = CASE code
  WHEN 'FREE' THEN 'Free'
  WHEN 'BASIC' THEN 'Basic'
  WHEN 'PRO' THEN 'Professional'
  WHEN 'ENTERPRISE' THEN 'Enterprise'
  WHEN 'CUSTOM' THEN 'Custom'
  WHEN 'UNLIMITED' THEN 'Unlimited'
END
"""
PLAN_NAME = """
CREATE FUNCTION plan_name(plan text, language text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, public AS $$
  SELECT CASE language WHEN 'en' THEN name_en ELSE name END FROM plans WHERE code = plan
$$
"""


def upgrade() -> None:
    op.add_column("plans", sa.Column("name_en", sa.String(100)))
    op.execute(NAMES)
    # A handful of rows: they are looked through at once.
    op.execute("-- squawk-ignore adding-not-nullable-field\nALTER TABLE plans ALTER COLUMN name_en SET NOT NULL")
    op.execute(PLAN_NAME)
    op.execute("REVOKE ALL ON FUNCTION plan_name(text, text) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION plan_name(text, text) TO cauce_user, cauce_admin")


def downgrade() -> None:
    op.execute("DROP FUNCTION plan_name(text, text)")
    op.execute("-- squawk-ignore ban-drop-column\nALTER TABLE plans DROP COLUMN name_en")
