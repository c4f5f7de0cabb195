"""What agents make: code, documents, pictures, in versions."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, ForeignKeyConstraint, Index, String, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from cauce.models.base import Base, Recoverable, Tenant, Timestamps, one_of, owned
from cauce.models.identity import Language

SEARCHED = (
    "to_tsvector(CASE language WHEN 'en' THEN 'english'::regconfig ELSE 'spanish'::regconfig END,"
    " left(name || ' ' || content, 100000))"
)
"""The words of the first 100,000 characters, in the row's language: a text search vector holds 1 MB at most."""


class ArtifactType(StrEnum):
    """What an artifact is."""

    CODE = "CODE"
    JSON = "JSON"
    HTML = "HTML"
    MARKDOWN = "MARKDOWN"
    LATEX = "LATEX"
    DIAGRAM = "DIAGRAM"
    IMAGE = "IMAGE"
    TABLE = "TABLE"
    WIDGET = "WIDGET"
    FILE = "FILE"


class Artifact(Tenant, Timestamps, Recoverable, Base):
    """One version of something an agent made; `parent_id` is the version before it.

    A version's number is its parent's plus one, by a foreign key, and so no chain can close to a circle. Of a share's
    token only the SHA-256 in hexadecimal is here, and it ends at `share_expires_at`.
    """

    __tablename__ = "artifacts"

    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="RESTRICT"))
    conversation_id: Mapped[UUID | None]
    name: Mapped[str] = mapped_column(String(500))
    type: Mapped[str] = mapped_column(String(50))
    content: Mapped[str]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    parent_id: Mapped[UUID | None]
    parent_version: Mapped[int] = mapped_column(Computed("version - 1", persisted=True))
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata")
    tags: Mapped[list[Any] | None]
    blob_url: Mapped[str | None] = mapped_column(String(500))
    blob_size: Mapped[int | None] = mapped_column(BigInteger, comment="bytes")
    is_public: Mapped[bool] = mapped_column(server_default=text("false"))
    share_token: Mapped[str | None] = mapped_column(String(64))
    share_expires_at: Mapped[datetime | None]
    language: Mapped[str] = mapped_column(String(10), comment="of the content; the person's when it is not given")
    search: Mapped[str | None] = mapped_column(TSVECTOR, Computed(SEARCHED, persisted=True), deferred=True)

    __table_args__ = (
        owned("conversation_id", "conversations", ondelete="SET NULL"),
        owned("parent_id", "artifacts", ondelete="SET NULL"),
        Unique("user_id", "id", "version"),
        # Asked at commit, after a purged parent was let go of by the foreign key above.
        ForeignKeyConstraint(
            ["user_id", "parent_id", "parent_version"],
            ["artifacts.user_id", "artifacts.id", "artifacts.version"],
            name="fk_artifacts_parent_version",
            deferrable=True,
            initially="DEFERRED",
        ),
        one_of("type", ArtifactType),
        one_of("language", Language),
        CheckConstraint("name <> ''", name="name"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("jsonb_typeof(metadata) = 'object'", name="metadata"),
        CheckConstraint("jsonb_typeof(tags) = 'array'", name="tags"),
        CheckConstraint("(blob_url IS NULL) = (blob_size IS NULL) AND coalesce(blob_size, 0) >= 0", name="blob"),
        CheckConstraint("share_token ~ '^[0-9a-f]{64}$'", name="share_token"),
        CheckConstraint("(share_token IS NULL) = (share_expires_at IS NULL)", name="share_ends"),
        CheckConstraint("share_expires_at > created_at", name="share_expires_at"),
        Index(None, "agent_id"),
        Index(None, "user_id", "conversation_id"),
        Index(None, "user_id", "parent_id"),
        Index(None, "deleted_at", postgresql_where=text("deleted_at IS NOT NULL")),
    )


class ArtifactShareLookup(Base):
    """Whose artifact a share's token opens: its hash is unique over all people, and looked up before any is known."""

    __tablename__ = "artifact_share_lookup"

    share_token: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[UUID]
    artifact_id: Mapped[UUID]

    __table_args__ = (Unique("user_id", "artifact_id"), owned("artifact_id", "artifacts"))
