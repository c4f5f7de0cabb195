"""The agents that people talk to, and who may use which."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.orm import Mapped, mapped_column

from cauce.models.base import Base, Tenant, Timestamps


class Agent(Timestamps, Base):
    """An agent. A reference table: when its author goes, the agent stays without one, and nobody else loses a row."""

    __tablename__ = "agents"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(255))
    slug: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None]
    category: Mapped[str] = mapped_column(String(100), server_default=text("'general'"))
    model: Mapped[str | None] = mapped_column(String(100))
    config: Mapped[dict[str, Any] | None]
    endpoint_url: Mapped[str | None] = mapped_column(String(500))
    system_prompt: Mapped[str | None]
    is_public: Mapped[bool] = mapped_column(server_default=text("false"))
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    documentation_url: Mapped[str | None] = mapped_column(String(500))
    tutorial_url: Mapped[str | None] = mapped_column(String(500))
    capabilities: Mapped[list[Any] | None]
    average_rating: Mapped[Decimal | None] = mapped_column(Numeric(3, 2))

    __table_args__ = (
        Unique("slug"),
        CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name="slug"),
        CheckConstraint("average_rating BETWEEN 0 AND 5", name="average_rating"),
        Index(None, "created_by"),
    )


class UserAgentPermission(Tenant, Base):
    """A person may use, and so see, an agent. Loading an event of an agent grants it."""

    __tablename__ = "user_agent_permissions"

    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    granted_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    granted_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    __table_args__ = (Unique("user_id", "agent_id"), Index(None, "agent_id"), Index(None, "granted_by"))
