"""Documents, their chunks, and retrieval settings."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import ALL, OWN, READ, TENANT, WRITE, keep_updated_at, protect

revision: str = "documents"
down_revision: str | None = "artifacts"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

FUNCTIONS = {
    # What documents know of their chunks, counted anew. Documents are locked in the order of their keys, so that writers
    # cannot deadlock; the statement after it sees what those it waited for have written.
    "recount_documents(uuid[], uuid[])": """
CREATE FUNCTION recount_documents(people uuid[], documents uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  PERFORM FROM rag_documents d
  WHERE (d.user_id, d.id) IN (SELECT * FROM unnest(people, documents))
  ORDER BY d.user_id, d.id FOR NO KEY UPDATE;

  UPDATE rag_documents d
  SET chunk_count = counted.chunks,
    vector_ids = counted.vectors,
    indexed = d.indexed AND counted.chunks > 0 AND cardinality(counted.vectors) = counted.chunks
  FROM (SELECT DISTINCT * FROM unnest(people, documents)) AS touched (user_id, id)
  CROSS JOIN LATERAL (
    SELECT count(*) AS chunks,
      coalesce(array_agg(c.vector_id::text ORDER BY c.position) FILTER (WHERE c.vector_id IS NOT NULL), '{}') AS vectors
    FROM document_chunks c WHERE c.user_id = touched.user_id AND c.document_id = touched.id
  ) AS counted
  WHERE d.user_id = touched.user_id AND d.id = touched.id
    AND (d.chunk_count, d.vector_ids) IS DISTINCT FROM (counted.chunks, counted.vectors);
END $$
""",
    "count_chunks()": """
CREATE FUNCTION count_chunks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  added text := 'SELECT user_id, document_id FROM added';
  removed text := 'SELECT user_id, document_id FROM removed';
  changed text := CASE TG_OP
    WHEN 'INSERT' THEN added WHEN 'DELETE' THEN removed ELSE added || ' UNION ALL ' || removed END;
BEGIN
  EXECUTE format('SELECT recount_documents(array_agg(user_id), array_agg(document_id)) FROM (SELECT DISTINCT * FROM (%s) c) d', changed);
  RETURN NULL;
END $$
""",
}
TRIGGERS = [
    """
CREATE TRIGGER count_inserted AFTER INSERT ON document_chunks REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION count_chunks()
""",
    """
CREATE TRIGGER count_updated AFTER UPDATE ON document_chunks REFERENCING NEW TABLE AS added OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION count_chunks()
""",
    """
CREATE TRIGGER count_deleted AFTER DELETE ON document_chunks REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION count_chunks()
""",
]


def upgrade() -> None:
    op.create_table(
        "rag_documents",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("source", sa.String(length=50), nullable=False),
        sa.Column("source_url", sa.String(length=500), nullable=True),
        sa.Column("mime_type", sa.String(length=100), nullable=True),
        sa.Column("indexed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("vector_ids", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("chunk_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("metadata", postgresql.JSONB(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("source <> 'URL' OR source_url IS NOT NULL", name=op.f("ck_rag_documents_source_url")),
        sa.CheckConstraint("source IN ('FILE', 'PASTE', 'URL', 'MCP')", name=op.f("ck_rag_documents_source")),
        sa.CheckConstraint("title <> ''", name=op.f("ck_rag_documents_title")),
        sa.CheckConstraint(
            "NOT indexed OR (chunk_count > 0 AND cardinality(vector_ids) = chunk_count)",
            name=op.f("ck_rag_documents_indexed"),
        ),
        sa.CheckConstraint(
            "cardinality(vector_ids) BETWEEN 0 AND chunk_count", name=op.f("ck_rag_documents_chunk_count")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_rag_documents_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_rag_documents")),
    )
    op.create_index(
        op.f("ix_rag_documents_deleted_at"),
        "rag_documents",
        ["deleted_at"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_table(
        "document_chunks",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("token_count", sa.Integer(), nullable=False),
        sa.Column("vector_id", sa.String(length=255), nullable=True),
        sa.Column("embedding_model", sa.String(length=100), nullable=True),
        sa.Column("embedding_dimensions", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("content <> ''", name=op.f("ck_document_chunks_content")),
        sa.CheckConstraint("embedding_dimensions > 0", name=op.f("ck_document_chunks_embedding_dimensions")),
        sa.CheckConstraint(
            "num_nulls(vector_id, embedding_model, embedding_dimensions) IN (0, 3)",
            name=op.f("ck_document_chunks_vector"),
        ),
        sa.CheckConstraint("position >= 0", name=op.f("ck_document_chunks_position")),
        sa.CheckConstraint("token_count > 0", name=op.f("ck_document_chunks_token_count")),
        sa.ForeignKeyConstraint(
            ["user_id", "document_id"],
            ["rag_documents.user_id", "rag_documents.id"],
            name=op.f("fk_document_chunks_user_id_document_id_rag_documents"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_document_chunks_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_document_chunks")),
        sa.UniqueConstraint(
            "user_id", "document_id", "position", name=op.f("uq_document_chunks_user_id_document_id_position")
        ),
        sa.UniqueConstraint("user_id", "vector_id", name=op.f("uq_document_chunks_user_id_vector_id")),
    )
    op.create_table(
        "system_documents",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("source_url", sa.String(length=500), nullable=True),
        sa.Column("mime_type", sa.String(length=100), nullable=True),
        sa.Column("indexed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("vector_ids", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("metadata", postgresql.JSONB(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("title <> ''", name=op.f("ck_system_documents_title")),
        sa.CheckConstraint("NOT indexed OR cardinality(vector_ids) > 0", name=op.f("ck_system_documents_indexed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_system_documents")),
    )
    op.create_table(
        "rag_settings",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("top_k", sa.Integer(), server_default=sa.text("5"), nullable=False),
        sa.Column("threshold", sa.Numeric(precision=3, scale=2), server_default=sa.text("0.7"), nullable=False),
        sa.Column("collections", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("advanced_settings", postgresql.JSONB(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("threshold BETWEEN 0 AND 1", name=op.f("ck_rag_settings_threshold")),
        sa.CheckConstraint("top_k BETWEEN 1 AND 20", name=op.f("ck_rag_settings_top_k")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_rag_settings_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_rag_settings")),
        sa.UniqueConstraint("user_id", name=op.f("uq_rag_settings_user_id")),
    )

    for statement in (*FUNCTIONS.values(), *TRIGGERS):
        op.execute(statement)
    for function in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    keep_updated_at("rag_documents", "system_documents", "rag_settings")
    written = "title, source, source_url, mime_type, tags, metadata, deleted_at"
    protect(
        "rag_documents",
        {
            "cauce_user": (("SELECT", "UPDATE (title, tags, deleted_at)"), OWN),
            # Not the counters: those are its chunks'.
            "cauce_ingest": (
                ("SELECT", f"INSERT (user_id, id, {written})", f"UPDATE ({written}, indexed)", "DELETE"),
                TENANT,
            ),
        },
    )
    protect("document_chunks", {"cauce_user": (READ, OWN), "cauce_ingest": (WRITE, TENANT)})
    protect("system_documents", {"cauce_user": (READ, ALL), "cauce_admin": (WRITE, ALL)})
    protect("rag_settings", {"cauce_user": (("SELECT", "INSERT", "UPDATE"), OWN)})


def downgrade() -> None:
    op.drop_table("rag_settings")
    op.drop_table("system_documents")
    op.drop_table("document_chunks")
    op.drop_table("rag_documents")
    for function in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
