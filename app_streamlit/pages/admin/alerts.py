"""Admins: who reached how much of what their plan includes, and who will."""

import streamlit as st

from app_streamlit import states
from app_streamlit.cards import Card, cards
from app_streamlit.page import Page, show
from app_streamlit.tables import Column, table
from app_streamlit.unusual_days import show_unusual
from app_streamlit.usage_forecast import show_running_out

_COLUMNS = {
    "email": Column("column.email", pinned=True),
    "metric": Column("column.metric", texts="alerts.metric"),
    "threshold": Column("column.threshold", "percent"),
    "used": Column("column.used", "count"),
    "included": Column("column.included", "count"),
    "plan": Column("column.plan"),
    "month": Column("column.month", "month"),
    "created_at": Column("column.when", "instant"),
}
_STATUS = {"is_open": Column("column.status", texts="alerts.open")}
_THRESHOLDS = ((100, "bad"), (90, "warn"), (80, ""))


def content(page: Page) -> None:
    """Lay out the alerts that hold, or all there were, and whose limits will run out, and days unlike the others."""
    _reached(page)
    show_running_out(page)
    show_unusual(page)


def _reached(page: Page) -> None:
    every = st.toggle(page.t("alerts.all"), key="all-alerts")
    with page.data() as data:
        found = data.fetch("usage/alerts", all=every, language=page.t.language)
    if found.is_empty():
        states.empty(page.t, "no_alerts", ":material/notifications_off:")
        return
    _cards(page, [round(threshold * 100) for threshold in found.filter(found["is_open"])["threshold"]])
    table(page, found, _STATUS | _COLUMNS if every else _COLUMNS, "alerts")
    st.caption(page.t("alerts.how"))


def _cards(page: Page, reached: list[int]) -> None:
    cards(
        [
            Card(page.t(f"alerts.reached_{threshold}"), page.f.number(reached.count(threshold)), mood=mood)
            for threshold, mood in _THRESHOLDS
        ]
    )


show("alerts", content)
