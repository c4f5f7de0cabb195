"""Where an audited act came from can go: an address names a household, so it has to leave with its person.

Addresses and browsers move to `audit_origins`, one row for an entry that has one. The entry holds a commitment instead,
SHA-256 over a salt and them, and its hash covers that. Only linking writes an origin, and only linking an erasure, whose
person is gone, removes some: it then names their entries. Entries that are there keep their hashes, which cover the
address itself: an erasure tells their hashes without it, so that what stays of them can still be verified.
"""

from collections.abc import Sequence
from importlib import import_module

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import ALL, protect

audit = import_module("migrations.versions.2026_11_23_audit")
slots = import_module("migrations.versions.2026_11_23_slots")

revision: str = "audit_origins"
down_revision: str | None = "conversation_counts"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

FUNCTIONS = {
    # SHA-256 over what comes before and the fields: each as length:text or -, with commas between, so that no two lists
    # have the same text.
    "audit_hash(bytea, text[])": """
CREATE FUNCTION audit_hash(previous bytea, fields text[]) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
  SELECT sha256(previous || convert_to(
    string_agg(coalesce(octet_length(field) || ':' || field, '-'), ',' ORDER BY place), 'UTF8'))
  FROM unnest(fields) WITH ORDINALITY AS given (field, place)
$$
""",
    # What an entry says, without where it came from. Instants are microseconds since 1970, whatever the settings.
    "audit_fields(audit_logs)": """
CREATE FUNCTION audit_fields(entry audit_logs) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
  SELECT ARRAY[
    entry.id::text, (extract(epoch FROM entry.timestamp) * 1000000)::bigint::text, entry.actor, entry.admin_id::text,
    entry.action, entry.target_type, entry.target_id::text, entry.details::text]
$$
""",
    # Removes the origins of a person, and those of nobody from a network they came from: failed sign-ins of their own.
    # Gives the entries they were of, and of those from before this revision the hash without the origin. Of somebody who
    # is still there nothing is removed.
    "forget_origins(uuid)": """
CREATE FUNCTION forget_origins(person uuid) RETURNS jsonb
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH networks AS MATERIALIZED (
    SELECT DISTINCT network(CASE family(ip_address) WHEN 6 THEN set_masklen(ip_address, 64) ELSE ip_address END) AS network
    FROM audit_origins WHERE user_id = person AND ip_address IS NOT NULL
  ), gone AS (
    DELETE FROM audit_origins
    WHERE NOT EXISTS (SELECT FROM users WHERE id = person)
      AND (user_id = person
        OR user_id IS NULL AND EXISTS (SELECT FROM networks n WHERE audit_origins.ip_address <<= n.network))
    RETURNING *
  )
  SELECT coalesce(jsonb_object_agg(l.sequence::text, CASE
    WHEN gone.salt IS NULL AND l.hash = audit_hash(l.previous_hash, audit_fields(l) || ARRAY[gone.ip_address::text, gone.user_agent])
    THEN encode(audit_hash(l.previous_hash, array_append(audit_fields(l), NULL)), 'hex') END), '{}')
  FROM gone JOIN audit_logs l USING (sequence)
$$
""",
}
# Links the transaction's entries, all of them at once: the first entry's turn takes the others along.
LINK = """
CREATE OR REPLACE FUNCTION link_audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  head audit_heads;
  entry audit_pending;
  linked audit_logs;
  person uuid;
  salt bytea;
BEGIN
  PERFORM FROM audit_pending WHERE place = NEW.place;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  SELECT * INTO STRICT head FROM audit_heads FOR UPDATE;
  FOR entry IN SELECT * FROM audit_pending WHERE place >= NEW.place ORDER BY place LOOP
    IF entry.action = 'ERASE_PERSON' THEN -- whatever the caller said of origins, this is what is so
      entry.details := coalesce(entry.details, '{}') || jsonb_build_object('origins', forget_origins(entry.target_id));
    END IF;
    head.entries := head.entries + 1;
    linked := ROW(head.entries, entry.id, entry.timestamp, entry.actor, entry.admin_id, entry.action, entry.target_type,
      entry.target_id, entry.details, head.hash, NULL, NULL);
    -- Who was erased while they did something came from nowhere.
    person := coalesce(entry.admin_id, CASE entry.action WHEN 'FAIL_SIGN_IN' THEN entry.target_id END);
    IF (entry.ip_address IS NOT NULL OR entry.user_agent IS NOT NULL)
      AND (person IS NULL OR EXISTS (SELECT FROM users WHERE id = person)) THEN
      salt := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
      linked.origin := audit_hash(salt, ARRAY[person::text, entry.ip_address::text, entry.user_agent]);
      INSERT INTO audit_origins (sequence, user_id, ip_address, user_agent, salt)
      VALUES (linked.sequence, person, entry.ip_address, entry.user_agent, salt);
    END IF;
    linked.hash := audit_hash(head.hash, array_append(audit_fields(linked), encode(linked.origin, 'hex')));
    INSERT INTO audit_logs VALUES (linked.*);
    head.hash := linked.hash;
  END LOOP;
  DELETE FROM audit_pending WHERE place >= NEW.place;
  UPDATE audit_heads SET entries = head.entries, hash = head.hash;
  RETURN NULL;
END $$
"""
MOVE = """
INSERT INTO audit_origins (sequence, user_id, ip_address, user_agent)
SELECT sequence, coalesce(admin_id, CASE action WHEN 'FAIL_SIGN_IN' THEN target_id END), ip_address, user_agent
FROM audit_logs WHERE ip_address IS NOT NULL OR user_agent IS NOT NULL
"""
# Who was erased before leaves now: linking their erasure again removes what it could not then.
LEAVE = """
SELECT record_audit('ERASE_PERSON', 'users', pseudonym, NULL) FROM erasure_log
WHERE status = 'done' AND pseudonym IN (SELECT user_id FROM audit_origins)
"""

AUDIT_HASH_BEFORE = audit.FUNCTIONS["audit_hash(bytea, audit_pending)"]
LINK_BEFORE = (
    audit.FUNCTIONS["link_audit()"]
    .replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
    .replace("SET search_path = pg_catalog, public", slots.PATH)
)
MOVE_BACK = """
UPDATE audit_logs l SET ip_address = o.ip_address, user_agent = o.user_agent
FROM audit_origins o WHERE o.sequence = l.sequence
"""
# Nobody may change an entry, but its columns came back empty.
OPENED = ("DISABLE TRIGGER append_only", "NO FORCE ROW LEVEL SECURITY")
CLOSED = ("FORCE ROW LEVEL SECURITY", "ENABLE TRIGGER append_only")


def upgrade() -> None:
    op.add_column("audit_logs", sa.Column("origin", sa.LargeBinary(), nullable=True))
    op.create_table(
        "audit_origins",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("ip_address", postgresql.INET(), nullable=True),
        sa.Column("user_agent", sa.String(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit_origins")),
    )
    op.create_index(op.f("ix_audit_origins_user_id"), "audit_origins", ["user_id"], unique=False)
    op.execute(MOVE)
    for column in ("ip_address", "user_agent"):
        op.execute(f"-- squawk-ignore ban-drop-column\nALTER TABLE audit_logs DROP COLUMN {column}")
    # Only `link_audit` calls it, which is made anew below.
    op.execute("-- squawk-ignore ban-drop-function\nDROP FUNCTION audit_hash(bytea, audit_pending)")
    for signature, definition in FUNCTIONS.items():
        op.execute(definition)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute(LINK)
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON audit_origins"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
    )
    op.execute(
        "CREATE TRIGGER append_only_linked BEFORE INSERT OR DELETE ON audit_origins"
        " FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_audit_change()"
    )
    read = "SELECT (sequence, user_id, ip_address, user_agent)"
    protect("audit_origins", {"cauce_admin": ((read,), ALL)}, owner=("SELECT", "INSERT", "DELETE"))
    op.execute(LEAVE)


def downgrade() -> None:
    op.add_column("audit_logs", sa.Column("ip_address", postgresql.INET(), nullable=True))
    op.add_column("audit_logs", sa.Column("user_agent", sa.String(), nullable=True))
    for change in OPENED:
        op.execute(f"ALTER TABLE audit_logs {change}")
    op.execute("GRANT UPDATE ON audit_logs TO cauce_owner")
    op.execute(MOVE_BACK)
    op.execute("REVOKE UPDATE ON audit_logs FROM cauce_owner")
    for change in CLOSED:
        op.execute(f"ALTER TABLE audit_logs {change}")
    for signature in FUNCTIONS:
        op.execute(f"DROP FUNCTION {signature}")
    op.drop_table("audit_origins")
    op.execute("-- squawk-ignore ban-drop-column\nALTER TABLE audit_logs DROP COLUMN origin")
    op.execute(AUDIT_HASH_BEFORE)
    op.execute("REVOKE ALL ON FUNCTION audit_hash(bytea, audit_pending) FROM PUBLIC")
    op.execute(LINK_BEFORE)
