"""Tickets and their messages."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.orm import Mapped, mapped_column

from cauce.models.base import Base, Created, Tenant, Timestamps, one_of, owned


class TicketCategory(StrEnum):
    """What a ticket is about."""

    BUG = "BUG"
    FEATURE = "FEATURE"
    QUESTION = "QUESTION"
    ACCOUNT = "ACCOUNT"
    BILLING = "BILLING"
    PERFORMANCE = "PERFORMANCE"
    OTHER = "OTHER"


class TicketPriority(StrEnum):
    """How much it presses."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    URGENT = "URGENT"


class TicketStatus(StrEnum):
    """Where a ticket stands."""

    OPEN = "OPEN"
    IN_PROGRESS = "IN_PROGRESS"
    WAITING_USER = "WAITING_USER"
    RESOLVED = "RESOLVED"
    CLOSED = "CLOSED"
    CANCELLED = "CANCELLED"


class SupportTicket(Tenant, Timestamps, Base):
    """A person's question to support. A trigger numbers it: TICK-000001, and wider after TICK-999999."""

    __tablename__ = "support_tickets"

    ticket_number: Mapped[str] = mapped_column(String(50))
    title: Mapped[str] = mapped_column(String(500))
    description: Mapped[str]
    category: Mapped[str] = mapped_column(String(50))
    priority: Mapped[str] = mapped_column(String(50), server_default=text("'MEDIUM'"))
    status: Mapped[str] = mapped_column(String(50), server_default=text("'OPEN'"))
    assigned_to_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    ai_suggestion: Mapped[str | None]
    ai_resolved: Mapped[bool] = mapped_column(server_default=text("false"))
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata")
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("category", TicketCategory),
        one_of("priority", TicketPriority),
        one_of("status", TicketStatus),
        CheckConstraint("ticket_number ~ '^TICK-[0-9]{6,}$'", name="ticket_number"),
        CheckConstraint("title <> '' AND description <> ''", name="title"),
        CheckConstraint(
            "CASE status WHEN 'RESOLVED' THEN resolved_at IS NOT NULL WHEN 'CLOSED' THEN true"
            " ELSE resolved_at IS NULL END",
            name="resolved_at",
        ),
        CheckConstraint("(status IN ('CLOSED', 'CANCELLED')) = (closed_at IS NOT NULL)", name="closed_at"),
        CheckConstraint("resolved_at >= created_at AND closed_at >= coalesce(resolved_at, created_at)", name="times"),
        CheckConstraint("NOT ai_resolved OR resolved_at IS NOT NULL", name="ai_resolved"),
        Index(None, "assigned_to_id"),
        # What waits for support, oldest first.
        Index(None, "created_at", postgresql_where=text("status IN ('OPEN', 'IN_PROGRESS')")),
    )


class SupportTicketLookup(Base):
    """Whose ticket a number is: unique over all people, and how support finds the ticket somebody reads out."""

    __tablename__ = "support_ticket_lookup"

    ticket_number: Mapped[str] = mapped_column(String(50), primary_key=True)
    user_id: Mapped[UUID]
    ticket_id: Mapped[UUID]

    __table_args__ = (Unique("user_id", "ticket_id"), owned("ticket_id", "support_tickets"))


class SupportMessage(Tenant, Created, Base):
    """What the person, support or the AI wrote in a ticket; `user_id` is whose ticket, `author_id` who wrote.

    The author is no foreign key: an answer stays when the one who gave it has gone.
    """

    __tablename__ = "support_messages"

    ticket_id: Mapped[UUID]
    content: Mapped[str]
    is_staff: Mapped[bool] = mapped_column(server_default=text("false"))
    is_ai: Mapped[bool] = mapped_column(server_default=text("false"))
    author_id: Mapped[UUID | None]
    attachments: Mapped[list[Any] | None]

    __table_args__ = (
        owned("ticket_id", "support_tickets"),
        CheckConstraint("content <> ''", name="content"),
        # Of staff that was erased nobody is left.
        CheckConstraint(
            "CASE WHEN is_ai THEN author_id IS NULL ELSE is_staff OR author_id IS NOT NULL END", name="author_id"
        ),
        CheckConstraint("NOT (is_ai AND is_staff)", name="kind"),
        CheckConstraint("is_staff OR is_ai OR author_id = user_id", name="person"),
        CheckConstraint("jsonb_typeof(attachments) = 'array'", name="attachments"),
        Index(None, "user_id", "ticket_id", "id"),
        Index(None, "author_id", postgresql_where=text("is_staff")),
    )
