"""The last privileges that were wider than they had to be, and the last tables without row security."""

from collections.abc import Sequence

from alembic import op

from migrations.policies import ALL, OWN, READ, protect

revision: str = "access"
down_revision: str | None = "lifecycle"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

WHERE_AND_WHY = "id, batch_id, user_id, domain, record, line, column_name, rule, reason, status, resolved_at, resolved_by, created_at"
"""What an admin needs of a quarantined row. What was read, sealed or not, is its owner's."""

FOR_MARTS = {
    "usage_logs": "user_id, id, agent_id, timestamp, local_date, provider, model, tokens_input, tokens_output,"
    " tokens_cache_read, tokens_cache_write, tokens_reasoning, total_tokens, total_cost, success",
    "transactions": "user_id, id, account_id, type, category, currency, amount, date, updated_at, deleted_at",
    "budgets": "user_id, id, name, category, period, currency, amount, alert_threshold, is_active, start_date, end_date,"
    " updated_at, deleted_at",
    "medications": "user_id, id, name, is_active, end_date, updated_at, deleted_at",
    "medication_logs": "user_id, id, medication_id, status, as_needed, local_date, scheduled_time, taken_time, created_at",
    "health_measurements": "user_id, id, type, value, local_date, measured_at, created_at, deleted_at",
    "invoice_lines": "user_id, id, invoice_id, position, kind, metric, quantity, unit_price, amount, applies_to, created_at",
    "payments": "user_id, id, invoice_id, kind, status, currency, amount, paid_at, created_at, updated_at",
}
"""What the warehouse reads. Descriptions, notes, errors and keys are no figure."""
OF_FILES_THEY_SEE = "(user_id, file_id) IN (SELECT f.user_id, f.id FROM storage_files f)"
"""An admin sees of health and finance not even that there is a file: its shares and its readers neither."""
VIEWS = ("publication_status", "user_totals", "agent_totals")
"""No function in a reader's WHERE is shown a row that the view leaves out."""
DEFINERS_PATH = """
DO $$
DECLARE
  definer record;
BEGIN
  FOR definer IN
    SELECT p.oid::regprocedure AS signature
    FROM pg_proc p CROSS JOIN unnest(p.proconfig) AS s (setting)
    WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef AND s.setting ~ '^search_path=[a-z]'
  LOOP
    EXECUTE format('ALTER ROUTINE %s SET search_path = {path}', definer.signature);
  END LOOP;
END $$
"""
"""For every function that runs as its owner. Where temporary tables are not said to come last, they come first: a role
that may make one would have the function take it for the real one."""


def upgrade() -> None:
    protect(
        "publications",
        {
            "cauce_user": (READ, ALL),
            "cauce_admin": (READ, ALL),
            "cauce_analyst": (READ, ALL),
            "cauce_ingest": (READ, ALL),
            "cauce_transform": (("SELECT", "INSERT"), ALL),
        },
    )
    protect("alembic_version", {})
    op.execute("REVOKE SELECT ON quarantined_rows FROM cauce_admin")
    op.execute(f"GRANT SELECT ({WHERE_AND_WHY}) ON quarantined_rows TO cauce_admin")
    op.execute("REVOKE SELECT ON financial_profiles FROM cauce_transform")
    op.execute("DROP POLICY transform_select ON financial_profiles")
    for table, columns in FOR_MARTS.items():
        op.execute(f"REVOKE SELECT ON {table} FROM cauce_transform")  # noqa: S608 (revoked, not read)
        op.execute(f"GRANT SELECT ({columns}) ON {table} TO cauce_transform")
    for table in ("file_access_logs", "file_shares"):
        op.execute(f"ALTER POLICY admin_select ON {table} USING ({OF_FILES_THEY_SEE})")
    op.execute(f"ALTER POLICY user_insert ON file_shares WITH CHECK ({OWN} AND coalesce(shared_by, user_id) = user_id)")
    for view in VIEWS:
        op.execute(f"ALTER VIEW {view} SET (security_barrier = true)")
    op.execute(DEFINERS_PATH.format(path="pg_catalog, public, pg_temp"))


def downgrade() -> None:
    op.execute(DEFINERS_PATH.format(path="pg_catalog, public"))
    for view in VIEWS:
        op.execute(f"ALTER VIEW {view} RESET (security_barrier)")
    op.execute(f"ALTER POLICY user_insert ON file_shares WITH CHECK ({OWN})")
    for table in ("file_access_logs", "file_shares"):
        op.execute(f"ALTER POLICY admin_select ON {table} USING ({ALL})")
    for table, columns in FOR_MARTS.items():
        op.execute(f"REVOKE SELECT ({columns}) ON {table} FROM cauce_transform")  # noqa: S608 (revoked, not read)
        op.execute(f"GRANT SELECT ON {table} TO cauce_transform")
    op.execute("GRANT SELECT ON financial_profiles TO cauce_transform")
    op.execute("CREATE POLICY transform_select ON financial_profiles FOR SELECT TO cauce_transform USING (true)")
    op.execute(f"REVOKE SELECT ({WHERE_AND_WHY}) ON quarantined_rows FROM cauce_admin")  # noqa: S608 (revoked, not read)
    op.execute("GRANT SELECT ON quarantined_rows TO cauce_admin")
    for table, policies in {
        "alembic_version": ("owner_all",),
        "publications": (
            "owner_all",
            "user_select",
            "admin_select",
            "analyst_select",
            "ingest_select",
            "transform_select",
            "transform_insert",
        ),
    }.items():
        for policy in policies:
            op.execute(f"DROP POLICY {policy} ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
