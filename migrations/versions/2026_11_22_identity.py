"""The first revision: people, their zones and settings, sessions and sign-in links."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import ALL, OWN, READ, keep_updated_at, protect

revision: str = "identity"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

OWN_ID = "id = (SELECT current_user_id())"

# Before PostgreSQL 18 there is no uuidv7(): time-ordered identifiers by RFC 9562, section 5.7.
UUIDV7_BEFORE_18 = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_proc WHERE proname = 'uuidv7' AND pronamespace = 'pg_catalog'::regnamespace) THEN
    CREATE OR REPLACE FUNCTION public.uuidv7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $body$
      SELECT encode(
        set_bit(set_bit(
          overlay(uuid_send(gen_random_uuid())
            PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
          52, 1), 53, 1), 'hex')::uuid
    $body$;
  END IF;
END $$
"""

FUNCTIONS = [
    """
CREATE FUNCTION update_updated_at_column() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END $$
""",
    # Whose session the transaction's token belongs to. Unset, empty, forged, expired, idle, revoked: nobody (NULL).
    """
CREATE FUNCTION current_user_id() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT s.user_id
  FROM session_lookup l
  JOIN auth_sessions s ON s.user_id = l.user_id AND s.session_token = l.session_token
  JOIN users u ON u.id = s.user_id
  WHERE l.session_token = encode(sha256(convert_to(nullif(current_setting('cauce.session_token', true), ''), 'UTF8')), 'hex')
    AND s.revoked_at IS NULL AND s.expires > now() AND s.idle_expires > now() AND u.is_active
$$
""",
    # The person whose rows a batch of cauce_ingest writes; NULL when it names nobody.
    """
CREATE FUNCTION current_tenant_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
  SELECT nullif(current_setting('cauce.tenant_id', true), '')::uuid
$$
""",
    # The person's calendar day at an instant, in the zone that was in force for them then.
    """
CREATE FUNCTION local_date(person uuid, at timestamptz) RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, public AS $$
  SELECT (at AT TIME ZONE coalesce(
    (SELECT z.timezone FROM user_timezones z WHERE z.user_id = person AND z.valid_from <= at ORDER BY z.valid_from DESC LIMIT 1),
    'UTC'))::date
$$
""",
    # A person's zones over time follow users.timezone; an unknown zone is refused by the cast.
    """
CREATE FUNCTION keep_timezone_history() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  PERFORM now() AT TIME ZONE NEW.timezone;
  IF TG_OP = 'INSERT' THEN
    INSERT INTO user_timezones (user_id, valid_from, timezone) VALUES (NEW.id, '-infinity', NEW.timezone)
    ON CONFLICT DO NOTHING;
  ELSIF NEW.timezone IS DISTINCT FROM OLD.timezone THEN
    INSERT INTO user_timezones (user_id, valid_from, timezone) VALUES (NEW.id, now(), NEW.timezone)
    ON CONFLICT (user_id, valid_from) DO UPDATE SET timezone = excluded.timezone;
  END IF;
  RETURN NULL;
END $$
""",
    # Keeps a link's hash for an active person; says nothing about whether the address is known.
    """
CREATE FUNCTION request_sign_in(address text, token_hash text, lifetime interval) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  DELETE FROM verification_tokens WHERE expires < now();
  INSERT INTO verification_tokens (identifier, token, expires)
  SELECT u.email, token_hash, now() + lifetime FROM users u WHERE lower(u.email) = lower(address) AND u.is_active;
END $$
""",
    # Uses up a link and opens a session; NULL when the link is unknown, used, or expired.
    """
CREATE FUNCTION consume_sign_in(
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
""",
    # Puts off the idle end of the transaction's own live session, at most once a minute; its absolute end stays.
    """
CREATE FUNCTION touch_session(idle interval) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  UPDATE auth_sessions SET idle_expires = least(expires, now() + idle)
  WHERE user_id = current_user_id()
    AND session_token = encode(sha256(convert_to(current_setting('cauce.session_token', true), 'UTF8')), 'hex')
    AND idle_expires < now() + idle - interval '1 minute'
$$
""",
    """
CREATE FUNCTION revoke_session() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  UPDATE auth_sessions SET revoked_at = now()
  WHERE user_id = current_user_id()
    AND session_token = encode(sha256(convert_to(current_setting('cauce.session_token', true), 'UTF8')), 'hex')
$$
""",
]

EXECUTE = [
    ("current_user_id()", "cauce_user, cauce_admin, cauce_analyst, cauce_ingest, cauce_transform"),
    ("current_tenant_id()", "cauce_ingest"),
    ("local_date(uuid, timestamptz)", "cauce_user, cauce_ingest, cauce_transform"),
    ("keep_timezone_history()", "cauce_owner"),
    ("update_updated_at_column()", "cauce_owner"),
    ("request_sign_in(text, text, interval)", "cauce_signin"),
    ("consume_sign_in(text, text, interval, interval, inet, text)", "cauce_signin"),
    ("touch_session(interval)", "cauce_user"),
    ("revoke_session()", "cauce_user"),
]

DROPPED = [
    "update_updated_at_column() CASCADE",
    "current_user_id() CASCADE",
    "current_tenant_id() CASCADE",
    *(signature for signature, _ in EXECUTE[2:] if signature != "update_updated_at_column()"),
]


def upgrade() -> None:

    op.execute(UUIDV7_BEFORE_18)
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("email_verified", sa.DateTime(timezone=True), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("display_name", sa.String(length=255), nullable=True),
        sa.Column("avatar", sa.String(length=500), nullable=True),
        sa.Column("date_of_birth", sa.Date(), nullable=True),
        sa.Column("timezone", sa.String(length=100), server_default=sa.text("'America/Mexico_City'"), nullable=False),
        sa.Column("language", sa.String(length=10), server_default=sa.text("'es'"), nullable=False),
        sa.Column("bio", sa.String(), nullable=True),
        sa.Column("role", sa.String(length=50), server_default=sa.text("'USER'"), nullable=False),
        sa.Column("permissions", postgresql.JSONB(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("personality_profile", postgresql.JSONB(), nullable=True),
        sa.Column("ai_profile_last_update", sa.DateTime(timezone=True), nullable=True),
        sa.Column("subscription_tier", sa.String(length=50), server_default=sa.text("'FREE'"), nullable=False),
        sa.Column("subscription_id", sa.String(length=255), nullable=True),
        sa.Column("subscription_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("subscription_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("custom_limits", postgresql.JSONB(), nullable=True),
        sa.Column("total_messages", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("total_tokens_used", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_interaction", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "email ~ '^[^@[:space:]|]+@[^@[:space:]|]+\\.[^@[:space:]|.]{2,}$'", name=op.f("ck_users_email")
        ),
        sa.CheckConstraint("language IN ('es', 'en')", name=op.f("ck_users_language")),
        sa.CheckConstraint(
            "role IN ('SUPER_ADMIN', 'ADMIN', 'INVITED_AGENT', 'INVITED_STORAGE', 'SUBSCRIBER', 'MANAGER', 'DEVELOPER', 'USER', 'GUEST')",
            name=op.f("ck_users_role"),
        ),
        sa.CheckConstraint(
            "subscription_tier IN ('FREE', 'BASIC', 'PRO', 'ENTERPRISE', 'CUSTOM', 'UNLIMITED')",
            name=op.f("ck_users_subscription_tier"),
        ),
        sa.CheckConstraint("subscription_end >= subscription_start", name=op.f("ck_users_subscription_period")),
        sa.CheckConstraint("total_messages >= 0 AND total_tokens_used >= 0", name=op.f("ck_users_totals")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        postgresql_with={"fillfactor": 80},
    )
    op.create_index("uq_users_email_lower", "users", [sa.literal_column("lower(email)")], unique=True)
    op.create_table(
        "verification_tokens",
        sa.Column("identifier", sa.String(length=255), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("identifier", "token", name=op.f("pk_verification_tokens")),
        sa.UniqueConstraint("token", name=op.f("uq_verification_tokens_token")),
    )
    op.create_index(op.f("ix_verification_tokens_expires"), "verification_tokens", ["expires"], unique=False)
    op.create_table(
        "auth_sessions",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("session_token", sa.String(length=64), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idle_expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ip_address", postgresql.INET(), nullable=True),
        sa.Column("user_agent", sa.String(), nullable=True),
        sa.Column("device_info", postgresql.JSONB(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_auth_sessions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_auth_sessions")),
        sa.UniqueConstraint("user_id", "session_token", name=op.f("uq_auth_sessions_user_id_session_token")),
    )
    op.create_index(op.f("ix_auth_sessions_expires"), "auth_sessions", ["expires"], unique=False)
    op.create_table(
        "user_settings",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("default_model", sa.String(length=100), server_default=sa.text("'gemini-2.0-flash'"), nullable=False),
        sa.Column("temperature", sa.Numeric(precision=3, scale=2), server_default=sa.text("0.7"), nullable=False),
        sa.Column("max_tokens", sa.Integer(), server_default=sa.text("4096"), nullable=False),
        sa.Column("theme", sa.String(length=50), server_default=sa.text("'system'"), nullable=False),
        sa.Column("language", sa.String(length=10), server_default=sa.text("'es'"), nullable=False),
        sa.Column("code_theme", sa.String(length=50), server_default=sa.text("'vs-dark'"), nullable=False),
        sa.Column("rag_enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("rag_top_k", sa.Integer(), server_default=sa.text("5"), nullable=False),
        sa.Column("rag_min_score", sa.Numeric(precision=3, scale=2), server_default=sa.text("0.7"), nullable=False),
        sa.Column("email_notifications", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("push_notifications", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("notification_preferences", postgresql.JSONB(), nullable=True),
        sa.Column("advanced_settings", postgresql.JSONB(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("language IN ('es', 'en')", name=op.f("ck_user_settings_language")),
        sa.CheckConstraint("theme IN ('light', 'dark', 'system')", name=op.f("ck_user_settings_theme")),
        sa.CheckConstraint("max_tokens > 0", name=op.f("ck_user_settings_max_tokens")),
        sa.CheckConstraint("rag_min_score BETWEEN 0 AND 1", name=op.f("ck_user_settings_rag_min_score")),
        sa.CheckConstraint("rag_top_k BETWEEN 1 AND 20", name=op.f("ck_user_settings_rag_top_k")),
        sa.CheckConstraint("temperature BETWEEN 0 AND 2", name=op.f("ck_user_settings_temperature")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_settings_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_user_settings")),
        sa.UniqueConstraint("user_id", name=op.f("uq_user_settings_user_id")),
    )
    op.create_table(
        "user_timezones",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("timezone", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_timezones_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "valid_from", name=op.f("pk_user_timezones")),
    )
    op.create_table(
        "session_lookup",
        sa.Column("session_token", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "session_token"],
            ["auth_sessions.user_id", "auth_sessions.session_token"],
            name=op.f("fk_session_lookup_user_id_session_token_auth_sessions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("session_token", name=op.f("pk_session_lookup")),
    )
    op.create_index(
        op.f("ix_session_lookup_user_id_session_token"), "session_lookup", ["user_id", "session_token"], unique=False
    )

    for statement in FUNCTIONS:
        op.execute(statement)
    keep_updated_at("users", "user_settings")
    op.execute(
        "CREATE TRIGGER timezone_history AFTER INSERT OR UPDATE OF timezone ON users FOR EACH ROW EXECUTE FUNCTION keep_timezone_history()"
    )

    own_columns = (
        "id, email, name, display_name, avatar, timezone, language, role, is_active, subscription_tier, created_at"
    )
    protect(
        "users",
        {
            "cauce_user": ((f"SELECT ({own_columns})", "UPDATE (display_name, avatar, timezone, language)"), OWN_ID),
            "cauce_admin": (
                (
                    f"SELECT ({own_columns}, subscription_start, subscription_end, total_messages, total_tokens_used, last_interaction)",
                ),
                ALL,
            ),
            "cauce_ingest": (
                ("SELECT (id, email, timezone, language, is_active)", "INSERT (id, email, timezone, language)"),
                ALL,
            ),
            "cauce_transform": (
                ("SELECT (id, timezone, language, role, is_active, subscription_tier, created_at, updated_at)",),
                ALL,
            ),
        },
    )
    protect(
        "user_timezones",
        {
            "cauce_user": (READ, OWN),
            "cauce_ingest": (READ, ALL),
            "cauce_transform": (READ, ALL),
        },
    )
    protect("user_settings", {"cauce_user": (("SELECT", "INSERT", "UPDATE"), OWN)})
    protect(
        "auth_sessions",
        {
            "cauce_user": (
                ("SELECT (user_id, id, created_at, expires, idle_expires, revoked_at, ip_address, user_agent)",),
                OWN,
            )
        },
    )
    protect("session_lookup", {})
    protect("verification_tokens", {})

    for function, role in EXECUTE:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {role}")


def downgrade() -> None:
    op.drop_table("session_lookup")
    op.drop_table("user_timezones")
    op.drop_table("user_settings")
    op.drop_table("auth_sessions")
    op.drop_table("verification_tokens")
    op.drop_table("users")
    # ### end Alembic commands ###

    for function in DROPPED:
        op.execute(f"DROP FUNCTION {function}")
