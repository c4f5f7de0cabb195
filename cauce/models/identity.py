"""People, their time zones and settings, their sessions and sign-in links."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Numeric, String, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from cauce.models.base import Base, Count, Created, Tenant, Timestamps, one_of


class UserRole(StrEnum):
    """What a person may be; `cauce.security.people` maps it to an audience."""

    SUPER_ADMIN = "SUPER_ADMIN"
    ADMIN = "ADMIN"
    INVITED_AGENT = "INVITED_AGENT"
    INVITED_STORAGE = "INVITED_STORAGE"
    SUBSCRIBER = "SUBSCRIBER"
    MANAGER = "MANAGER"
    DEVELOPER = "DEVELOPER"
    USER = "USER"
    GUEST = "GUEST"


class SubscriptionTier(StrEnum):
    """The plans of the service."""

    FREE = "FREE"
    BASIC = "BASIC"
    PRO = "PRO"
    ENTERPRISE = "ENTERPRISE"
    CUSTOM = "CUSTOM"
    UNLIMITED = "UNLIMITED"


class Theme(StrEnum):
    """How the app looks."""

    LIGHT = "light"
    DARK = "dark"
    SYSTEM = "system"


class Language(StrEnum):
    """The languages of the app."""

    ES = "es"
    EN = "en"


class User(Timestamps, Base):
    """A person. A reference table: globally unique, not sharded."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    email: Mapped[str] = mapped_column(String(255))
    email_verified: Mapped[datetime | None]
    name: Mapped[str | None] = mapped_column(String(255))
    display_name: Mapped[str | None] = mapped_column(String(255))
    avatar: Mapped[str | None] = mapped_column(String(500))
    date_of_birth: Mapped[date | None]
    timezone: Mapped[str] = mapped_column(String(100), server_default=text("'America/Mexico_City'"))
    language: Mapped[str] = mapped_column(String(10), server_default=text("'es'"))
    bio: Mapped[str | None]
    role: Mapped[str] = mapped_column(String(50), server_default=text("'USER'"))
    permissions: Mapped[dict[str, Any] | None]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    personality_profile: Mapped[dict[str, Any] | None]
    ai_profile_last_update: Mapped[datetime | None]
    subscription_tier: Mapped[str] = mapped_column(String(50), server_default=text("'FREE'"))
    subscription_id: Mapped[str | None] = mapped_column(String(255))
    subscription_start: Mapped[datetime | None]
    subscription_end: Mapped[datetime | None]
    custom_limits: Mapped[dict[str, Any] | None]
    total_messages: Mapped[Count]
    total_tokens_used: Mapped[Count]
    last_interaction: Mapped[datetime | None]

    __table_args__ = (
        one_of("role", UserRole),
        one_of("subscription_tier", SubscriptionTier),
        one_of("language", Language),
        # One @, something on both sides, no blanks: what is left to decide a delivered message decides.
        CheckConstraint(r"email ~ '^[^@[:space:]|]+@[^@[:space:]|]+\.[^@[:space:]|.]{2,}$'", name="email"),
        CheckConstraint("total_messages >= 0 AND total_tokens_used >= 0", name="totals"),
        CheckConstraint("subscription_end >= subscription_start", name="subscription_period"),
        Index("uq_users_email_lower", text("lower(email)"), unique=True),
        # The counters change on every event and are in no index, so that their updates stay heap-only.
        {"postgresql_with": {"fillfactor": 80}},
    )


class UserTimezone(Base):
    """The zone a person is in from an instant on: events are bucketed by the zone in force when they happened."""

    __tablename__ = "user_timezones"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    timezone: Mapped[str] = mapped_column(String(100))


class UserSettings(Tenant, Timestamps, Base):
    """A person's preferences; one row each."""

    __tablename__ = "user_settings"

    default_model: Mapped[str] = mapped_column(String(100), server_default=text("'gemini-2.0-flash'"))
    temperature: Mapped[float] = mapped_column(Numeric(3, 2), server_default=text("0.7"))
    max_tokens: Mapped[int] = mapped_column(server_default=text("4096"))
    theme: Mapped[str] = mapped_column(String(50), server_default=text("'system'"))
    language: Mapped[str] = mapped_column(String(10), server_default=text("'es'"))
    code_theme: Mapped[str] = mapped_column(String(50), server_default=text("'vs-dark'"))
    rag_enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    rag_top_k: Mapped[int] = mapped_column(server_default=text("5"))
    rag_min_score: Mapped[float] = mapped_column(Numeric(3, 2), server_default=text("0.7"))
    email_notifications: Mapped[bool] = mapped_column(server_default=text("true"))
    push_notifications: Mapped[bool] = mapped_column(server_default=text("true"))
    notification_preferences: Mapped[dict[str, Any] | None]
    advanced_settings: Mapped[dict[str, Any] | None]

    __table_args__ = (
        Unique("user_id"),
        one_of("theme", Theme),
        one_of("language", Language),
        CheckConstraint("temperature BETWEEN 0 AND 2", name="temperature"),
        CheckConstraint("max_tokens > 0", name="max_tokens"),
        CheckConstraint("rag_top_k BETWEEN 1 AND 20", name="rag_top_k"),
        CheckConstraint("rag_min_score BETWEEN 0 AND 1", name="rag_min_score"),
    )


class AuthSession(Tenant, Created, Base):
    """A signed-in browser. The token itself is only in the browser; here is its SHA-256 in hexadecimal."""

    __tablename__ = "auth_sessions"

    session_token: Mapped[str] = mapped_column(String(64))
    expires: Mapped[datetime]
    idle_expires: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    ip_address: Mapped[str | None] = mapped_column(INET)
    user_agent: Mapped[str | None]
    device_info: Mapped[dict[str, Any] | None]

    __table_args__ = (Unique("user_id", "session_token"), Index(None, "expires"))


class SessionLookup(Base):
    """Whose session a token's hash is: the one table that is looked up before the person is known."""

    __tablename__ = "session_lookup"

    session_token: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[UUID]

    __table_args__ = (
        ForeignKeyConstraint(
            ["user_id", "session_token"],
            ["auth_sessions.user_id", "auth_sessions.session_token"],
            ondelete="CASCADE",
        ),
        Index(None, "user_id", "session_token"),
    )


class VerificationToken(Created, Base):
    """A sign-in link that has not been used: the SHA-256 of its token, for one e-mail address, until it expires."""

    __tablename__ = "verification_tokens"

    identifier: Mapped[str] = mapped_column(String(255), primary_key=True)
    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires: Mapped[datetime]

    __table_args__ = (Unique("token"), Index(None, "expires"))
