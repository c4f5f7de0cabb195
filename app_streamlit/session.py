"""Who is looking at the page: the person of the session cookie, checked anew on every rerun."""

from typing import Final

import streamlit as st

from app_streamlit import ownership, provider
from app_streamlit.guard import COOKIE
from cauce.database import Role
from cauce.security import people
from cauce.security.people import Person

ROLES: Final = {"user": Role.USER, "analyst": Role.ANALYST, "admin": Role.ADMIN}


def current_token() -> str | None:
    """The session token of the browser this page runs for."""
    token = st.context.cookies.get(COOKIE)
    return token if isinstance(token, str) and token else None


def person() -> Person | None:
    """The person whose session is live at this moment; None when there is none, or it has ended."""
    token = current_token()
    if token is None:
        return None
    who = people.person(provider.database(), token)
    if who is not None:
        ownership.claim(token)
    return who


def may_open(who: Person, audience: str) -> bool:
    """Whether a page for `audience` is for this person; the user pages are everybody's, about themselves."""
    return audience in {"user", who.audience}
