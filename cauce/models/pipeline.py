"""What the pipeline did: loaded files, rows kept aside, and publications of the marts."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from cauce.models.base import Base, Count, Created, Sealed, one_of


class BatchStatus(StrEnum):
    """Where a batch stands."""

    RUNNING = "running"
    DONE = "done"
    UNDONE = "undone"


class QuarantineStatus(StrEnum):
    """What became of a row that was kept aside."""

    OPEN = "open"
    RESOLVED = "resolved"
    DISCARDED = "discarded"


class PublicationStatus(StrEnum):
    """How an attempt to publish ended."""

    PUBLISHED = "published"
    FAILED = "failed"


class IngestBatch(Base):
    """One load of one file: what it was, whose, and what became of each of its records."""

    __tablename__ = "ingest_batches"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    domain: Mapped[str] = mapped_column(String(50))
    source_file: Mapped[str] = mapped_column(String(500))
    format: Mapped[str] = mapped_column(String(100))
    format_version: Mapped[int]
    content_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    read: Mapped[Count]
    loaded: Mapped[Count]
    updated: Mapped[Count]
    duplicate: Mapped[Count]
    quarantined: Mapped[Count]
    ignored: Mapped[Count]
    ignored_kinds: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    status: Mapped[str] = mapped_column(String(20), server_default=text("'running'"))
    started_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    finished_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("status", BatchStatus),
        CheckConstraint("read = loaded + updated + duplicate + quarantined + ignored", name="conservation"),
        CheckConstraint(
            "loaded >= 0 AND updated >= 0 AND duplicate >= 0 AND quarantined >= 0 AND ignored >= 0", name="counts"
        ),
        Index(None, "content_sha256"),
        Index(None, "user_id"),
    )


class QuarantinedRow(Created, Base):
    """A record that could not be loaded, with its text, where it stood, the rule it broke and why.

    `raw` holds the text where nobody's privacy is at stake; of finance and health it is sealed in `raw_sealed`.
    """

    __tablename__ = "quarantined_rows"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("ingest_batches.id", ondelete="CASCADE"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    domain: Mapped[str] = mapped_column(String(50))
    record: Mapped[int] = mapped_column(BigInteger)
    line: Mapped[int | None] = mapped_column(BigInteger)
    column_name: Mapped[str | None] = mapped_column(String(100))
    rule: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str]
    raw: Mapped[str | None]
    raw_sealed: Mapped[Sealed | None]
    raw_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(String(20), server_default=text("'open'"))
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[UUID | None] = mapped_column(ForeignKey("ingest_batches.id", ondelete="SET NULL"))

    __table_args__ = (
        one_of("status", QuarantineStatus),
        CheckConstraint("(raw IS NULL) <> (raw_sealed IS NULL)", name="raw_once"),
        Index(None, "batch_id"),
        Index(None, "user_id"),
        Index(None, "raw_hash"),
        Index(None, "resolved_by", postgresql_where=text("resolved_by IS NOT NULL")),
    )


class Publication(Base):
    """An attempt to make a built candidate the marts that people read."""

    __tablename__ = "publications"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    attempted_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    published_at: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(String(20))
    as_of: Mapped[datetime]
    input_fingerprint: Mapped[str]
    checks_passed: Mapped[int] = mapped_column(server_default=text("0"))
    checks_failed: Mapped[int] = mapped_column(server_default=text("0"))
    failures: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    code_version: Mapped[str | None] = mapped_column(String(100))

    __table_args__ = (
        one_of("status", PublicationStatus),
        CheckConstraint("(status = 'published') = (published_at IS NOT NULL)", name="published_at"),
        Index(None, "attempted_at"),
    )
