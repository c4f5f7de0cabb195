"""Who a signed-in person is, and making people."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

import psycopg

from cauce.database import Database, Role
from cauce.errors import FatalError
from cauce.models.identity import UserRole


class Audience(StrEnum):
    """Which pages a person gets beside their own."""

    ADMIN = "admin"
    ANALYST = "analyst"
    USER = "user"


AUDIENCES: dict[UserRole, Audience] = {
    UserRole.SUPER_ADMIN: Audience.ADMIN,
    UserRole.ADMIN: Audience.ADMIN,
    UserRole.MANAGER: Audience.ANALYST,
    UserRole.DEVELOPER: Audience.ANALYST,
}
"""Roles with more than their own pages; every other role is a user."""


@dataclass(frozen=True, slots=True)
class Person:
    """The person of a live session, with the settings pages need."""

    id: UUID
    email: str
    display_name: str
    role: UserRole
    language: str
    timezone: str
    theme: str
    currency: str

    @property
    def audience(self) -> Audience:
        """Which pages this person gets."""
        return AUDIENCES.get(self.role, Audience.USER)


PERSON = """
SELECT u.id, u.email, coalesce(u.display_name, u.name, split_part(u.email, '@', 1)), u.role, u.language, u.timezone,
  coalesce(s.theme, 'system'), coalesce(f.currency, 'MXN')
FROM users u
LEFT JOIN user_settings s ON s.user_id = u.id
LEFT JOIN financial_profiles f ON f.user_id = u.id
WHERE u.id = (SELECT current_user_id())
"""


SAVE_SETTINGS = """
INSERT INTO user_settings AS s (user_id, theme, language)
SELECT u.id, coalesce(%(theme)s, 'system'), u.language FROM users u WHERE u.id = (SELECT current_user_id())
ON CONFLICT (user_id) DO UPDATE SET theme = coalesce(%(theme)s, s.theme), language = excluded.language
"""


def person(database: Database, session_token: str) -> Person | None:
    """The person of a live session, whose idle end this puts off; None when the session is over or was never one."""
    idle = f"{database.settings.session_idle_minutes} minutes"
    with database.transaction(Role.USER, session_token=session_token) as conn:
        row = conn.execute(PERSON).fetchone()
        if row is None:
            return None
        conn.execute("SELECT touch_session(%s::interval)", (idle,))
    identity, email, name, role, language, timezone, theme, currency = row
    return Person(identity, email, name, UserRole(role), language, timezone, theme, currency)


def ensure_person(
    database: Database,
    email: str,
    *,
    role: UserRole = UserRole.USER,
    display_name: str | None = None,
    timezone: str = "America/Mexico_City",
    language: str = "es",
) -> UUID:
    """Give the person with this address, made now if there is none; raises `FatalError` for a bad address or zone."""
    try:
        with database.transaction(Role.OWNER) as conn:
            row = conn.execute("SELECT id FROM users WHERE lower(email) = lower(%s)", (email,)).fetchone()
            row = (
                row
                or conn.execute(
                    "INSERT INTO users (email, role, display_name, timezone, language) VALUES (%s, %s, %s, %s, %s)"
                    " ON CONFLICT (lower(email)) DO UPDATE SET email = users.email RETURNING id",
                    (email, role, display_name, timezone, language),
                ).fetchone()
            )
    except (psycopg.errors.CheckViolation, psycopg.errors.InvalidParameterValue, psycopg.errors.DataError) as error:
        raise FatalError(
            f"cannot make a person of {email!r}: {str(error).splitlines()[0]}",
            action="write an e-mail address like ana@example.com and a zone like America/Mexico_City",
        ) from error
    assert row is not None  # noqa: S101 - INSERT … RETURNING gives a row
    return UUID(str(row[0]))


def save_settings(
    database: Database,
    session_token: str,
    *,
    language: str | None = None,
    timezone: str | None = None,
    theme: str | None = None,
) -> None:
    """Change the signed-in person's own settings; what is None stays. Raises `FatalError` for unknown values."""
    try:
        with database.transaction(Role.USER, session_token=session_token) as conn:
            conn.execute(
                "UPDATE users SET language = coalesce(%s, language), timezone = coalesce(%s, timezone)"
                " WHERE id = (SELECT current_user_id())",
                (language, timezone),
            )
            conn.execute(SAVE_SETTINGS, {"theme": theme})
    except psycopg.errors.DataError as error:
        raise FatalError(
            f"these settings cannot be: {str(error).splitlines()[0]}", action="choose another value"
        ) from error
    except psycopg.errors.CheckViolation as error:
        raise FatalError(
            f"these settings cannot be ({error.diag.constraint_name})", action="choose one of the values offered"
        ) from error


def note_erased(database: Database, conn: psycopg.Connection, email: str) -> None:
    """Remember that this address was erased, by a keyed hash."""
    conn.execute(
        "INSERT INTO erased_addresses (address_hash) VALUES (%s)"
        " ON CONFLICT (address_hash) DO UPDATE SET erased_at = excluded.erased_at",
        (_address_hash(database, email),),
    )


def erased(database: Database, emails: Iterable[str]) -> dict[str, date]:
    """Which of these addresses were erased and have nobody since, in lower case, and on which day (UTC).

    Somebody who was made anew with such an address, by an admin's own act, is a person like any other.
    """
    with database.transaction(Role.OWNER) as conn:
        if conn.execute("SELECT FROM erased_addresses LIMIT 1").fetchone() is None:
            return {}
        asked = {_address_hash(database, email): email.lower() for email in emails}
        found = conn.execute(
            "SELECT address_hash, (erased_at AT TIME ZONE 'UTC')::date FROM erased_addresses"
            " WHERE address_hash = ANY(%s)",
            (list(asked),),
        ).fetchall()
        days = {asked[bytes(address)]: day for address, day in found}
        there = conn.execute("SELECT lower(email) FROM users WHERE lower(email) = ANY(%s)", (list(days),)).fetchall()
    return {email: day for email, day in days.items() if (email,) not in there}


def _address_hash(database: Database, email: str) -> bytes:
    return database.sealer.blind_index(email.strip().lower(), purpose="erased-address")


def find_person(database: Database, email: str) -> UUID | None:
    """The person with this address, whatever its upper and lower case."""
    with database.transaction(Role.OWNER) as conn:
        row = conn.execute("SELECT id FROM users WHERE lower(email) = lower(%s)", (email.strip(),)).fetchone()
    return None if row is None else UUID(str(row[0]))
