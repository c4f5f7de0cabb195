"""Keys, the audit log, retention and erasure."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, String, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.postgresql import INTERVAL
from sqlalchemy.orm import Mapped, mapped_column

from cauce.models.base import Base, Created, Timestamps, one_of


class RetentionSubject(StrEnum):
    """What is kept for a while only. The audit log is not among them: nothing ever removes it."""

    VERIFICATION_TOKENS = "verification_tokens"
    AUTH_SESSIONS = "auth_sessions"
    INVITATIONS = "invitations"
    MCP_SYNC_LOGS = "mcp_sync_logs"
    FILE_ACCESS_LOGS = "file_access_logs"
    USAGE_LOGS = "usage_logs"
    DELETED_ROWS = "deleted_rows"


class RetentionAction(StrEnum):
    """What becomes of rows whose time is over."""

    DELETE = "delete"
    EXPIRE = "expire"
    ARCHIVE = "archive"
    PURGE = "purge"


class ErasureStatus(StrEnum):
    """Where an erasure stands; one that was interrupted goes on when it is asked for again."""

    RUNNING = "running"
    DONE = "done"


class RetentionPolicy(Timestamps, Base):
    """How long rows of a subject are kept, counted from their end (tokens, sessions, invitations) or their making."""

    __tablename__ = "retention_policies"

    subject: Mapped[str] = mapped_column(String(50), primary_key=True)
    action: Mapped[str] = mapped_column(String(20))
    keep: Mapped[timedelta] = mapped_column(INTERVAL)
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))

    __table_args__ = (
        one_of("subject", RetentionSubject),
        one_of("action", RetentionAction),
        CheckConstraint("keep >= interval '0'", name="keep"),
    )


class Erasure(Base):
    """That somebody was erased: when, and how many rows of which table. The pseudonym was their id, and names nobody."""

    __tablename__ = "erasure_log"

    pseudonym: Mapped[UUID] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    finished_at: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(String(20), server_default=text("'running'"))
    removed: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))

    __table_args__ = (
        one_of("status", ErasureStatus),
        CheckConstraint("(status = 'done') = (finished_at IS NOT NULL)", name="finished_at"),
    )


class VectorDeletion(Created, Base):
    """A vector whose document is gone, until the vector store has deleted it, too. It tells nothing of the person."""

    __tablename__ = "vector_deletions"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    vector_id: Mapped[str] = mapped_column(String(255))

    __table_args__ = (Unique("vector_id"),)
