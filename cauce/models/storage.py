"""Folders, files, quotas, shares, and who opened what."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from cauce.models.base import Base, Count, Created, Recoverable, Tenant, Timestamps, one_of, owned
from cauce.models.identity import SubscriptionTier


class StorageProvider(StrEnum):
    """Where a file's bytes are."""

    VERCEL_BLOB = "VERCEL_BLOB"
    LOCAL = "LOCAL"
    AWS_S3 = "AWS_S3"
    CLOUDFLARE_R2 = "CLOUDFLARE_R2"


class AccessLevel(StrEnum):
    """Who may open a file."""

    PRIVATE = "PRIVATE"
    INTERNAL = "INTERNAL"
    PUBLIC = "PUBLIC"
    SHARED = "SHARED"


class UsageContext(StrEnum):
    """What a file is for."""

    THEME = "THEME"
    AVATAR = "AVATAR"
    TICKET = "TICKET"
    ARTIFACT = "ARTIFACT"
    HEALTH = "HEALTH"
    FINANCE = "FINANCE"
    BACKUP = "BACKUP"
    TEMP = "TEMP"
    OTHER = "OTHER"


class FileAction(StrEnum):
    """What was done with a file."""

    UPLOAD = "UPLOAD"
    DOWNLOAD = "DOWNLOAD"
    VIEW = "VIEW"
    DELETE = "DELETE"
    SHARE = "SHARE"
    UPDATE = "UPDATE"


class ShareType(StrEnum):
    """How a file is shared."""

    LINK = "LINK"
    EMAIL = "EMAIL"
    USER = "USER"


class StorageFolder(Tenant, Timestamps, Recoverable, Base):
    """A folder of a person's tree. A trigger keeps `path` from the names of its ancestors, and the tree a tree."""

    __tablename__ = "storage_folders"

    name: Mapped[str] = mapped_column(String(255))
    parent_id: Mapped[UUID | None]
    path: Mapped[str] = mapped_column(String(2000))
    description: Mapped[str | None]
    color: Mapped[str | None] = mapped_column(String(50))
    icon: Mapped[str | None] = mapped_column(String(50))

    __table_args__ = (
        owned("parent_id", "storage_folders"),
        Index("uq_storage_folders_path", "user_id", "path", unique=True, postgresql_where=text("deleted_at IS NULL")),
        CheckConstraint("name <> '' AND name !~ '/' AND name NOT IN ('.', '..')", name="name"),
        Index(None, "user_id", "parent_id"),
        Index(None, "deleted_at", postgresql_where=text("deleted_at IS NOT NULL")),
    )


class StorageFile(Tenant, Timestamps, Recoverable, Base):
    """A file of a person: where its bytes are, how many (bytes), and their SHA-256 in hexadecimal."""

    __tablename__ = "storage_files"

    filename: Mapped[str] = mapped_column(String(500))
    original_name: Mapped[str] = mapped_column(String(500))
    storage_path: Mapped[str] = mapped_column(String(1000))
    storage_provider: Mapped[str] = mapped_column(String(50), server_default=text("'VERCEL_BLOB'"))
    mime_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger, comment="bytes")
    checksum: Mapped[str] = mapped_column(String(64))
    folder_id: Mapped[UUID | None]
    access_level: Mapped[str] = mapped_column(String(50), server_default=text("'PRIVATE'"))
    usage_context: Mapped[str] = mapped_column(String(50), server_default=text("'OTHER'"))
    encrypted: Mapped[bool] = mapped_column(server_default=text("false"))
    encryption_key_id: Mapped[str | None] = mapped_column(String(255))
    is_processed: Mapped[bool] = mapped_column(server_default=text("false"))
    processing_status: Mapped[str | None] = mapped_column(String(50))
    thumbnail_path: Mapped[str | None] = mapped_column(String(1000))
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata")
    virus_scan_status: Mapped[str | None] = mapped_column(String(50))
    virus_scan_date: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]

    __table_args__ = (
        owned("folder_id", "storage_folders", ondelete="SET NULL"),
        one_of("storage_provider", StorageProvider),
        one_of("access_level", AccessLevel),
        one_of("usage_context", UsageContext),
        CheckConstraint("filename <> '' AND filename !~ '/' AND filename NOT IN ('.', '..')", name="filename"),
        CheckConstraint("size >= 0", name="size"),
        CheckConstraint("checksum ~ '^[0-9a-f]{64}$'", name="checksum"),
        CheckConstraint("encrypted = (encryption_key_id IS NOT NULL)", name="encryption_key_id"),
        CheckConstraint("virus_scan_date IS NULL OR virus_scan_status IS NOT NULL", name="virus_scan"),
        CheckConstraint("usage_context <> 'TEMP' OR expires_at IS NOT NULL", name="temporary"),
        CheckConstraint("expires_at > created_at", name="expires_at"),
        Index(None, "user_id", "folder_id"),
        Index(None, "user_id", "usage_context", postgresql_where=text("deleted_at IS NULL")),
        Index(None, "user_id", "checksum"),
        Index(None, "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
        Index(None, "deleted_at", postgresql_where=text("deleted_at IS NOT NULL")),
    )


class StorageQuota(Tenant, Timestamps, Base):
    """What a person may store (bytes, files), and what they store; triggers keep the latter.

    Deleted files count no more. A person's first file makes the row, with the limits of their tier.
    """

    __tablename__ = "storage_quotas"

    max_storage: Mapped[int] = mapped_column(BigInteger)
    max_file_size: Mapped[int] = mapped_column(BigInteger)
    max_files: Mapped[int]
    used_storage: Mapped[Count]
    file_count: Mapped[int] = mapped_column(server_default=text("0"))
    usage_breakdown: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"), comment="bytes by context")
    subscription_tier: Mapped[str] = mapped_column(String(50), server_default=text("'FREE'"))
    last_calculated: Mapped[datetime] = mapped_column(server_default=text("now()"))

    __table_args__ = (
        Unique("user_id"),
        one_of("subscription_tier", SubscriptionTier),
        CheckConstraint("max_storage >= 0 AND max_file_size >= 0 AND max_files >= 0", name="limits"),
        CheckConstraint("used_storage >= 0 AND file_count >= 0", name="counts"),
        # The counters are in no index, so that their updates stay heap-only.
        {"postgresql_with": {"fillfactor": 80}},
    )


class FileAccessLog(Tenant, Base):
    """Somebody did something with a person's file. It stays when the file goes, so `file_id` is no foreign key.

    `user_id` is whose file it is; `accessed_by` is who it was, nobody known when they came by a link.
    """

    __tablename__ = "file_access_logs"

    file_id: Mapped[UUID]
    accessed_by: Mapped[UUID | None]
    action: Mapped[str] = mapped_column(String(50))
    ip_address: Mapped[str | None] = mapped_column(INET)
    user_agent: Mapped[str | None]
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata")
    timestamp: Mapped[datetime] = mapped_column(server_default=text("now()"))

    __table_args__ = (
        one_of("action", FileAction),
        Index(None, "user_id", "file_id", "timestamp"),
        Index(None, "accessed_by"),
        Index(None, "timestamp"),
    )


class FileShare(Tenant, Created, Base):
    """A file opened to others. Of the token only the SHA-256 in hexadecimal is here, of a password only a slow hash."""

    __tablename__ = "file_shares"

    file_id: Mapped[UUID]
    shared_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    share_type: Mapped[str] = mapped_column(String(50), server_default=text("'LINK'"))
    share_token: Mapped[str] = mapped_column(String(64))
    password: Mapped[str | None] = mapped_column(String(255))
    max_downloads: Mapped[int | None]
    download_count: Mapped[int] = mapped_column(server_default=text("0"))
    allow_download: Mapped[bool] = mapped_column(server_default=text("true"))
    allow_view: Mapped[bool] = mapped_column(server_default=text("true"))
    expires_at: Mapped[datetime | None]
    last_accessed: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (
        owned("file_id", "storage_files"),
        one_of("share_type", ShareType),
        CheckConstraint("share_token ~ '^[0-9a-f]{64}$'", name="share_token"),
        CheckConstraint(r"password ~ '^\$(scrypt|argon2id)\$[!-~]{32,}$'", name="password"),
        CheckConstraint("max_downloads > 0", name="max_downloads"),
        CheckConstraint(
            "download_count >= 0 AND download_count <= coalesce(max_downloads, download_count)", name="downloads"
        ),
        CheckConstraint("allow_download OR allow_view", name="allowed"),
        CheckConstraint("allow_download OR download_count = 0", name="download_count"),
        CheckConstraint("expires_at > created_at", name="expires_at"),
        CheckConstraint("revoked_at >= created_at", name="revoked_at"),
        CheckConstraint(
            "last_accessed BETWEEN created_at AND least(expires_at, revoked_at, last_accessed)", name="last_accessed"
        ),
        Index(None, "user_id", "file_id"),
        Index(None, "shared_by"),
        Index(None, "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
    )


class FileShareLookup(Base):
    """Whose share a token's hash is: unique over all people, and looked up before any is known."""

    __tablename__ = "file_share_lookup"

    share_token: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[UUID]
    share_id: Mapped[UUID]

    __table_args__ = (Unique("user_id", "share_id"), owned("share_id", "file_shares"))
