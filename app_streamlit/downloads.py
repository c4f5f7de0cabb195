"""Files that pages hand out: made when somebody takes one, and told to the audit log before it leaves."""

from collections.abc import Callable
from typing import Literal

import streamlit as st

from app_streamlit import ownership, provider
from app_streamlit.page import Page
from cauce.database import Role
from cauce.security import audit


def offer(
    page: Page,
    label: str,
    content: Callable[[], bytes],
    action: str,
    *,
    file_name: str,
    mime: str,
    key: str,
    icon: str,
    look: Literal["secondary", "tertiary"] = "secondary",
) -> None:
    """A button whose file is what `content` gives at the click; the page does not run again.

    The audit log is told the `action`, the file's name and its size; of a person's own pages, which hold what is theirs
    alone, nothing. What cannot be told is not handed out.
    """

    def taken() -> bytes:
        made = content()
        if page.role is not Role.USER:
            # As an admin, whoever it is: analysts only read. Whose session it is says who took it.
            with provider.database().transaction(Role.ADMIN, session_token=page.token) as conn:
                audit.record(conn, action, details={"file": file_name, "bytes": len(made)})
        ownership.hand_out(page.token, made, mime, file_name)
        return made

    st.download_button(label, taken, file_name=file_name, mime=mime, key=key, on_click="ignore", icon=icon, type=look)
