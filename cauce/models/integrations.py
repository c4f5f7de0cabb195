"""Connections to services of others, and their syncs."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.orm import Mapped, mapped_column

from cauce.models.base import Base, Created, Sealed, Tenant, Timestamps, one_of, owned


class Provider(StrEnum):
    """The services people can connect."""

    GMAIL = "GMAIL"
    CALENDAR = "CALENDAR"
    NOTION = "NOTION"
    SLACK = "SLACK"
    GITHUB = "GITHUB"


class SyncStatus(StrEnum):
    """How a sync ended."""

    SUCCESS = "SUCCESS"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"


class McpIntegration(Tenant, Timestamps, Base):
    """A person's connection to a service, one per service; its tokens are sealed."""

    __tablename__ = "mcp_integrations"

    provider: Mapped[str] = mapped_column(String(50))
    access_token_encrypted: Mapped[Sealed]
    refresh_token_encrypted: Mapped[Sealed | None]
    scopes: Mapped[str]
    expires_at: Mapped[datetime | None]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    last_sync: Mapped[datetime | None]
    provider_user_id: Mapped[str | None] = mapped_column(String(255))
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata")

    __table_args__ = (
        Unique("user_id", "provider"),
        one_of("provider", Provider),
        CheckConstraint("scopes <> ''", name="scopes"),
        # What has to be refreshed next, over all people.
        Index(None, "expires_at", postgresql_where=text("is_active")),
    )


class McpSyncLog(Tenant, Created, Base):
    """One sync of a connection; kept for 30 days."""

    __tablename__ = "mcp_sync_logs"

    integration_id: Mapped[UUID]
    last_sync: Mapped[datetime]
    items_synced: Mapped[int] = mapped_column(server_default=text("0"))
    status: Mapped[str] = mapped_column(String(50), server_default=text("'SUCCESS'"))
    error_message: Mapped[str | None]

    __table_args__ = (
        owned("integration_id", "mcp_integrations"),
        one_of("status", SyncStatus),
        CheckConstraint("items_synced >= 0", name="items_synced"),
        CheckConstraint(
            "CASE status WHEN 'FAILED' THEN coalesce(error_message, '') <> ''"
            " WHEN 'SUCCESS' THEN error_message IS NULL ELSE true END",
            name="error_message",
        ),
        Index(None, "user_id", "integration_id", "created_at"),
        Index(None, "created_at"),
    )
