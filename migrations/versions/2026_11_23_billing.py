"""Plans and their dated prices and limits, subscriptions, invoices, payments, currencies and exchange rates."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.audit import audit
from migrations.policies import ALL, OWN, READ, WRITE, keep_updated_at, protect

revision: str = "billing"
down_revision: str | None = "audit"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

CURRENCIES = (
    (0, True, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
    (
        2,
        True,
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE "
        "CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD "
        "HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK "
        "MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD "
        "RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH "
        "USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG",
    ),
    (3, True, "BHD IQD JOD KWD LYD OMR TND"),
    (4, True, "CLF UYW"),
    (2, False, "ANG BGN CUC EEK HRK LTL LVL SKK SLL STD VEF ZMK ZWL"),
)
"""Decimals of the smallest unit, whether the currency is in use, and the codes of ISO 4217."""

PLANS = """
INSERT INTO plans (code, name, description) VALUES
  ('FREE', 'Gratis', 'Para probar el servicio'),
  ('BASIC', 'Básico', 'Para el uso personal de cada día'),
  ('PRO', 'Profesional', 'Para quien trabaja con sus agentes'),
  ('ENTERPRISE', 'Empresa', 'Para equipos, con más de todo'),
  ('CUSTOM', 'A la medida', 'Precio y límites acordados con cada cliente'),
  ('UNLIMITED', 'Ilimitado', 'Sin límites')
"""
# Without overage: the limit is where it ends. The agreed plan has neither price nor limits of its own.
PRICES = """
INSERT INTO plan_prices (plan_code, currency, billing_interval, amount, valid_from) VALUES
  ('FREE', 'MXN', 'month', 0, '2025-01-01'),
  ('BASIC', 'MXN', 'month', 199, '2025-01-01'),
  ('BASIC', 'MXN', 'year', 1990, '2025-01-01'),
  ('PRO', 'MXN', 'month', 499, '2025-01-01'),
  ('PRO', 'MXN', 'year', 4990, '2025-01-01'),
  ('ENTERPRISE', 'MXN', 'month', 4999, '2025-01-01'),
  ('ENTERPRISE', 'MXN', 'year', 49990, '2025-01-01'),
  ('UNLIMITED', 'MXN', 'month', 9999, '2025-01-01')
"""
LIMITS = """
INSERT INTO plan_limits (plan_code, valid_from, included_messages, included_tokens, included_storage, max_file_size,
  max_files, overage_message_price, overage_token_price) VALUES
  ('FREE', '2025-01-01', 200, 500000, 104857600, 10485760, 100, NULL, NULL),
  ('BASIC', '2025-01-01', 2000, 5000000, 1073741824, 52428800, 1000, 0.12, 0.00005),
  ('PRO', '2025-01-01', 10000, 30000000, 10737418240, 104857600, 10000, 0.08, 0.00004),
  ('ENTERPRISE', '2025-01-01', 100000, 500000000, 107374182400, 1073741824, 100000, 0.06, 0.00002),
  ('CUSTOM', '2025-01-01', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  ('UNLIMITED', '2025-01-01', NULL, NULL, NULL, NULL, NULL, NULL, NULL)
"""
SERIES = "INSERT INTO invoice_series (kind, prefix) VALUES ('invoice', 'F-'), ('credit_note', 'NC-')"

IN_A_CURRENCY = ("financial_profiles", "financial_accounts", "transactions", "budgets")
"""Tables of the first revisions whose currency was three capitals of any kind."""
TABLES = (
    "payments", "invoice_lines", "invoices", "invoice_series", "subscriptions", "plan_limits", "plan_prices", "plans",
    "fx_rates", "currencies",
)  # fmt: skip
LIMITED = (
    "included_messages", "included_tokens", "included_storage", "max_file_size", "max_files",
    "overage_message_price", "overage_token_price", "overage_storage_price",
)  # fmt: skip
FUNCTION_NAMES = ("keep_subscription_history", "guard_invoice", "guard_invoice_line", "total_invoice")

FUNCTIONS = [
    # A person's plans over time follow users.subscription_tier and users.custom_limits. A period keeps the price that was
    # listed when it began; other limits with the same plan begin a period at the same price.
    """
CREATE FUNCTION keep_subscription_history() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
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
    UPDATE subscriptions SET valid_to = at, status = 'ended' WHERE user_id = NEW.id AND valid_to IS NULL;
  END IF;
  SELECT currency, amount, billing_interval INTO price FROM subscriptions
  WHERE user_id = NEW.id AND plan_code = NEW.subscription_tier AND valid_to = at;
  IF NOT FOUND THEN
    SELECT currency, amount, billing_interval INTO price FROM plan_prices
    WHERE plan_code = NEW.subscription_tier AND currency = 'MXN' AND billing_interval = 'month'
      AND daterange(valid_from, valid_to) @> (at AT TIME ZONE NEW.timezone)::date;
  END IF;
  INSERT INTO subscriptions (user_id, plan_code, valid_from, custom_limits, currency, amount, billing_interval)
  VALUES (NEW.id, NEW.subscription_tier, at, NEW.custom_limits, price.currency, price.amount, price.billing_interval);
  RETURN NULL;
END $$
""",
    """
CREATE TRIGGER subscription_history AFTER INSERT OR UPDATE OF subscription_tier, custom_limits ON users
FOR EACH ROW EXECUTE FUNCTION keep_subscription_history()
""",
    # An invoice is written as a draft, and its figures are those of its lines. When it becomes final it gets the next
    # number of its series, whose row stays locked until the transaction ends: what is rolled back gives its number back.
    # From then on it may only be paid or voided. It goes with its person, and in no other way.
    """
CREATE FUNCTION guard_invoice() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  free text[] := ARRAY['status', 'total', 'paid_at', 'voided_at', 'updated_at'];
  given_back numeric;
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.status <> 'draft' AND EXISTS (SELECT FROM users WHERE id = OLD.user_id) THEN
      RAISE EXCEPTION 'invoice % is % and is kept: void it, or credit it', OLD.number, OLD.status
        USING ERRCODE = 'check_violation', CONSTRAINT = 'invoices_are_kept';
    END IF;
    RETURN OLD;
  END IF;
  IF TG_OP = 'INSERT' AND NEW.status IN ('final', 'paid', 'void') THEN
    RAISE EXCEPTION 'an invoice begins as a draft' USING ERRCODE = 'check_violation', CONSTRAINT = 'invoices_begin_as_drafts';
  END IF;
  IF TG_OP = 'UPDATE' AND (OLD.status, NEW.status) NOT IN (
    ('draft', 'draft'), ('draft', 'final'), ('final', 'final'), ('final', 'paid'), ('final', 'void'), ('paid', 'paid'), ('void', 'void')
  ) THEN
    RAISE EXCEPTION 'an invoice that is % does not become %', OLD.status, NEW.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'invoices_status_order';
  END IF;
  IF TG_OP = 'UPDATE' AND OLD.status <> 'draft' THEN
    IF to_jsonb(OLD) - free <> to_jsonb(NEW) - free THEN
      RAISE EXCEPTION 'invoice % is % and keeps its figures', OLD.number, OLD.status
        USING ERRCODE = 'check_violation', CONSTRAINT = 'invoices_keep_their_figures';
    END IF;
    IF OLD.status = 'final' THEN
      NEW.paid_at := CASE NEW.status WHEN 'paid' THEN coalesce(NEW.paid_at, now()) END;
      NEW.voided_at := CASE NEW.status WHEN 'void' THEN coalesce(NEW.voided_at, now()) END;
    END IF;
    RETURN NEW;
  END IF;
  SELECT coalesce(sum(amount) FILTER (WHERE kind <> 'tax'), 0), coalesce(sum(amount) FILTER (WHERE kind = 'tax'), 0)
  INTO NEW.subtotal, NEW.tax FROM invoice_lines WHERE user_id = NEW.user_id AND invoice_id = NEW.id;
  IF NEW.status = 'final' THEN
    UPDATE invoice_series s SET last_number = s.last_number + 1 WHERE s.kind = NEW.kind
    RETURNING s.prefix || lpad(s.last_number::text, greatest(6, length(s.last_number::text)), '0') INTO NEW.number;
    NEW.issued_at := coalesce(NEW.issued_at, now());
    IF NEW.kind = 'credit_note' THEN
      SELECT coalesce(sum(total), 0) INTO given_back FROM invoices
      WHERE user_id = NEW.user_id AND credited_invoice_id = NEW.credited_invoice_id AND status IN ('final', 'paid');
      IF NOT EXISTS (
        SELECT FROM invoices i
        WHERE i.user_id = NEW.user_id AND i.id = NEW.credited_invoice_id AND i.kind = 'invoice' AND i.status IN ('final', 'paid')
          AND i.currency = NEW.currency AND i.total + given_back + NEW.subtotal + NEW.tax >= 0
      ) THEN
        RAISE EXCEPTION 'a credit note gives back no more than a final invoice of the same currency has'
          USING ERRCODE = 'check_violation', CONSTRAINT = 'credit_notes_within_their_invoice';
      END IF;
    END IF;
  END IF;
  RETURN NEW;
END $$
""",
    "CREATE TRIGGER guard_invoice BEFORE INSERT OR UPDATE OR DELETE ON invoices FOR EACH ROW EXECUTE FUNCTION guard_invoice()",
    # A line belongs to a draft, which it locks, and its amount is rounded to the smallest unit of the invoice's currency
    # (halves away from zero). Without an amount it gets the right one.
    """
CREATE FUNCTION guard_invoice_line() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  line invoice_lines := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  invoice record;
  amount numeric;
BEGIN
  SELECT i.status, c.minor_units INTO invoice FROM invoices i JOIN currencies c ON c.code = i.currency
  WHERE i.user_id = line.user_id AND i.id = line.invoice_id FOR NO KEY UPDATE OF i;
  IF invoice.status <> 'draft' AND EXISTS (SELECT FROM users WHERE id = line.user_id) THEN
    RAISE EXCEPTION 'the lines of an invoice that is % stay as they are', invoice.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_lines_of_drafts';
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  IF TG_OP = 'UPDATE' AND (OLD.user_id, OLD.invoice_id) <> (NEW.user_id, NEW.invoice_id) THEN
    RAISE EXCEPTION 'a line does not move to another invoice'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_lines_stay';
  END IF;
  amount := round(NEW.quantity * NEW.unit_price, invoice.minor_units);
  NEW.amount := coalesce(NEW.amount, amount);
  IF NEW.amount <> amount THEN
    RAISE EXCEPTION '% at % are %, not %', NEW.quantity, NEW.unit_price, amount, NEW.amount
      USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_lines_amount';
  END IF;
  RETURN NEW;
END $$
""",
    """
CREATE TRIGGER guard_invoice_line BEFORE INSERT OR UPDATE OR DELETE ON invoice_lines
FOR EACH ROW EXECUTE FUNCTION guard_invoice_line()
""",
    # The draft adds up its lines again.
    """
CREATE FUNCTION total_invoice() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  line invoice_lines := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
  UPDATE invoices SET updated_at = now() WHERE user_id = line.user_id AND id = line.invoice_id AND status = 'draft';
  RETURN NULL;
END $$
""",
    """
CREATE TRIGGER total_invoice AFTER INSERT OR UPDATE OR DELETE ON invoice_lines
FOR EACH ROW EXECUTE FUNCTION total_invoice()
""",
]

# People who are there already: one period, which began when their plan did.
HISTORY_SO_FAR = """
INSERT INTO subscriptions (user_id, plan_code, valid_from, custom_limits, currency, amount, billing_interval)
SELECT u.id, u.subscription_tier, coalesce(u.subscription_start, u.created_at), u.custom_limits, p.currency, p.amount, p.billing_interval
FROM users u
LEFT JOIN plan_prices p ON p.plan_code = u.subscription_tier AND p.currency = 'MXN' AND p.billing_interval = 'month'
"""

SHOWN = f"{OWN} AND (user_id, invoice_id) IN (SELECT i.user_id, i.id FROM invoices i)"  # noqa: S608 - no input
"""Lines of the invoices that a person sees: their own that are no drafts."""


def upgrade() -> None:
    # In a schema of its own: nobody calls its functions by name. The extension is a trusted one, which the owner of the
    # schema may make; where a server does not offer it, its administrator installs it, in whatever schema.
    op.execute("CREATE SCHEMA IF NOT EXISTS extensions")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA extensions")
    op.create_table(
        "currencies",
        sa.Column("code", sa.String(length=3), nullable=False),
        sa.Column("minor_units", sa.SmallInteger(), nullable=False),
        sa.Column(
            "is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False, comment="false: of the past"
        ),
        sa.CheckConstraint("code ~ '^[A-Z]{3}$'", name=op.f("ck_currencies_code")),
        sa.CheckConstraint("minor_units BETWEEN 0 AND 4", name=op.f("ck_currencies_minor_units")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_currencies")),
    )
    op.create_table(
        "fx_rates",
        sa.Column("base", sa.String(length=3), nullable=False),
        sa.Column("quote", sa.String(length=3), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=50), nullable=False),
        sa.Column("rate", sa.Numeric(precision=24, scale=12), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("base <> quote", name=op.f("ck_fx_rates_pair")),
        sa.CheckConstraint("rate > 0", name=op.f("ck_fx_rates_rate")),
        sa.ForeignKeyConstraint(["base"], ["currencies.code"], name=op.f("fk_fx_rates_base_currencies")),
        sa.ForeignKeyConstraint(["quote"], ["currencies.code"], name=op.f("fk_fx_rates_quote_currencies")),
        sa.PrimaryKeyConstraint("base", "quote", "date", "source", name=op.f("pk_fx_rates")),
    )
    op.create_index(op.f("ix_fx_rates_batch_id"), "fx_rates", ["batch_id"], unique=False)
    op.create_table(
        "plans",
        sa.Column("code", sa.String(length=50), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column(
            "is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False, comment="people can choose it"
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "code IN ('FREE', 'BASIC', 'PRO', 'ENTERPRISE', 'CUSTOM', 'UNLIMITED')", name=op.f("ck_plans_code")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_plans")),
    )
    op.create_table(
        "plan_prices",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("plan_code", sa.String(length=50), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("billing_interval", sa.String(length=10), server_default=sa.text("'month'"), nullable=False),
        sa.Column("amount", sa.Numeric(precision=19, scale=4), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("plan_code"), "="),
            (sa.column("currency"), "="),
            (sa.column("billing_interval"), "="),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_plan_prices_period",
        ),
        sa.CheckConstraint(
            "billing_interval IN ('week', 'month', 'year')", name=op.f("ck_plan_prices_billing_interval")
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_plan_prices_amount")),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_plan_prices_period")),
        sa.ForeignKeyConstraint(["currency"], ["currencies.code"], name=op.f("fk_plan_prices_currency_currencies")),
        sa.ForeignKeyConstraint(["plan_code"], ["plans.code"], name=op.f("fk_plan_prices_plan_code_plans")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_prices")),
    )
    op.create_table(
        "plan_limits",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("plan_code", sa.String(length=50), nullable=False),
        sa.Column("included_messages", sa.BigInteger(), nullable=True),
        sa.Column("included_tokens", sa.BigInteger(), nullable=True),
        sa.Column("included_storage", sa.BigInteger(), nullable=True, comment="bytes"),
        sa.Column("max_file_size", sa.BigInteger(), nullable=True, comment="bytes"),
        sa.Column("max_files", sa.BigInteger(), nullable=True),
        sa.Column("overage_currency", sa.String(length=3), server_default=sa.text("'MXN'"), nullable=False),
        sa.Column("overage_message_price", sa.Numeric(precision=24, scale=12), nullable=True, comment="of one message"),
        sa.Column("overage_token_price", sa.Numeric(precision=24, scale=12), nullable=True, comment="of one token"),
        sa.Column(
            "overage_storage_price",
            sa.Numeric(precision=24, scale=12),
            nullable=True,
            comment="of one byte for a month",
        ),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("plan_code"), "="),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_plan_limits_period",
        ),
        sa.CheckConstraint(
            "included_messages >= 0 AND included_tokens >= 0 AND included_storage >= 0 AND max_file_size >= 0 AND max_files >= 0",
            name=op.f("ck_plan_limits_included"),
        ),
        sa.CheckConstraint(
            "overage_message_price >= 0 AND overage_token_price >= 0 AND overage_storage_price >= 0",
            name=op.f("ck_plan_limits_overage"),
        ),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_plan_limits_period")),
        sa.ForeignKeyConstraint(
            ["overage_currency"], ["currencies.code"], name=op.f("fk_plan_limits_overage_currency_currencies")
        ),
        sa.ForeignKeyConstraint(["plan_code"], ["plans.code"], name=op.f("fk_plan_limits_plan_code_plans")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_limits")),
    )
    op.create_table(
        "subscriptions",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("plan_code", sa.String(length=50), nullable=False),
        sa.Column("status", sa.String(length=20), server_default=sa.text("'active'"), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("custom_limits", postgresql.JSONB(), nullable=True, comment="instead of the plan's, by metric"),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column(
            "amount",
            sa.Numeric(precision=19, scale=4),
            nullable=True,
            comment="an interval's price; NULL when none was listed",
        ),
        sa.Column("billing_interval", sa.String(length=10), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("user_id"), "="),
            (sa.text("tstzrange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_subscriptions_period",
        ),
        sa.CheckConstraint("(status = 'ended') = (valid_to IS NOT NULL)", name=op.f("ck_subscriptions_ended")),
        sa.CheckConstraint(
            "billing_interval IN ('week', 'month', 'year')", name=op.f("ck_subscriptions_billing_interval")
        ),
        sa.CheckConstraint(
            "status IN ('trialing', 'active', 'past_due', 'paused', 'ended')", name=op.f("ck_subscriptions_status")
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_subscriptions_amount")),
        sa.CheckConstraint(
            "num_nulls(currency, amount, billing_interval) IN (0, 3)", name=op.f("ck_subscriptions_price")
        ),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_subscriptions_period")),
        sa.ForeignKeyConstraint(["currency"], ["currencies.code"], name=op.f("fk_subscriptions_currency_currencies")),
        sa.ForeignKeyConstraint(["plan_code"], ["plans.code"], name=op.f("fk_subscriptions_plan_code_plans")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_subscriptions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_subscriptions")),
    )
    op.create_index(op.f("ix_subscriptions_plan_code"), "subscriptions", ["plan_code"], unique=False)
    op.create_table(
        "invoice_series",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("prefix", sa.String(length=10), nullable=False),
        sa.Column("last_number", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("kind IN ('invoice', 'credit_note')", name=op.f("ck_invoice_series_kind")),
        sa.CheckConstraint("last_number >= 0", name=op.f("ck_invoice_series_last_number")),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_invoice_series")),
        sa.UniqueConstraint("prefix", name=op.f("uq_invoice_series_prefix")),
    )
    op.create_table(
        "invoices",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("kind", sa.String(length=20), server_default=sa.text("'invoice'"), nullable=False),
        sa.Column("status", sa.String(length=20), server_default=sa.text("'draft'"), nullable=False),
        sa.Column("number", sa.String(length=30), nullable=True),
        sa.Column("credited_invoice_id", sa.Uuid(), nullable=True),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False, comment="the first day after the period"),
        sa.Column("currency", sa.String(length=3), server_default=sa.text("'MXN'"), nullable=False),
        sa.Column("subtotal", sa.Numeric(precision=19, scale=4), server_default=sa.text("0"), nullable=False),
        sa.Column("tax", sa.Numeric(precision=19, scale=4), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "total", sa.Numeric(precision=19, scale=4), sa.Computed("subtotal + tax", persisted=True), nullable=False
        ),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(kind = 'credit_note') = (credited_invoice_id IS NOT NULL)", name=op.f("ck_invoices_credited")
        ),
        sa.CheckConstraint("(status = 'draft') = (issued_at IS NULL)", name=op.f("ck_invoices_issued_at")),
        sa.CheckConstraint("(status = 'draft') = (number IS NULL)", name=op.f("ck_invoices_number")),
        sa.CheckConstraint("(status = 'paid') = (paid_at IS NOT NULL)", name=op.f("ck_invoices_paid_at")),
        sa.CheckConstraint("(status = 'void') = (voided_at IS NOT NULL)", name=op.f("ck_invoices_voided_at")),
        sa.CheckConstraint(
            "CASE kind WHEN 'invoice' THEN subtotal + tax >= 0 ELSE subtotal + tax <= 0 END",
            name=op.f("ck_invoices_sign"),
        ),
        sa.CheckConstraint("kind IN ('invoice', 'credit_note')", name=op.f("ck_invoices_kind")),
        sa.CheckConstraint("status IN ('draft', 'final', 'paid', 'void')", name=op.f("ck_invoices_status")),
        sa.CheckConstraint("period_end > period_start", name=op.f("ck_invoices_period")),
        sa.ForeignKeyConstraint(["currency"], ["currencies.code"], name=op.f("fk_invoices_currency_currencies")),
        sa.ForeignKeyConstraint(
            ["user_id", "credited_invoice_id"],
            ["invoices.user_id", "invoices.id"],
            name=op.f("fk_invoices_user_id_credited_invoice_id_invoices"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_invoices_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("user_id", "number", name=op.f("uq_invoices_user_id_number")),
    )
    op.create_index(op.f("ix_invoices_status_period_start"), "invoices", ["status", "period_start"], unique=False)
    op.create_index(
        op.f("ix_invoices_user_id_credited_invoice_id"), "invoices", ["user_id", "credited_invoice_id"], unique=False
    )
    op.create_index(
        "uq_invoices_user_id_period_start_currency",
        "invoices",
        ["user_id", "period_start", "currency"],
        unique=True,
        postgresql_where=sa.text("kind = 'invoice' AND status <> 'void'"),
    )
    op.create_table(
        "invoice_lines",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("metric", sa.String(length=20), nullable=True),
        sa.Column("description", sa.String(length=500), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=24, scale=12), server_default=sa.text("1"), nullable=False),
        sa.Column("unit_price", sa.Numeric(precision=24, scale=12), nullable=False),
        sa.Column("amount", sa.Numeric(precision=19, scale=4), nullable=False),
        sa.Column("applies_to", sa.Date(), nullable=True, comment="first day of the month it is about"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind <> 'adjustment' OR applies_to IS NOT NULL", name=op.f("ck_invoice_lines_adjusted_month")
        ),
        sa.CheckConstraint("kind <> 'overage' OR metric IS NOT NULL", name=op.f("ck_invoice_lines_overage_metric")),
        sa.CheckConstraint(
            "kind IN ('base', 'proration', 'overage', 'credit', 'adjustment', 'tax')",
            name=op.f("ck_invoice_lines_kind"),
        ),
        sa.CheckConstraint("metric IN ('messages', 'tokens', 'storage')", name=op.f("ck_invoice_lines_metric")),
        sa.CheckConstraint("extract(day FROM applies_to) = 1", name=op.f("ck_invoice_lines_applies_to")),
        sa.ForeignKeyConstraint(
            ["user_id", "invoice_id"],
            ["invoices.user_id", "invoices.id"],
            name=op.f("fk_invoice_lines_user_id_invoice_id_invoices"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_invoice_lines_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_invoice_lines")),
        sa.UniqueConstraint(
            "user_id", "invoice_id", "position", name=op.f("uq_invoice_lines_user_id_invoice_id_position")
        ),
    )
    op.create_table(
        "payments",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), server_default=sa.text("'payment'"), nullable=False),
        sa.Column("status", sa.String(length=20), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("currency", sa.String(length=3), server_default=sa.text("'MXN'"), nullable=False),
        sa.Column("amount", sa.Numeric(precision=19, scale=4), nullable=False),
        sa.Column("method", sa.String(length=50), nullable=True),
        sa.Column("provider", sa.String(length=50), server_default=sa.text("'manual'"), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=True, comment="the provider's; a payment counts once"),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('payment', 'refund')", name=op.f("ck_payments_kind")),
        sa.CheckConstraint("status <> 'succeeded' OR paid_at IS NOT NULL", name=op.f("ck_payments_paid_at")),
        sa.CheckConstraint("status IN ('pending', 'succeeded', 'failed')", name=op.f("ck_payments_status")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payments_amount")),
        sa.ForeignKeyConstraint(["currency"], ["currencies.code"], name=op.f("fk_payments_currency_currencies")),
        sa.ForeignKeyConstraint(
            ["user_id", "invoice_id"],
            ["invoices.user_id", "invoices.id"],
            name=op.f("fk_payments_user_id_invoice_id_invoices"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_payments_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_payments")),
        sa.UniqueConstraint(
            "user_id", "provider", "external_id", name=op.f("uq_payments_user_id_provider_external_id")
        ),
    )
    op.create_index(op.f("ix_payments_user_id_invoice_id"), "payments", ["user_id", "invoice_id"], unique=False)

    for minor_units, is_active, codes in CURRENCIES:
        rows = ", ".join(f"('{code}', {minor_units}, {is_active})" for code in codes.split())
        op.execute(f"INSERT INTO currencies (code, minor_units, is_active) VALUES {rows}")  # noqa: S608 - written here
    for statement in (PLANS, PRICES, LIMITS, SERIES, *FUNCTIONS, HISTORY_SO_FAR):
        op.execute(statement)
    for function in FUNCTION_NAMES:
        op.execute(f"REVOKE ALL ON FUNCTION {function}() FROM PUBLIC")

    keep_updated_at("plans", "plan_prices", "plan_limits", "subscriptions", "invoices", "payments")
    everybody = dict.fromkeys(("cauce_user", "cauce_admin", "cauce_transform"), (READ, ALL))
    protect("currencies", {**everybody, "cauce_ingest": (READ, ALL)})
    protect("fx_rates", {"cauce_admin": (READ, ALL), "cauce_transform": (READ, ALL), "cauce_ingest": (WRITE, ALL)})
    protect("plans", {**everybody, "cauce_admin": (("SELECT", "INSERT", "UPDATE"), ALL)})
    protect("plan_prices", {**everybody, "cauce_admin": (WRITE, ALL)})
    protect("plan_limits", {**everybody, "cauce_admin": (WRITE, ALL)})
    own = {"cauce_user": (READ, OWN), "cauce_admin": (READ, ALL), "cauce_transform": (READ, ALL)}
    protect("subscriptions", own)
    protect("invoice_series", {"cauce_admin": (READ, ALL)})
    protect("invoices", {**own, "cauce_user": (READ, f"{OWN} AND status <> 'draft'"), "cauce_admin": (WRITE, ALL)})
    protect("invoice_lines", {**own, "cauce_user": (READ, SHOWN), "cauce_admin": (WRITE, ALL)})
    protect("payments", {**own, "cauce_admin": (("SELECT", "INSERT", "UPDATE"), ALL)})

    priced = ("plan_code", "valid_from", "valid_to")
    audit("plan_prices", *priced, "currency", "billing_interval", "amount")
    audit("plan_limits", *priced, *LIMITED)
    audit("invoices", "status", "number", "total", on="UPDATE", when="OLD.status <> NEW.status")
    audit("payments", "kind", "status", "currency", "amount", on="INSERT OR UPDATE")

    for table in IN_A_CURRENCY:
        # The key promises more than the check did.
        op.execute(f"-- squawk-ignore ban-drop-constraint\nALTER TABLE {table} DROP CONSTRAINT ck_{table}_currency")
        op.create_foreign_key(
            op.f(f"fk_{table}_currency_currencies"),
            table,
            "currencies",
            ["currency"],
            ["code"],
            postgresql_not_valid=True,
        )


def downgrade() -> None:
    for table in IN_A_CURRENCY:
        op.drop_constraint(op.f(f"fk_{table}_currency_currencies"), table, type_="foreignkey")
        op.create_check_constraint(op.f(f"ck_{table}_currency"), table, "currency ~ '^[A-Z]{3}$'")
    op.execute("DROP TRIGGER subscription_history ON users")
    for table in TABLES:
        op.drop_table(table)
    for function in FUNCTION_NAMES:
        op.execute(f"DROP FUNCTION {function}()")
    op.execute("DROP SCHEMA extensions CASCADE")
