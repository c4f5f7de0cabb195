"""What is still due of an invoice, said once: `invoice_balances`."""

from collections.abc import Sequence

from alembic import op

revision: str = "invoice_balances"
down_revision: str | None = "lean_counters"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INVOICE_BALANCES = """
CREATE VIEW invoice_balances WITH (security_invoker = true, security_barrier = true) AS
SELECT i.user_id, i.id AS invoice_id, given_back.credited, came.received,
  CASE
    WHEN i.kind = 'invoice' AND i.status = 'final' THEN greatest(i.total - given_back.credited - came.received, 0)
    ELSE 0
  END AS due
FROM invoices i
CROSS JOIN LATERAL (
  SELECT coalesce(-sum(n.total), 0) AS credited FROM invoices n
  WHERE n.user_id = i.user_id AND n.credited_invoice_id = i.id AND n.status IN ('final', 'paid')
) given_back
CROSS JOIN LATERAL (
  SELECT coalesce(sum(CASE p.kind WHEN 'payment' THEN p.amount ELSE -p.amount END), 0) AS received FROM payments p
  WHERE p.user_id = i.user_id AND p.invoice_id = i.id AND p.status = 'succeeded'
) came
"""


def upgrade() -> None:
    op.execute(INVOICE_BALANCES)
    op.execute("GRANT SELECT ON invoice_balances TO cauce_user, cauce_admin")


def downgrade() -> None:
    op.execute("DROP VIEW invoice_balances")
