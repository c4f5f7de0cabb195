"""What somebody's plan was until it ended, and the one rule by which amounts are converted."""

from collections.abc import Sequence
from importlib import import_module

import sqlalchemy as sa
from alembic import op

billing = import_module("migrations.versions.2026_11_23_billing")

revision: str = "invoices"
down_revision: str | None = "closing"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# As before; a period that ends keeps what it was, and other limits with the same plan go on with that: a trial stays one.
HISTORY = """
CREATE OR REPLACE FUNCTION keep_subscription_history() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  at timestamptz := CASE TG_OP WHEN 'INSERT' THEN coalesce(NEW.subscription_start, NEW.created_at) ELSE clock_timestamp() END;
  price record;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF (OLD.subscription_tier, OLD.custom_limits) IS NOT DISTINCT FROM (NEW.subscription_tier, NEW.custom_limits) THEN
      RETURN NULL;
    END IF;
    -- A period that has not begun is replaced; any other ends here.
    DELETE FROM subscriptions WHERE user_id = NEW.id AND valid_to IS NULL AND valid_from >= at RETURNING valid_from INTO at;
    at := coalesce(at, clock_timestamp());
    UPDATE subscriptions SET valid_to = at, status = 'ended', last_status = status WHERE user_id = NEW.id AND valid_to IS NULL;
  END IF;
  SELECT currency, amount, billing_interval, last_status INTO price FROM subscriptions
  WHERE user_id = NEW.id AND plan_code = NEW.subscription_tier AND valid_to = at;
  IF NOT FOUND THEN
    SELECT currency, amount, billing_interval, NULL::varchar AS last_status INTO price FROM plan_prices
    WHERE plan_code = NEW.subscription_tier AND currency = 'MXN' AND billing_interval = 'month'
      AND daterange(valid_from, valid_to) @> (at AT TIME ZONE NEW.timezone)::date;
  END IF;
  INSERT INTO subscriptions (user_id, plan_code, status, valid_from, custom_limits, currency, amount, billing_interval)
  VALUES (NEW.id, NEW.subscription_tier, coalesce(price.last_status, 'active'), at, NEW.custom_limits, price.currency, price.amount,
    price.billing_interval);
  RETURN NULL;
END $$
"""
# What one unit of `base` costs in `quote`: the rate published for the day, else the last one before it, with its day and
# source. A pair is looked for as it is, the other way round, and over the euro as one source has both on one day; the later
# day wins, then the straighter way, then Banxico's rate over the ECB's (their names are in that order).
FX_RATE = """
CREATE FUNCTION fx_rate(base text, quote text, day date) RETURNS TABLE (rate numeric, rate_date date, source text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT found.rate, found.date, found.source
  FROM (
    SELECT 1::numeric AS rate, $3 AS date, 'same' AS source, 0 AS way WHERE $1 = $2
    UNION ALL
    (SELECT f.rate, f.date, f.source, 1 FROM fx_rates f
    WHERE f.base = $1 AND f.quote = $2 AND f.date <= $3 ORDER BY f.date DESC, f.source LIMIT 1)
    UNION ALL
    (SELECT round(1 / f.rate, 12), f.date, f.source, 2 FROM fx_rates f
    WHERE f.base = $2 AND f.quote = $1 AND f.date <= $3 ORDER BY f.date DESC, f.source LIMIT 1)
    UNION ALL
    (SELECT round(q.rate / b.rate, 12), q.date, q.source, 3 FROM fx_rates q
    JOIN fx_rates b ON b.base = q.base AND b.date = q.date AND b.source = q.source AND b.quote = $1
    WHERE q.base = 'EUR' AND q.quote = $2 AND q.date <= $3 ORDER BY q.date DESC, q.source LIMIT 1)
  ) AS found
  ORDER BY found.date DESC, found.way, found.source LIMIT 1
$$
"""


def upgrade() -> None:
    op.add_column(
        "subscriptions",
        sa.Column("last_status", sa.String(length=20), nullable=True, comment="what it was until it ended"),
    )
    op.create_check_constraint(
        op.f("ck_subscriptions_last_status"),
        "subscriptions",
        "last_status IS NULL OR status = 'ended' AND last_status IN ('trialing', 'active', 'past_due', 'paused')",
        postgresql_not_valid=True,
    )
    op.execute(HISTORY)
    op.execute(FX_RATE)
    op.execute("REVOKE ALL ON FUNCTION fx_rate(text, text, date) FROM PUBLIC")
    op.execute(
        "GRANT EXECUTE ON FUNCTION fx_rate(text, text, date) TO cauce_user, cauce_admin, cauce_analyst, cauce_transform"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION fx_rate(text, text, date)")
    op.execute(billing.FUNCTIONS[0].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    op.drop_constraint(op.f("ck_subscriptions_last_status"), "subscriptions", type_="check")
    op.drop_column("subscriptions", "last_status")
