"""People, their time zones and settings, their sessions and sign-in links."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Numeric, String, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from cauce.models.base import Base, Created, Sealed, Tenant, Timestamps, one_of


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


class InvitationStatus(StrEnum):
    """What became of an invitation."""

    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


# One @, something on both sides, no blanks: what is left to decide a delivered message decides.
EMAIL = r"email ~ '^[^@[:space:]|]+@[^@[:space:]|]+\.[^@[:space:]|.]{2,}$'"


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

    __table_args__ = (
        one_of("role", UserRole),
        one_of("subscription_tier", SubscriptionTier),
        one_of("language", Language),
        CheckConstraint(EMAIL, name="email"),
        # Whole numbers by metric, or null for no limit.
        CheckConstraint(
            "jsonb_typeof(custom_limits) = 'object' AND custom_limits - '{messages,tokens,storage}'::text[] = '{}'"
            " AND NOT jsonb_path_exists(custom_limits,"
            """ '$.* ? (@.type() != "null" && (@.type() != "number" || @ < 0 || @ > 1e15 || @.floor() != @))')""",
            name="custom_limits",
        ),
        CheckConstraint("subscription_end >= subscription_start", name="subscription_period"),
        Index("uq_users_email_lower", text("lower(email)"), unique=True),
        {"postgresql_with": {"fillfactor": 80}},
    )


class UserTimezone(Base):
    """The zone a person is in from an instant on: events are bucketed by the zone in force when they happened.

    The first, from -infinity, is there as long as the person and never changes: counters lock it (decision 104).
    """

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


class Account(Tenant, Timestamps, Base):
    """How a person signs in with a provider; its tokens are sealed."""

    __tablename__ = "accounts"

    type: Mapped[str] = mapped_column(String(50))
    provider: Mapped[str] = mapped_column(String(100))
    provider_account_id: Mapped[str] = mapped_column(String(255))
    refresh_token: Mapped[Sealed | None]
    access_token: Mapped[Sealed | None]
    expires_at: Mapped[int | None] = mapped_column(BigInteger)
    token_type: Mapped[str | None] = mapped_column(String(50))
    scope: Mapped[str | None]
    id_token: Mapped[Sealed | None]
    session_state: Mapped[str | None] = mapped_column(String(255))

    __table_args__ = (
        Unique("user_id", "provider", "provider_account_id"),
        CheckConstraint("provider <> '' AND provider_account_id <> ''", name="provider"),
        CheckConstraint("expires_at > 0", name="expires_at"),
    )


class AccountLookup(Base):
    """Whose a provider's account is: no account opens two people. A trigger keeps it."""

    __tablename__ = "account_lookup"

    provider: Mapped[str] = mapped_column(String(100), primary_key=True)
    provider_account_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    user_id: Mapped[UUID]

    __table_args__ = (
        ForeignKeyConstraint(
            ["user_id", "provider", "provider_account_id"],
            ["accounts.user_id", "accounts.provider", "accounts.provider_account_id"],
            name="fk_account_lookup_accounts",
            ondelete="CASCADE",
            onupdate="CASCADE",
        ),
        Index(None, "user_id", "provider", "provider_account_id"),
    )


class Invitation(Created, Base):
    """An address that may become a person. Its token is kept as its SHA-256; a new one cancels the pending one."""

    __tablename__ = "invitations"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    email: Mapped[str] = mapped_column(String(255))
    token: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(50))
    status: Mapped[str] = mapped_column(String(50), server_default=text("'PENDING'"))
    invited_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    expires_at: Mapped[datetime] = mapped_column(server_default=text("now() + interval '7 days'"))
    accepted_at: Mapped[datetime | None]

    __table_args__ = (
        Unique("token"),
        CheckConstraint(EMAIL, name="email"),
        CheckConstraint("token ~ '^[0-9a-f]{64}$'", name="token"),
        one_of("role", UserRole),
        one_of("status", InvitationStatus),
        CheckConstraint("expires_at > created_at", name="expires_at"),
        CheckConstraint("(status = 'ACCEPTED') = (accepted_at IS NOT NULL)", name="accepted"),
        CheckConstraint("accepted_at BETWEEN created_at AND expires_at", name="accepted_in_time"),
        Index("uq_invitations_pending_email", text("lower(email)"), unique=True, postgresql_where="status = 'PENDING'"),
        Index("ix_invitations_email_lower", text("lower(email)")),
        Index(None, "invited_by"),
    )
