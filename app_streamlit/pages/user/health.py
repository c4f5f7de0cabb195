"""My health: doses taken, measurements and their trend; and files to upload. It shows, it never diagnoses."""

import streamlit as st

from app_streamlit import health_parts as parts
from app_streamlit import states
from app_streamlit.page import Page, show
from app_streamlit.refresh import show_refresh
from app_streamlit.uploads import show_uploads


def content(page: Page) -> None:
    """Lay out the person's health, or how to begin when there is nothing."""
    show_refresh(page)
    with page.data() as data:
        health = parts.read_health(data, page.today)
    if health.is_empty:
        states.empty(page.t, "no_health", ":material/favorite:")
        show_uploads(page, "health")
        return
    doses, measurements, files = st.tabs([page.t(f"health.tab_{name}") for name in parts.TABS])
    with doses:
        parts.show_adherence_cards(page, health)
        parts.show_medicines(page)
        parts.show_days(page, health)
        parts.show_missed(page, health)
    with measurements:
        parts.show_latest(page, health)
        parts.show_trend(page, health)
    with files:
        show_uploads(page, "health")
    st.caption(page.t("health.consult"))


show("health", content)
