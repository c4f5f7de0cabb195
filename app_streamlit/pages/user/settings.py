"""A person's own settings: language, time zone and theme."""

from functools import cache
from typing import Final
from zoneinfo import available_timezones

import streamlit as st

from app_streamlit import provider
from app_streamlit.page import Page, show
from app_streamlit.texts import LANGUAGES
from cauce.security import people

THEMES: Final = ("system", "light", "dark")
_NEAR: Final = (
    "America/Mexico_City", "America/Cancun", "America/Chihuahua", "America/Hermosillo", "America/Tijuana",
    "America/Bogota", "America/Lima", "America/Santiago", "America/Argentina/Buenos_Aires", "Europe/Madrid", "UTC",
)  # fmt: skip


def content(page: Page) -> None:
    """The form, and what takes effect when."""
    t, who = page.t, page.person
    if st.session_state.pop("settings-saved", False):
        st.success(t("settings.saved"), icon=":material/check_circle:")
        st.html(f'<a class="cauce-button" href="/settings" target="_self">{t("settings.reload")}</a>')
    with st.form("settings", width=560):
        language = st.selectbox(
            t("settings.language"),
            list(LANGUAGES),
            list(LANGUAGES).index(t.language),
            format_func=LANGUAGES.__getitem__,
        )
        zones = _zones()
        zone = st.selectbox(t("settings.zone"), zones, zones.index(who.timezone) if who.timezone in zones else None)
        theme = st.radio(
            t("settings.theme"),
            THEMES,
            THEMES.index(who.theme) if who.theme in THEMES else 0,
            format_func=lambda name: t(f"settings.theme_{name}"),
            horizontal=True,
        )
        saved = st.form_submit_button(t("settings.save"), type="primary", icon=":material/save:")
    if saved:
        people.save_settings(provider.database(), page.token, language=language, timezone=zone, theme=theme)
        st.session_state["settings-saved"] = True
        st.rerun()


@cache
def _zones() -> list[str]:
    known = available_timezones()
    rest = sorted(
        name for name in known if "/" in name and not name.startswith(("Etc/", "posix/", "right/", "SystemV/"))
    )
    return [*(name for name in _NEAR if name in known), *(name for name in rest if name not in _NEAR)]


show("settings", content)
