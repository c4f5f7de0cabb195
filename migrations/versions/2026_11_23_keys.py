"""The key ring of sealed values, and the sealed number of an account."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.policies import ALL, READ, protect
from migrations.sealed import guard_sealed

revision: str = "keys"
down_revision: str | None = "pipeline"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

FUNCTIONS = [
    # Version 1 | key id (2 bytes) | nonce (12) | ciphertext and tag (16): see `cauce.security.envelope`.
    """
CREATE FUNCTION envelope_key(envelope bytea) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = '' AS $$
  SELECT get_byte(envelope, 1) * 256 + get_byte(envelope, 2)
$$
""",
    # Whoever writes an envelope holds its key until the transaction ends: a rotation destroys a key only when nobody
    # holds it and no envelope needs it, so that no commit ever leaves a value that nobody can open.
    """
CREATE FUNCTION key_is_live(envelope bytea) RETURNS boolean
LANGUAGE plpgsql STRICT SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  key integer;
BEGIN
  IF octet_length(envelope) < 31 OR get_byte(envelope, 0) <> 1 THEN
    RAISE EXCEPTION 'what is written to a sealed column is not a sealed value'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'sealed';
  END IF;
  key := get_byte(envelope, 1) * 256 + get_byte(envelope, 2);
  PERFORM pg_advisory_xact_lock_shared(hashtext('cauce:keys'), key);
  RETURN EXISTS (SELECT FROM encryption_keys k WHERE k.id = key AND k.wrapped IS NOT NULL);
END $$
""",
    # Told as a serialization failure: the same transaction, sealed again, succeeds.
    """
CREATE FUNCTION refuse_dead_key() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  RAISE EXCEPTION 'a value was sealed with a key that is unknown or was destroyed meanwhile'
    USING ERRCODE = 'serialization_failure', HINT = 'Seal the value again.';
END $$
""",
    # A new envelope of the same value is no change of the row: reports and marts that watch `updated_at` stay as they are.
    """
CREATE OR REPLACE FUNCTION update_updated_at_column() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  IF current_user <> 'cauce_owner' OR current_setting('cauce.resealing', true) IS DISTINCT FROM 'on' THEN
    NEW.updated_at := now();
  END IF;
  RETURN NEW;
END $$
""",
]

UPDATED_AT_BEFORE = """
CREATE OR REPLACE FUNCTION update_updated_at_column() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END $$
"""

WITHOUT_SECRETS = (
    "(user_id, id, financial_profile_id, name, type, institution, balance, balance_at, currency, account_mask,"
    " is_active, credit_limit, available_credit, closing_date, payment_due_date, batch_id, created_at, updated_at)"
)
"""What marts may be made of: everything but the number, its hash and notes."""

GUARDED = {
    "financial_accounts": ("account_number_sealed",),
    "health_profiles": ("emergency_contacts", "insurance_info", "encrypted_data"),
    "quarantined_rows": ("raw_sealed",),
}


def upgrade() -> None:
    op.create_table(
        "encryption_keys",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("id > 0", name=op.f("ck_encryption_keys_id")),
        sa.CheckConstraint("octet_length(wrapped) = 60", name=op.f("ck_encryption_keys_wrapped")),
        sa.CheckConstraint(
            "wrapped IS NOT NULL OR retired_at IS NOT NULL", name=op.f("ck_encryption_keys_destroyed_is_retired")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encryption_keys")),
    )
    op.create_index(
        "uq_encryption_keys_active",
        "encryption_keys",
        [sa.text("(retired_at IS NULL)")],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    protect("encryption_keys", {"cauce_ingest": (READ, ALL)})

    for function in FUNCTIONS:
        op.execute(function)
    op.execute("REVOKE ALL ON FUNCTION envelope_key(bytea), key_is_live(bytea), refuse_dead_key() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION key_is_live(bytea) TO cauce_ingest, cauce_user")

    op.add_column("financial_accounts", sa.Column("account_number_sealed", sa.LargeBinary(), nullable=True))
    op.execute("REVOKE SELECT ON financial_accounts FROM cauce_transform")
    op.execute(f"GRANT SELECT {WITHOUT_SECRETS} ON financial_accounts TO cauce_transform")
    for table, columns in GUARDED.items():
        guard_sealed(table, *columns)


def downgrade() -> None:
    for table in GUARDED:
        op.execute(f"DROP TRIGGER sealed ON {table}")
    op.execute("REVOKE ALL ON financial_accounts FROM cauce_transform")
    op.execute("GRANT SELECT ON financial_accounts TO cauce_transform")
    op.drop_column("financial_accounts", "account_number_sealed")
    op.execute(UPDATED_AT_BEFORE)
    op.execute("DROP FUNCTION refuse_dead_key()")
    op.execute("DROP FUNCTION key_is_live(bytea)")
    op.execute("DROP FUNCTION envelope_key(bytea)")
    op.drop_table("encryption_keys")
