"""Signing in by link: a token is kept as its SHA-256 and used once; a session is a row that can be revoked."""

import hashlib
import secrets

from cauce.database import Database, Role

TOKEN_BYTES = 32


def issue_link(database: Database, email: str, *, minutes: int | None = None) -> str:
    """Make a sign-in link for an address. The link works only when an active person has that address."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    lifetime = f"{minutes or database.settings.link_minutes} minutes"
    with database.transaction(Role.SIGN_IN) as conn:
        conn.execute("SELECT request_sign_in(%s, %s, %s::interval)", (email.strip(), _hash(token), lifetime))
    return f"{database.settings.base_url}/sign-in?token={token}"


def consume(database: Database, token: str, *, ip: str | None = None, user_agent: str | None = None) -> str | None:
    """Use up a link's token; gives the new session's token, or None when the link is unknown, used or expired."""
    settings = database.settings
    session = secrets.token_urlsafe(TOKEN_BYTES)
    with database.transaction(Role.SIGN_IN) as conn:
        row = conn.execute(
            "SELECT consume_sign_in(%s, %s, %s::interval, %s::interval, %s::inet, %s)",
            (
                _hash(token),
                _hash(session),
                f"{settings.session_idle_minutes} minutes",
                f"{settings.session_absolute_hours} hours",
                ip,
                user_agent,
            ),
        ).fetchone()
    return session if row and row[0] else None


def revoke(database: Database, session_token: str) -> None:
    """End a session at once, everywhere."""
    with database.transaction(Role.USER, session_token=session_token) as conn:
        conn.execute("SELECT revoke_session()")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
