"""Keys, the audit log, retention and erasure."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, LargeBinary, SmallInteger, String, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.postgresql import INET, INTERVAL
from sqlalchemy.orm import Mapped, mapped_column

from cauce.models.base import Base, Count, Created, Timestamps, one_of


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


class EncryptionKey(Created, Base):
    """A data key, wrapped by the installation's secret. The one not retired seals; a destroyed one holds nothing."""

    __tablename__ = "encryption_keys"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False, sort_order=-1)
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)
    retired_at: Mapped[datetime | None] = mapped_column(sort_order=99)

    __table_args__ = (
        CheckConstraint("id > 0", name="id"),
        CheckConstraint("octet_length(wrapped) = 60", name="wrapped"),
        CheckConstraint("wrapped IS NOT NULL OR retired_at IS NOT NULL", name="destroyed_is_retired"),
        Index(
            "uq_encryption_keys_active",
            text("(retired_at IS NULL)"),
            unique=True,
            postgresql_where=text("retired_at IS NULL"),
        ),
    )


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
    """Somebody was erased: when, and how many rows of which table. The pseudonym was their id and names nobody."""

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


class ErasedAddress(Base):
    """A keyed hash of an address whose person was erased. It tells nothing of who that was without the address."""

    __tablename__ = "erased_addresses"

    address_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    erased_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class VectorDeletion(Created, Base):
    """A vector that a chunk had, until the vector store has deleted it, too. It tells nothing of the person."""

    __tablename__ = "vector_deletions"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    vector_id: Mapped[str] = mapped_column(String(255))

    __table_args__ = (Unique("vector_id"),)


class BlobDeletion(Created, Base):
    """Where the bytes of a file or an artifact that is gone are, until their store has deleted them, too.

    Of an artifact's the provider is not known. The path may tell of the person.
    """

    __tablename__ = "blob_deletions"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    provider: Mapped[str | None] = mapped_column(String(50))
    location: Mapped[str] = mapped_column(String(1000))


class AuditEntry:
    """What an entry of the audit log says: who did what, to whom or what, when."""

    id: Mapped[UUID] = mapped_column(server_default=text("uuidv7()"))
    timestamp: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    actor: Mapped[str] = mapped_column(String(63), server_default=text("session_user"))
    admin_id: Mapped[UUID | None]
    action: Mapped[str] = mapped_column(String(100))
    target_type: Mapped[str | None] = mapped_column(String(50))
    target_id: Mapped[UUID | None]
    details: Mapped[dict[str, Any] | None]


class AuditPending(AuditEntry, Base):
    """Entries of a transaction that has not ended: its last act links them to the log, so nobody ever sees one here."""

    __tablename__ = "audit_pending"

    place: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True, sort_order=-1)
    ip_address: Mapped[str | None] = mapped_column(INET)
    user_agent: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("action ~ '^[A-Z][A-Z0-9_]*$'", name="action"),
        CheckConstraint("jsonb_typeof(details) = 'object'", name="details"),
        {"prefixes": ["UNLOGGED"]},
    )


class AuditLog(AuditEntry, Base):
    """The audit log: append-only for every role. Each entry's hash is over what it says and the hash before it.

    `admin_id` and `target_id` are without foreign keys, so that entries survive whom they name. `origin` is a
    commitment to the entry's row of `audit_origins`, and survives that.
    """

    __tablename__ = "audit_logs"

    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, sort_order=-1)
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    origin: Mapped[bytes | None] = mapped_column(LargeBinary)

    __table_args__ = (
        Index(None, "timestamp"),
        Index(None, "action", "timestamp"),
        Index(None, "admin_id", "timestamp"),
        Index(None, "target_id", "timestamp"),
    )


class AuditOrigin(Base):
    """Where somebody was when they did what the audit log tells, or failed to sign in. It goes when they are erased.

    Without `user_id` it is nobody's that is known. Without `salt` the entry is older than this table, and its own hash
    covers the address and the browser.
    """

    __tablename__ = "audit_origins"

    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[UUID | None] = mapped_column(index=True)
    ip_address: Mapped[str | None] = mapped_column(INET)
    user_agent: Mapped[str | None]
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)


class AuditHead(Base):
    """The end of the audit log, in one row: how many entries there are and the last one's hash."""

    __tablename__ = "audit_heads"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, server_default=text("1"), autoincrement=False)
    entries: Mapped[Count]
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditSeal(Base):
    """An end of the audit log under a key the database does not have: a chain computed anew does not match it."""

    __tablename__ = "audit_seals"

    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    seal: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class AuditOccasion(Base):
    """What was told in this minute and is not told twice: links asked for, and failed sign-ins by address."""

    __tablename__ = "audit_occasions"

    minute: Mapped[datetime] = mapped_column(primary_key=True)
    occasion: Mapped[str] = mapped_column(primary_key=True)
