"""Chat sessions, the conversations in them and their messages."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from cauce.models.base import Base, Count, Created, Recoverable, Tenant, Timestamps, one_of, owned


class MessageRole(StrEnum):
    """Who speaks."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"


class ChatSession(Tenant, Created, Base):
    """A sitting of a person, with conversations in it."""

    __tablename__ = "chat_sessions"

    title: Mapped[str | None] = mapped_column(String(500))
    last_activity: Mapped[datetime] = mapped_column(server_default=text("now()"))
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata")


class Conversation(Tenant, Timestamps, Recoverable, Base):
    """A conversation of a person with one agent."""

    __tablename__ = "conversations"

    chat_session_id: Mapped[UUID]
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="RESTRICT"))
    title: Mapped[str] = mapped_column(String(500))
    summary: Mapped[str | None]
    message_count: Mapped[Count]
    token_count: Mapped[Count]
    batch_id: Mapped[UUID | None]

    __table_args__ = (
        owned("chat_session_id", "chat_sessions"),
        CheckConstraint("message_count >= 0 AND token_count >= 0", name="counts"),
        Index(None, "user_id", "chat_session_id"),
        Index(None, "user_id", "agent_id"),
        Index(None, "agent_id"),
        {"postgresql_with": {"fillfactor": 80}},
    )


class Message(Tenant, Base):
    """One message; `position` orders those of a conversation that share an instant. Partitioned by month."""

    __tablename__ = "messages"

    timestamp: Mapped[datetime] = mapped_column(primary_key=True, server_default=text("now()"))
    conversation_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(server_default=text("0"))
    role: Mapped[str] = mapped_column(String(50))
    content: Mapped[str]
    tokens_input: Mapped[int | None]
    tokens_output: Mapped[int | None]
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata")
    batch_id: Mapped[UUID | None]

    __table_args__ = (
        owned("conversation_id", "conversations"),
        one_of("role", MessageRole),
        CheckConstraint("tokens_input >= 0 AND tokens_output >= 0", name="tokens"),
        Index(None, "user_id", "conversation_id", "timestamp", "position"),
        {"postgresql_partition_by": "RANGE (timestamp)"},
    )
