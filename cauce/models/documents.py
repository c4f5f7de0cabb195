"""Documents for retrieval, their chunks, and a person's retrieval settings."""

from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, String, Text, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from cauce.models.base import Base, Created, Recoverable, Tenant, Timestamps, one_of, owned


class DocumentSource(StrEnum):
    """Where a person's document comes from. Those of the system itself are `system_documents`."""

    FILE = "FILE"
    PASTE = "PASTE"
    URL = "URL"
    MCP = "MCP"


class RagDocument(Tenant, Timestamps, Recoverable, Base):
    """A person's document. A trigger keeps `chunk_count` and `vector_ids` (by position) from its chunks."""

    __tablename__ = "rag_documents"

    title: Mapped[str] = mapped_column(String(500))
    source: Mapped[str] = mapped_column(String(50))
    source_url: Mapped[str | None] = mapped_column(String(500))
    mime_type: Mapped[str | None] = mapped_column(String(100))
    indexed: Mapped[bool] = mapped_column(server_default=text("false"))
    vector_ids: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    chunk_count: Mapped[int] = mapped_column(server_default=text("0"))
    tags: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata")

    __table_args__ = (
        one_of("source", DocumentSource),
        CheckConstraint("title <> ''", name="title"),
        CheckConstraint("source <> 'URL' OR source_url IS NOT NULL", name="source_url"),
        CheckConstraint("cardinality(vector_ids) BETWEEN 0 AND chunk_count", name="chunk_count"),
        CheckConstraint("NOT indexed OR (chunk_count > 0 AND cardinality(vector_ids) = chunk_count)", name="indexed"),
        Index(None, "deleted_at", postgresql_where=text("deleted_at IS NOT NULL")),
    )


class DocumentChunk(Tenant, Created, Base):
    """A piece of a document, and the vector it has in the vector store."""

    __tablename__ = "document_chunks"

    document_id: Mapped[UUID]
    position: Mapped[int]
    content: Mapped[str]
    token_count: Mapped[int]
    vector_id: Mapped[str | None] = mapped_column(String(255))
    embedding_model: Mapped[str | None] = mapped_column(String(100))
    embedding_dimensions: Mapped[int | None]

    __table_args__ = (
        owned("document_id", "rag_documents"),
        Unique("user_id", "document_id", "position"),
        Unique("user_id", "vector_id"),
        CheckConstraint("position >= 0", name="position"),
        CheckConstraint("content <> ''", name="content"),
        CheckConstraint("token_count > 0", name="token_count"),
        CheckConstraint("num_nulls(vector_id, embedding_model, embedding_dimensions) IN (0, 3)", name="vector"),
        CheckConstraint("embedding_dimensions > 0", name="embedding_dimensions"),
    )


class SystemDocument(Timestamps, Base):
    """A document of the service itself, for everybody. A reference table: it has nobody's `user_id`."""

    __tablename__ = "system_documents"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    title: Mapped[str] = mapped_column(String(500))
    source_url: Mapped[str | None] = mapped_column(String(500))
    mime_type: Mapped[str | None] = mapped_column(String(100))
    indexed: Mapped[bool] = mapped_column(server_default=text("false"))
    vector_ids: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    tags: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata")

    __table_args__ = (
        CheckConstraint("title <> ''", name="title"),
        CheckConstraint("NOT indexed OR cardinality(vector_ids) > 0", name="indexed"),
    )


class RagSettings(Tenant, Timestamps, Base):
    """How a person wants retrieval to work; one row each."""

    __tablename__ = "rag_settings"

    top_k: Mapped[int] = mapped_column(server_default=text("5"))
    threshold: Mapped[Decimal] = mapped_column(Numeric(3, 2), server_default=text("0.7"))
    collections: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    advanced_settings: Mapped[dict[str, Any] | None]

    __table_args__ = (
        Unique("user_id"),
        CheckConstraint("top_k BETWEEN 1 AND 20", name="top_k"),
        CheckConstraint("threshold BETWEEN 0 AND 1", name="threshold"),
    )
