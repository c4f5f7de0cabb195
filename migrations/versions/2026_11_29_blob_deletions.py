"""What stores keep for rows that are gone is listed: files, too, and vectors that were replaced."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.policies import protect

revision: str = "blob_deletions"
down_revision: str | None = "narrow_loads"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# What a row pointed at and does not point at any more, because it went or was changed. Another row may still do so: who
# works a list off looks then, as a row may also come to point at something that is listed already.
FUNCTIONS = {
    "note_replaced_vector()": """
CREATE FUNCTION note_replaced_vector() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO vector_deletions (vector_id) VALUES (OLD.vector_id) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$
""",
    "note_file_blobs()": """
CREATE FUNCTION note_file_blobs() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO blob_deletions (provider, location)
  SELECT OLD.storage_provider, o.location FROM (VALUES (OLD.storage_path), (OLD.thumbnail_path)) AS o (location)
  WHERE o.location IS NOT NULL
    AND (TG_OP = 'DELETE' OR NEW.storage_provider <> OLD.storage_provider
      OR o.location NOT IN (NEW.storage_path, coalesce(NEW.thumbnail_path, NEW.storage_path)));
  RETURN NULL;
END $$
""",
    "note_artifact_blob()": """
CREATE FUNCTION note_artifact_blob() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO blob_deletions (location) VALUES (OLD.blob_url);
  RETURN NULL;
END $$
""",
}
TRIGGERS = [
    """
CREATE TRIGGER note_replaced_vector AFTER UPDATE ON document_chunks
FOR EACH ROW WHEN (OLD.vector_id <> NEW.vector_id OR (OLD.vector_id IS NOT NULL AND NEW.vector_id IS NULL))
EXECUTE FUNCTION note_replaced_vector()
""",
    """
CREATE TRIGGER note_blobs AFTER DELETE ON storage_files
FOR EACH ROW EXECUTE FUNCTION note_file_blobs()
""",
    """
CREATE TRIGGER note_replaced_blobs AFTER UPDATE ON storage_files
FOR EACH ROW WHEN ((OLD.storage_provider, OLD.storage_path, OLD.thumbnail_path)
  IS DISTINCT FROM (NEW.storage_provider, NEW.storage_path, NEW.thumbnail_path))
EXECUTE FUNCTION note_file_blobs()
""",
    """
CREATE TRIGGER note_blobs AFTER DELETE ON artifacts
FOR EACH ROW WHEN (OLD.blob_url IS NOT NULL) EXECUTE FUNCTION note_artifact_blob()
""",
    """
CREATE TRIGGER note_replaced_blobs AFTER UPDATE ON artifacts
FOR EACH ROW WHEN (OLD.blob_url <> NEW.blob_url OR (OLD.blob_url IS NOT NULL AND NEW.blob_url IS NULL))
EXECUTE FUNCTION note_artifact_blob()
""",
]


def upgrade() -> None:
    op.execute("LOCK TABLE artifacts, document_chunks, storage_files IN SHARE ROW EXCLUSIVE MODE")
    op.create_table(
        "blob_deletions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("provider", sa.String(length=50), nullable=True),
        sa.Column("location", sa.String(length=1000), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blob_deletions")),
    )
    # A path may tell of a person: what is worked off must not live on in statistics.
    op.execute("ALTER TABLE blob_deletions ALTER COLUMN location SET STATISTICS 0")
    protect("blob_deletions", {})
    for name, function in FUNCTIONS.items():
        op.execute(function)
        op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
    for trigger in TRIGGERS:
        op.execute(trigger)


def downgrade() -> None:
    op.execute("LOCK TABLE artifacts, document_chunks, storage_files IN ACCESS EXCLUSIVE MODE")
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name} CASCADE")
    op.drop_table("blob_deletions")
