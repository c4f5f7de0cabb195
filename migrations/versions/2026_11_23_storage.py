"""Folders, files, quotas, shares, and who opened what."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.audit import audit
from migrations.policies import ALL, OWN, READ, TENANT, WRITE, keep_updated_at, protect

revision: str = "storage"
down_revision: str | None = "integrations"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

FUNCTIONS = {
    # One person's moves go one after the other: two at once, each right by itself, could close a circle. Who moves their
    # own folders waits here, before they hold a row that the other one's descendants may be.
    "take_turns_with_folders()": """
CREATE FUNCTION take_turns_with_folders() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('cauce:folders:' || person, 0))
  FROM (SELECT coalesce(current_user_id(), current_tenant_id()) AS person) AS writer WHERE person IS NOT NULL;
  RETURN NULL;
END $$
""",
    # A folder's path is made of its ancestors' names, whoever wrote what.
    "place_folder()": """
CREATE FUNCTION place_folder() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  above text;
  circular boolean;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('cauce:folders:' || NEW.user_id, 0));
  WITH RECURSIVE ancestors AS (
    SELECT f.id, f.parent_id, f.name, 1 AS height
    FROM storage_folders f WHERE f.user_id = NEW.user_id AND f.id = NEW.parent_id
    UNION ALL
    SELECT f.id, f.parent_id, f.name, a.height + 1
    FROM ancestors a JOIN storage_folders f ON f.user_id = NEW.user_id AND f.id = a.parent_id
    WHERE a.id <> NEW.id
  )
  SELECT string_agg('/' || name, '' ORDER BY height DESC), bool_or(id = NEW.id) INTO above, circular FROM ancestors;
  IF circular OR NEW.parent_id = NEW.id THEN
    RAISE EXCEPTION 'folder % cannot lie within itself', NEW.name
      USING ERRCODE = 'check_violation', CONSTRAINT = 'storage_folders_tree', TABLE = 'storage_folders';
  END IF;
  NEW.path := concat(above, '/', NEW.name);
  RETURN NEW;
END $$
""",
    # What lies under folders that were moved or renamed gets its path anew, all of it in one statement.
    "place_descendants()": """
CREATE FUNCTION place_descendants() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  IF EXISTS (
    SELECT FROM added a JOIN removed r USING (user_id, id)
    WHERE (a.name, a.parent_id) IS DISTINCT FROM (r.name, r.parent_id)
  ) THEN
    WITH RECURSIVE descendants AS (
      SELECT f.user_id, f.id
      FROM added a
      JOIN removed r USING (user_id, id)
      JOIN storage_folders f ON f.user_id = a.user_id AND f.parent_id = a.id
      WHERE (a.name, a.parent_id) IS DISTINCT FROM (r.name, r.parent_id)
      UNION
      SELECT f.user_id, f.id
      FROM descendants d JOIN storage_folders f ON f.user_id = d.user_id AND f.parent_id = d.id
    )
    UPDATE storage_folders f SET path = '' FROM descendants d WHERE f.user_id = d.user_id AND f.id = d.id;
  END IF;
  RETURN NULL;
END $$
""",
    # A folder takes what is in it along when it is deleted, and brings just that back when it is recovered: what has its
    # very moment of deletion. Folders in it do the same in their turn.
    "delete_contents()": """
CREATE FUNCTION delete_contents() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  IF EXISTS (SELECT FROM added a JOIN removed r USING (user_id, id) WHERE a.deleted_at IS DISTINCT FROM r.deleted_at) THEN
    UPDATE storage_files f SET deleted_at = a.deleted_at
    FROM added a JOIN removed r USING (user_id, id)
    WHERE f.user_id = a.user_id AND f.folder_id = a.id
      AND a.deleted_at IS DISTINCT FROM r.deleted_at AND f.deleted_at IS NOT DISTINCT FROM r.deleted_at;
    UPDATE storage_folders f SET deleted_at = a.deleted_at
    FROM added a JOIN removed r USING (user_id, id)
    WHERE f.user_id = a.user_id AND f.parent_id = a.id
      AND a.deleted_at IS DISTINCT FROM r.deleted_at AND f.deleted_at IS NOT DISTINCT FROM r.deleted_at;
  END IF;
  RETURN NULL;
END $$
""",
    # Locks people's quotas in the order of their keys, and makes those that are missing. The limits are their plan's of
    # today, set when the quota is made and whenever the tier changes; a limit of NULL is none. An agreed plan
    # (CUSTOM) changes no limits: an admin does.
    "ensure_quotas(uuid[])": """
CREATE FUNCTION ensure_quotas(people uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  INSERT INTO storage_quotas AS q (user_id, subscription_tier, max_storage, max_file_size, max_files)
  SELECT u.id, u.subscription_tier,
    coalesce(l.included_storage, 9223372036854775807),
    coalesce(l.max_file_size, 9223372036854775807),
    least(coalesce(l.max_files, 2147483647), 2147483647)
  FROM users u
  LEFT JOIN plan_limits l ON l.plan_code = u.subscription_tier AND daterange(l.valid_from, l.valid_to) @> current_date
  WHERE u.id = ANY (people)
  ORDER BY u.id
  ON CONFLICT (user_id) DO UPDATE SET
    subscription_tier = excluded.subscription_tier,
    max_storage = CASE excluded.subscription_tier WHEN 'CUSTOM' THEN q.max_storage ELSE excluded.max_storage END,
    max_file_size = CASE excluded.subscription_tier WHEN 'CUSTOM' THEN q.max_file_size ELSE excluded.max_file_size END,
    max_files = CASE excluded.subscription_tier WHEN 'CUSTOM' THEN q.max_files ELSE excluded.max_files END
  WHERE q.subscription_tier <> excluded.subscription_tier;
END $$
""",
    "follow_tier()": """
CREATE FUNCTION follow_tier() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  PERFORM ensure_quotas(ARRAY[NEW.id]);
  RETURN NULL;
END $$
""",
    # What people store, counted anew from their files.
    "recount_storage(uuid[])": """
CREATE FUNCTION recount_storage(people uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  PERFORM ensure_quotas(people);
  WITH counted AS (
    SELECT user_id, usage_context, count(*) AS files, sum(size) AS bytes
    FROM storage_files WHERE user_id = ANY (people) AND deleted_at IS NULL GROUP BY user_id, usage_context
  )
  UPDATE storage_quotas q
  SET (used_storage, file_count, usage_breakdown) = (
      SELECT coalesce(sum(bytes), 0), coalesce(sum(files), 0),
        coalesce(jsonb_object_agg(usage_context, bytes) FILTER (WHERE bytes > 0), '{}')
      FROM counted c WHERE c.user_id = q.user_id),
    last_calculated = now()
  WHERE q.user_id = ANY (people);
END $$
""",
    # The same by what a statement changed. A statement that adds is refused where it goes over the limits; one that takes
    # away, or only renames, never is, however low the limits have become.
    "count_files()": """
CREATE FUNCTION count_files() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  added text := 'SELECT user_id, usage_context, 1 AS n, size FROM added WHERE deleted_at IS NULL';
  removed text := 'SELECT user_id, usage_context, -1 AS n, -size AS size FROM removed WHERE deleted_at IS NULL';
  changes text := CASE TG_OP
    WHEN 'INSERT' THEN added WHEN 'DELETE' THEN removed ELSE added || ' UNION ALL ' || removed END;
  larger text := 'SELECT a.user_id, a.size FROM added a' || CASE TG_OP
    WHEN 'UPDATE' THEN ' LEFT JOIN removed r ON r.user_id = a.user_id AND r.id = a.id WHERE a.size > coalesce(r.size, 0)'
    ELSE '' END;
  people uuid[];
  too_many boolean;
  too_much boolean;
  too_large boolean;
BEGIN
  EXECUTE format($sql$
    SELECT array_agg(DISTINCT user_id) FROM (
      SELECT user_id FROM (%s) changed GROUP BY user_id, usage_context HAVING sum(n) <> 0 OR sum(size) <> 0) moved
  $sql$, changes) INTO people;
  IF people IS NULL THEN
    RETURN NULL;
  END IF;
  PERFORM ensure_quotas(people);
  EXECUTE format($sql$
    WITH delta AS MATERIALIZED (
      SELECT user_id, usage_context, sum(n) AS files, sum(size) AS bytes FROM (%s) changed GROUP BY 1, 2
    ),
    total AS (
      SELECT user_id, sum(files) AS files, sum(bytes) AS bytes FROM delta GROUP BY 1
    ),
    counted AS (
      UPDATE storage_quotas q
      SET used_storage = q.used_storage + total.bytes,
        file_count = q.file_count + total.files,
        usage_breakdown = (
          SELECT coalesce(jsonb_object_agg(context, bytes) FILTER (WHERE bytes > 0), '{}')
          FROM (
            SELECT context, sum(bytes) AS bytes
            FROM (
              SELECT key AS context, value::numeric AS bytes FROM jsonb_each_text(q.usage_breakdown)
              UNION ALL
              SELECT usage_context, bytes FROM delta WHERE delta.user_id = q.user_id
            ) parts GROUP BY context
          ) contexts
        ),
        last_calculated = now()
      FROM total
      WHERE q.user_id = total.user_id
      RETURNING total.files > 0 AND q.file_count > q.max_files AS too_many,
        total.bytes > 0 AND q.used_storage > q.max_storage AS too_much
    )
    SELECT coalesce(bool_or(too_many), false), coalesce(bool_or(too_much), false) FROM counted
  $sql$, changes) INTO too_many, too_much;
  IF TG_OP <> 'DELETE' THEN
    EXECUTE format($sql$
      SELECT EXISTS (SELECT FROM (%s) f JOIN storage_quotas q ON q.user_id = f.user_id WHERE f.size > q.max_file_size)
    $sql$, larger) INTO too_large;
  END IF;
  IF too_large THEN
    RAISE EXCEPTION 'the file is larger than one file may be'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'storage_quotas_max_file_size', TABLE = 'storage_files';
  ELSIF too_many THEN
    RAISE EXCEPTION 'there are as many files as there may be'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'storage_quotas_max_files', TABLE = 'storage_files';
  ELSIF too_much THEN
    RAISE EXCEPTION 'the files need more storage than there is'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'storage_quotas_max_storage', TABLE = 'storage_files';
  END IF;
  RETURN NULL;
END $$
""",
    # The log of a file outlives the file, so that no foreign key can say whose it is: it is asked once, here.
    "require_own_file()": """
CREATE FUNCTION require_own_file() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM storage_files f WHERE f.user_id = NEW.user_id AND f.id = NEW.file_id) THEN
    RAISE EXCEPTION 'the person has no file %', NEW.file_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'file_access_logs_file', TABLE = 'file_access_logs';
  END IF;
  RETURN NEW;
END $$
""",
    "keep_file_share_lookup()": """
CREATE FUNCTION keep_file_share_lookup() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  DELETE FROM file_share_lookup WHERE user_id = NEW.user_id AND share_id = NEW.id;
  INSERT INTO file_share_lookup (share_token, user_id, share_id) VALUES (NEW.share_token, NEW.user_id, NEW.id);
  RETURN NULL;
END $$
""",
}
TRIGGERS = [
    """
CREATE TRIGGER take_turns BEFORE INSERT OR UPDATE ON storage_folders
FOR EACH STATEMENT EXECUTE FUNCTION take_turns_with_folders()
""",
    """
CREATE TRIGGER place BEFORE INSERT OR UPDATE OF name, parent_id, path ON storage_folders
FOR EACH ROW EXECUTE FUNCTION place_folder()
""",
    """
CREATE TRIGGER place_descendants AFTER UPDATE ON storage_folders REFERENCING NEW TABLE AS added OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION place_descendants()
""",
    """
CREATE TRIGGER delete_contents AFTER UPDATE ON storage_folders REFERENCING NEW TABLE AS added OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION delete_contents()
""",
    """
CREATE TRIGGER count_inserted AFTER INSERT ON storage_files REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION count_files()
""",
    """
CREATE TRIGGER count_updated AFTER UPDATE ON storage_files REFERENCING NEW TABLE AS added OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION count_files()
""",
    """
CREATE TRIGGER count_deleted AFTER DELETE ON storage_files REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION count_files()
""",
    """
CREATE TRIGGER quota_of_tier AFTER UPDATE OF subscription_tier ON users
FOR EACH ROW WHEN (OLD.subscription_tier <> NEW.subscription_tier) EXECUTE FUNCTION follow_tier()
""",
    """
CREATE TRIGGER own_file BEFORE INSERT ON file_access_logs FOR EACH ROW EXECUTE FUNCTION require_own_file()
""",
    """
CREATE TRIGGER share_lookup AFTER INSERT OR UPDATE OF share_token ON file_shares
FOR EACH ROW EXECUTE FUNCTION keep_file_share_lookup()
""",
]


def upgrade() -> None:
    op.create_table(
        "storage_folders",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("path", sa.String(length=2000), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("color", sa.String(length=50), nullable=True),
        sa.Column("icon", sa.String(length=50), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "name <> '' AND name !~ '/' AND name NOT IN ('.', '..')", name=op.f("ck_storage_folders_name")
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "parent_id"],
            ["storage_folders.user_id", "storage_folders.id"],
            name=op.f("fk_storage_folders_user_id_parent_id_storage_folders"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_storage_folders_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_storage_folders")),
    )
    op.create_index(
        op.f("ix_storage_folders_deleted_at"),
        "storage_folders",
        ["deleted_at"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_storage_folders_user_id_parent_id"), "storage_folders", ["user_id", "parent_id"], unique=False
    )
    op.create_index(
        "uq_storage_folders_path",
        "storage_folders",
        ["user_id", "path"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "storage_files",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("filename", sa.String(length=500), nullable=False),
        sa.Column("original_name", sa.String(length=500), nullable=False),
        sa.Column("storage_path", sa.String(length=1000), nullable=False),
        sa.Column("storage_provider", sa.String(length=50), server_default=sa.text("'VERCEL_BLOB'"), nullable=False),
        sa.Column("mime_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="bytes"),
        sa.Column("checksum", sa.String(length=64), nullable=False),
        sa.Column("folder_id", sa.Uuid(), nullable=True),
        sa.Column("access_level", sa.String(length=50), server_default=sa.text("'PRIVATE'"), nullable=False),
        sa.Column("usage_context", sa.String(length=50), server_default=sa.text("'OTHER'"), nullable=False),
        sa.Column("encrypted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("encryption_key_id", sa.String(length=255), nullable=True),
        sa.Column("is_processed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("processing_status", sa.String(length=50), nullable=True),
        sa.Column("thumbnail_path", sa.String(length=1000), nullable=True),
        sa.Column("metadata", postgresql.JSONB(), nullable=True),
        sa.Column("virus_scan_status", sa.String(length=50), nullable=True),
        sa.Column("virus_scan_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "access_level IN ('PRIVATE', 'INTERNAL', 'PUBLIC', 'SHARED')", name=op.f("ck_storage_files_access_level")
        ),
        sa.CheckConstraint("checksum ~ '^[0-9a-f]{64}$'", name=op.f("ck_storage_files_checksum")),
        sa.CheckConstraint(
            "filename <> '' AND filename !~ '/' AND filename NOT IN ('.', '..')", name=op.f("ck_storage_files_filename")
        ),
        sa.CheckConstraint(
            "storage_provider IN ('VERCEL_BLOB', 'LOCAL', 'AWS_S3', 'CLOUDFLARE_R2')",
            name=op.f("ck_storage_files_storage_provider"),
        ),
        sa.CheckConstraint(
            "usage_context <> 'TEMP' OR expires_at IS NOT NULL", name=op.f("ck_storage_files_temporary")
        ),
        sa.CheckConstraint(
            "usage_context IN ('THEME', 'AVATAR', 'TICKET', 'ARTIFACT', 'HEALTH', 'FINANCE', 'BACKUP', 'TEMP', 'OTHER')",
            name=op.f("ck_storage_files_usage_context"),
        ),
        sa.CheckConstraint(
            "encrypted = (encryption_key_id IS NOT NULL)", name=op.f("ck_storage_files_encryption_key_id")
        ),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_storage_files_expires_at")),
        sa.CheckConstraint("size >= 0", name=op.f("ck_storage_files_size")),
        sa.CheckConstraint(
            "virus_scan_date IS NULL OR virus_scan_status IS NOT NULL", name=op.f("ck_storage_files_virus_scan")
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "folder_id"],
            ["storage_folders.user_id", "storage_folders.id"],
            name=op.f("fk_storage_files_user_id_folder_id_storage_folders"),
            ondelete="SET NULL (folder_id)",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_storage_files_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_storage_files")),
    )
    op.create_index(
        op.f("ix_storage_files_deleted_at"),
        "storage_files",
        ["deleted_at"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_storage_files_expires_at"),
        "storage_files",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_storage_files_user_id_checksum"), "storage_files", ["user_id", "checksum"], unique=False)
    op.create_index(op.f("ix_storage_files_user_id_folder_id"), "storage_files", ["user_id", "folder_id"], unique=False)
    op.create_index(
        op.f("ix_storage_files_user_id_usage_context"),
        "storage_files",
        ["user_id", "usage_context"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "storage_quotas",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("max_storage", sa.BigInteger(), nullable=False),
        sa.Column("max_file_size", sa.BigInteger(), nullable=False),
        sa.Column("max_files", sa.Integer(), nullable=False),
        sa.Column("used_storage", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("file_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "usage_breakdown",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="bytes by context",
        ),
        sa.Column("subscription_tier", sa.String(length=50), server_default=sa.text("'FREE'"), nullable=False),
        sa.Column("last_calculated", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "subscription_tier IN ('FREE', 'BASIC', 'PRO', 'ENTERPRISE', 'CUSTOM', 'UNLIMITED')",
            name=op.f("ck_storage_quotas_subscription_tier"),
        ),
        sa.CheckConstraint(
            "max_storage >= 0 AND max_file_size >= 0 AND max_files >= 0", name=op.f("ck_storage_quotas_limits")
        ),
        sa.CheckConstraint("used_storage >= 0 AND file_count >= 0", name=op.f("ck_storage_quotas_counts")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_storage_quotas_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_storage_quotas")),
        sa.UniqueConstraint("user_id", name=op.f("uq_storage_quotas_user_id")),
        postgresql_with={"fillfactor": 80},
    )
    op.create_table(
        "file_access_logs",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("accessed_by", sa.Uuid(), nullable=True),
        sa.Column("action", sa.String(length=50), nullable=False),
        sa.Column("ip_address", postgresql.INET(), nullable=True),
        sa.Column("user_agent", sa.String(), nullable=True),
        sa.Column("metadata", postgresql.JSONB(), nullable=True),
        sa.Column("timestamp", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "action IN ('UPLOAD', 'DOWNLOAD', 'VIEW', 'DELETE', 'SHARE', 'UPDATE')",
            name=op.f("ck_file_access_logs_action"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_file_access_logs_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_file_access_logs")),
    )
    op.create_index(op.f("ix_file_access_logs_accessed_by"), "file_access_logs", ["accessed_by"], unique=False)
    op.create_index(op.f("ix_file_access_logs_timestamp"), "file_access_logs", ["timestamp"], unique=False)
    op.create_index(
        op.f("ix_file_access_logs_user_id_file_id_timestamp"),
        "file_access_logs",
        ["user_id", "file_id", "timestamp"],
        unique=False,
    )
    op.create_table(
        "file_shares",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("shared_by", sa.Uuid(), nullable=True),
        sa.Column("share_type", sa.String(length=50), server_default=sa.text("'LINK'"), nullable=False),
        sa.Column("share_token", sa.String(length=64), nullable=False),
        sa.Column("password", sa.String(length=255), nullable=True),
        sa.Column("max_downloads", sa.Integer(), nullable=True),
        sa.Column("download_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("allow_download", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("allow_view", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_accessed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("password ~ '^\\$(scrypt|argon2id)\\$[!-~]{32,}$'", name=op.f("ck_file_shares_password")),
        sa.CheckConstraint("share_token ~ '^[0-9a-f]{64}$'", name=op.f("ck_file_shares_share_token")),
        sa.CheckConstraint("share_type IN ('LINK', 'EMAIL', 'USER')", name=op.f("ck_file_shares_share_type")),
        sa.CheckConstraint("allow_download OR allow_view", name=op.f("ck_file_shares_allowed")),
        sa.CheckConstraint("allow_download OR download_count = 0", name=op.f("ck_file_shares_download_count")),
        sa.CheckConstraint(
            "download_count >= 0 AND download_count <= coalesce(max_downloads, download_count)",
            name=op.f("ck_file_shares_downloads"),
        ),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_file_shares_expires_at")),
        sa.CheckConstraint(
            "last_accessed BETWEEN created_at AND least(expires_at, revoked_at, last_accessed)",
            name=op.f("ck_file_shares_last_accessed"),
        ),
        sa.CheckConstraint("max_downloads > 0", name=op.f("ck_file_shares_max_downloads")),
        sa.CheckConstraint("revoked_at >= created_at", name=op.f("ck_file_shares_revoked_at")),
        sa.ForeignKeyConstraint(
            ["shared_by"], ["users.id"], name=op.f("fk_file_shares_shared_by_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "file_id"],
            ["storage_files.user_id", "storage_files.id"],
            name=op.f("fk_file_shares_user_id_file_id_storage_files"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_file_shares_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_file_shares")),
    )
    op.create_index(
        op.f("ix_file_shares_expires_at"),
        "file_shares",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_file_shares_shared_by"), "file_shares", ["shared_by"], unique=False)
    op.create_index(op.f("ix_file_shares_user_id_file_id"), "file_shares", ["user_id", "file_id"], unique=False)
    op.create_table(
        "file_share_lookup",
        sa.Column("share_token", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("share_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "share_id"],
            ["file_shares.user_id", "file_shares.id"],
            name=op.f("fk_file_share_lookup_user_id_share_id_file_shares"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("share_token", name=op.f("pk_file_share_lookup")),
        sa.UniqueConstraint("user_id", "share_id", name=op.f("uq_file_share_lookup_user_id_share_id")),
    )

    for statement in (*FUNCTIONS.values(), *TRIGGERS):
        op.execute(statement)
    for function in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    keep_updated_at("storage_folders", "storage_files", "storage_quotas")
    described = "name, parent_id, description, color, icon"
    protect(
        "storage_folders",
        {
            "cauce_user": (("SELECT", f"INSERT (user_id, {described})", f"UPDATE ({described}, deleted_at)"), OWN),
            "cauce_ingest": (("SELECT", f"INSERT (user_id, id, {described})"), TENANT),
        },
    )
    metadata = (
        "user_id, id, storage_provider, mime_type, size, usage_context, encrypted, is_processed, processing_status,"
        " virus_scan_status, virus_scan_date, created_at, updated_at, deleted_at, expires_at"
    )
    protect(
        "storage_files",
        {
            "cauce_user": (("SELECT", "UPDATE (filename, folder_id, access_level, deleted_at)"), OWN),
            "cauce_ingest": (WRITE, TENANT),
            # Sizes and kinds, no names; of health and finance not even that there is something.
            "cauce_admin": ((f"SELECT ({metadata})",), "usage_context NOT IN ('HEALTH', 'FINANCE')"),
        },
    )
    limits = "max_storage, max_file_size, max_files"
    totals = (
        f"user_id, id, {limits}, used_storage, file_count, subscription_tier, last_calculated, created_at, updated_at"
    )
    protect(
        "storage_quotas",
        {
            "cauce_user": (READ, OWN),
            "cauce_ingest": (READ, TENANT),
            "cauce_admin": ((f"SELECT ({totals})", f"UPDATE ({limits})"), ALL),
        },
    )
    audit("storage_quotas", *limits.split(", "), on="UPDATE", action="UPDATE_QUOTA")
    protect(
        "file_access_logs",
        {
            "cauce_user": (READ, OWN),
            "cauce_ingest": (("SELECT", "INSERT"), TENANT),
            "cauce_admin": (("SELECT (user_id, id, file_id, accessed_by, action, ip_address, timestamp)",), ALL),
        },
    )
    shown = (
        "user_id, id, file_id, shared_by, share_type, max_downloads, download_count, allow_download, allow_view,"
        " expires_at, last_accessed, revoked_at, created_at"
    )
    allowed = "password, max_downloads, allow_download, allow_view, expires_at"
    protect(
        "file_shares",
        {
            "cauce_user": (
                (
                    f"SELECT ({shown})",
                    f"INSERT (user_id, file_id, shared_by, share_type, share_token, {allowed})",
                    f"UPDATE ({allowed}, revoked_at)",
                ),
                OWN,
            ),
            "cauce_ingest": (("SELECT", "UPDATE (download_count, last_accessed)"), TENANT),
            "cauce_admin": ((f"SELECT ({shown})",), ALL),
        },
    )
    protect("file_share_lookup", {})


def downgrade() -> None:
    op.execute("DROP TRIGGER quota_of_tier ON users")
    op.drop_table("file_share_lookup")
    op.drop_table("file_shares")
    op.drop_table("file_access_logs")
    op.drop_table("storage_quotas")
    op.drop_table("storage_files")
    op.drop_table("storage_folders")
    for function in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
