"""The audit log: append-only, hash-chained.

An entry is written to `audit_pending` by the transaction it tells of. A deferred trigger links the transaction's entries
to `audit_logs` when it commits: it locks the head, the last lock the transaction takes, so that it waits for nobody who
waits for it. An entry is never updated, and only that trigger can insert one.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.audit import audit
from migrations.policies import ALL, READ, protect

revision: str = "audit"
down_revision: str | None = "accounts"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

FUNCTIONS = {
    # SHA-256 over the hash before and what the entry says: each field as length:text or -, with commas between, so that
    # no two entries have the same text. Instants are microseconds since 1970, whatever the session's settings.
    "audit_hash(bytea, audit_pending)": """
CREATE FUNCTION audit_hash(previous bytea, entry audit_pending) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
  SELECT sha256(previous || convert_to(
    string_agg(coalesce(octet_length(field) || ':' || field, '-'), ',' ORDER BY place), 'UTF8'))
  FROM unnest(ARRAY[
    entry.id::text, (extract(epoch FROM entry.timestamp) * 1000000)::bigint::text, entry.actor, entry.admin_id::text,
    entry.action, entry.target_type, entry.target_id::text, entry.details::text, entry.ip_address::text, entry.user_agent
  ]) WITH ORDINALITY AS fields (field, place)
$$
""",
    # Links the transaction's entries, all of them at once: the first entry's turn takes the others along.
    "link_audit()": """
CREATE FUNCTION link_audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  head audit_heads;
  entry audit_pending;
  previous bytea;
BEGIN
  PERFORM FROM audit_pending WHERE place = NEW.place;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  SELECT * INTO STRICT head FROM audit_heads FOR UPDATE;
  FOR entry IN SELECT * FROM audit_pending WHERE place >= NEW.place ORDER BY place LOOP
    previous := head.hash;
    head.hash := audit_hash(previous, entry);
    head.entries := head.entries + 1;
    INSERT INTO audit_logs (sequence, id, timestamp, actor, admin_id, action, target_type, target_id, details, ip_address,
      user_agent, previous_hash, hash)
    VALUES (head.entries, entry.id, entry.timestamp, entry.actor, entry.admin_id, entry.action, entry.target_type,
      entry.target_id, entry.details, entry.ip_address, entry.user_agent, previous, head.hash);
  END LOOP;
  DELETE FROM audit_pending WHERE place >= NEW.place;
  UPDATE audit_heads SET entries = head.entries, hash = head.hash;
  RETURN NULL;
END $$
""",
    "refuse_audit_change()": """
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only: % of % is refused', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_append_only', TABLE = TG_TABLE_NAME;
END $$
""",
    # Who: the given person, else the one of the transaction's session, ended or not (it ended just now, at a sign-out).
    "append_audit(text, text, uuid, jsonb, uuid, inet, text)": """
CREATE FUNCTION append_audit(
  what text, kind text, target uuid, facts jsonb, person uuid DEFAULT NULL, address inet DEFAULT NULL, agent text DEFAULT NULL
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  token text := nullif(current_setting('cauce.session_token', true), '');
BEGIN
  IF token IS NOT NULL THEN
    SELECT coalesce(person, s.user_id), coalesce(address, s.ip_address), coalesce(agent, s.user_agent)
    INTO person, address, agent
    FROM (SELECT encode(sha256(convert_to(token, 'UTF8')), 'hex') AS hash) AS given
    LEFT JOIN session_lookup l ON l.session_token = given.hash
    LEFT JOIN auth_sessions s ON s.user_id = l.user_id AND s.session_token = l.session_token;
  END IF;
  INSERT INTO audit_pending (action, target_type, target_id, details, admin_id, ip_address, user_agent)
  VALUES (what, kind, target, facts, person, address, left(agent, 500));
END $$
""",
    "record_audit(text, text, uuid, jsonb)": """
CREATE FUNCTION record_audit(action text, target_type text, target_id uuid, details jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT append_audit(action, target_type, target_id, details)
$$
""",
    # Arguments: action, columns whose values are told, columns of which only the change is (migrations/audit.py).
    "audit_change()": """
CREATE FUNCTION audit_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
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
  IF before IS NOT NULL AND told <> '{}' THEN
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
""",
    # Whether an occasion is the first of its kind in this minute. Of more than 100 kinds a minute the rest are one, so
    # that a storm of forged links, from whatever addresses, writes at most 101 entries a minute.
    "is_first_this_minute(text)": """
CREATE FUNCTION is_first_this_minute(kind text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  this_minute timestamptz := date_trunc('minute', now());
BEGIN
  INSERT INTO audit_occasions (minute, occasion)
  SELECT this_minute, CASE WHEN count(*) < 100 THEN kind ELSE 'others' END FROM audit_occasions WHERE minute = this_minute
  ON CONFLICT DO NOTHING;
  IF FOUND THEN
    DELETE FROM audit_occasions WHERE minute < this_minute - interval '1 hour';
    RETURN true;
  END IF;
  RETURN false;
END $$
""",
}

REQUEST_SIGN_IN = """
CREATE OR REPLACE FUNCTION request_sign_in(address text, token_hash text, lifetime interval) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  person uuid := (SELECT u.id FROM users u WHERE lower(u.email) = lower(address) AND u.is_active);
BEGIN
  DELETE FROM verification_tokens WHERE expires < now();
  INSERT INTO verification_tokens (identifier, token, expires)
  SELECT u.email, token_hash, now() + lifetime FROM users u WHERE u.id = person;
  IF is_first_this_minute('link:' || coalesce(person::text, '')) THEN
    PERFORM append_audit('ISSUE_LINK', 'users', person, NULL);
  END IF;
END $$
"""
# Uses up a link and opens a session; NULL when the link is unknown, used or expired, which is told once a minute and
# address (of IPv6: its /64 network).
CONSUME_SIGN_IN = """
CREATE OR REPLACE FUNCTION consume_sign_in(
  token_hash text, session_hash text, idle interval, lifetime interval, address inet, agent text
) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  named uuid;
  person uuid;
  session uuid;
BEGIN
  WITH used AS (DELETE FROM verification_tokens WHERE token = token_hash RETURNING identifier, expires)
  SELECT u.id, CASE WHEN used.expires > now() AND u.is_active THEN u.id END INTO named, person
  FROM used JOIN users u ON lower(u.email) = lower(used.identifier);
  IF person IS NULL THEN
    IF is_first_this_minute('failed:' || coalesce(
      network(CASE family(address) WHEN 6 THEN set_masklen(address, 64) ELSE address END)::text, '')) THEN
      PERFORM append_audit('FAIL_SIGN_IN', 'users', named, NULL, NULL, address, agent);
    END IF;
    RETURN NULL;
  END IF;
  INSERT INTO auth_sessions (user_id, session_token, expires, idle_expires, ip_address, user_agent)
  VALUES (person, session_hash, now() + lifetime, now() + idle, address, left(agent, 500))
  RETURNING id INTO session;
  INSERT INTO session_lookup (session_token, user_id) VALUES (session_hash, person);
  UPDATE users SET email_verified = coalesce(email_verified, now()) WHERE id = person;
  PERFORM append_audit('SIGN_IN', 'auth_sessions', session, NULL, person, address, agent);
  RETURN person;
END $$
"""
REQUEST_SIGN_IN_BEFORE = """
CREATE OR REPLACE FUNCTION request_sign_in(address text, token_hash text, lifetime interval) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  DELETE FROM verification_tokens WHERE expires < now();
  INSERT INTO verification_tokens (identifier, token, expires)
  SELECT u.email, token_hash, now() + lifetime FROM users u WHERE lower(u.email) = lower(address) AND u.is_active;
END $$
"""
CONSUME_SIGN_IN_BEFORE = """
CREATE OR REPLACE FUNCTION consume_sign_in(
  token_hash text, session_hash text, idle interval, lifetime interval, address inet, agent text
) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  person uuid;
BEGIN
  WITH used AS (DELETE FROM verification_tokens WHERE token = token_hash RETURNING identifier, expires)
  SELECT u.id INTO person
  FROM used JOIN users u ON lower(u.email) = lower(used.identifier)
  WHERE used.expires > now() AND u.is_active;
  IF person IS NULL THEN
    RETURN NULL;
  END IF;
  INSERT INTO auth_sessions (user_id, session_token, expires, idle_expires, ip_address, user_agent)
  VALUES (person, session_hash, now() + lifetime, now() + idle, address, left(agent, 500));
  INSERT INTO session_lookup (session_token, user_id) VALUES (session_hash, person);
  UPDATE users SET email_verified = coalesce(email_verified, now()) WHERE id = person;
  RETURN person;
END $$
"""

# What each table refuses: always, and where it is not the linking trigger that asks (which runs at depth 1).
REFUSED = {
    "audit_logs": ("UPDATE OR DELETE OR TRUNCATE", "INSERT"),
    "audit_heads": ("INSERT OR DELETE OR TRUNCATE", "UPDATE"),
    "audit_pending": ("UPDATE OR TRUNCATE", "DELETE"),
    "audit_seals": ("UPDATE OR DELETE OR TRUNCATE", None),
}


def upgrade() -> None:
    op.create_table(
        "audit_pending",
        sa.Column("place", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("actor", sa.String(length=63), server_default=sa.text("session_user"), nullable=False),
        sa.Column("admin_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.String(length=100), nullable=False),
        sa.Column("target_type", sa.String(length=50), nullable=True),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("details", postgresql.JSONB(), nullable=True),
        sa.Column("ip_address", postgresql.INET(), nullable=True),
        sa.Column("user_agent", sa.String(), nullable=True),
        sa.CheckConstraint("action ~ '^[A-Z][A-Z0-9_]*$'", name=op.f("ck_audit_pending_action")),
        sa.CheckConstraint("jsonb_typeof(details) = 'object'", name=op.f("ck_audit_pending_details")),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_audit_pending")),
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        "audit_logs",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("actor", sa.String(length=63), server_default=sa.text("session_user"), nullable=False),
        sa.Column("admin_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.String(length=100), nullable=False),
        sa.Column("target_type", sa.String(length=50), nullable=True),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("details", postgresql.JSONB(), nullable=True),
        sa.Column("ip_address", postgresql.INET(), nullable=True),
        sa.Column("user_agent", sa.String(), nullable=True),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit_logs")),
    )
    op.create_index(op.f("ix_audit_logs_timestamp"), "audit_logs", ["timestamp"], unique=False)
    op.create_index(op.f("ix_audit_logs_action_timestamp"), "audit_logs", ["action", "timestamp"], unique=False)
    op.create_index(op.f("ix_audit_logs_admin_id_timestamp"), "audit_logs", ["admin_id", "timestamp"], unique=False)
    op.create_index(op.f("ix_audit_logs_target_id_timestamp"), "audit_logs", ["target_id", "timestamp"], unique=False)
    op.create_table(
        "audit_heads",
        sa.Column("id", sa.SmallInteger(), server_default=sa.text("1"), autoincrement=False, nullable=False),
        sa.Column("entries", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_heads")),
    )
    op.execute("INSERT INTO audit_heads (hash) VALUES (sha256('cauce audit'))")
    op.create_table(
        "audit_seals",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit_seals")),
    )
    op.create_table(
        "audit_occasions",
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("minute", "occasion", name=op.f("pk_audit_occasions")),
    )

    for signature, definition in FUNCTIONS.items():
        op.execute(definition)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION record_audit(text, text, uuid, jsonb) TO cauce_admin, cauce_ingest")
    op.execute(REQUEST_SIGN_IN)
    op.execute(CONSUME_SIGN_IN)

    op.execute(
        "CREATE CONSTRAINT TRIGGER link_audit AFTER INSERT ON audit_pending DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION link_audit()"
    )
    for table, (always, directly) in REFUSED.items():
        op.execute(
            f"CREATE TRIGGER append_only BEFORE {always} ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
        )
        if directly:
            op.execute(
                f"CREATE TRIGGER append_only_linked BEFORE {directly} ON {table}"
                " FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_audit_change()"
            )
    protect("audit_pending", {}, owner=("SELECT", "INSERT", "DELETE"))
    protect("audit_logs", {"cauce_admin": (READ, ALL)}, owner=("SELECT", "INSERT"))
    protect("audit_heads", {"cauce_admin": (READ, ALL)}, owner=("SELECT", "UPDATE"))
    protect("audit_seals", {"cauce_admin": (READ, ALL)}, owner=("SELECT", "INSERT"))
    protect("audit_occasions", {})

    rights = ("role", "permissions", "subscription_tier", "custom_limits")
    audit(
        "users",
        *rights,
        on="INSERT",
        action="CREATE_USER",
        when="NEW.role NOT IN ('USER', 'GUEST') OR NEW.subscription_tier <> 'FREE'"
        " OR NEW.permissions IS NOT NULL OR NEW.custom_limits IS NOT NULL",
    )
    audit("users", "role", "permissions", on="UPDATE", action="CHANGE_ROLE")
    audit("users", "subscription_tier", "custom_limits", on="UPDATE", action="CHANGE_PLAN")
    audit("users", "is_active", on="UPDATE", action="CHANGE_STATUS")
    audit("users", hidden=("email",), on="UPDATE", action="CHANGE_EMAIL")
    audit("users", *rights, on="DELETE", action="DELETE_USER")
    audit("user_agent_permissions", "agent_id", "granted_by", on="INSERT", action="GRANT_AGENT")
    audit("user_agent_permissions", "agent_id", on="UPDATE", action="CHANGE_AGENT")
    audit("user_agent_permissions", "agent_id", "granted_by", on="DELETE", action="REVOKE_AGENT")
    audit("invitations", "role", "status", "invited_by", on="INSERT", action="INVITE_USER")
    audit("invitations", "role", "status", "expires_at", hidden=("email",), on="UPDATE", action="CHANGE_INVITATION")
    audit("invitations", "role", "status", on="DELETE", action="DELETE_INVITATION")
    audit("auth_sessions", "revoked_at", on="UPDATE", action="SIGN_OUT")


AUDITED = {
    "users": ("INSERT_CREATE_USER", "UPDATE_CHANGE_ROLE", "UPDATE_CHANGE_PLAN", "UPDATE_CHANGE_STATUS",
              "UPDATE_CHANGE_EMAIL", "DELETE_DELETE_USER"),
    "user_agent_permissions": ("INSERT_GRANT_AGENT", "UPDATE_CHANGE_AGENT", "DELETE_REVOKE_AGENT"),
    "invitations": ("INSERT_INVITE_USER", "UPDATE_CHANGE_INVITATION", "DELETE_DELETE_INVITATION"),
    "auth_sessions": ("UPDATE_SIGN_OUT",),
}  # fmt: skip


def downgrade() -> None:
    for table, triggers in AUDITED.items():
        for trigger in triggers:
            op.execute(f"DROP TRIGGER audit_{trigger.lower()} ON {table}")
    op.execute(REQUEST_SIGN_IN_BEFORE)
    op.execute(CONSUME_SIGN_IN_BEFORE)
    op.execute("DROP FUNCTION audit_hash(bytea, audit_pending)")
    for table in ("audit_occasions", "audit_seals", "audit_heads", "audit_logs", "audit_pending"):
        op.drop_table(table)
    for signature in reversed(FUNCTIONS):
        if signature != "audit_hash(bytea, audit_pending)":
            op.execute(f"DROP FUNCTION {signature}")
