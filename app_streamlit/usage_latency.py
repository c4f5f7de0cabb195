"""How long calls took and how many failed, by model."""

import streamlit as st

from app_streamlit.page import Page
from app_streamlit.tables import Column, table
from app_streamlit.usage_report import Filter

_COLUMNS = {
    "provider": Column("column.provider", pinned=True),
    "model": Column("column.model", pinned=True),
    "events": Column("column.events", "count"),
    "failed_events": Column("column.failed_events", "count"),
    "error_rate": Column("latency.error_rate", "rate"),
    "median_s": Column("latency.median", "seconds", dash=True),
    "p95_s": Column("latency.p95", "seconds", dash=True),
    "worst_p95_s": Column("latency.worst", "seconds", dash=True),
}


def show_latency(page: Page, chosen: Filter) -> None:
    """Latencies and failures of everybody's calls; nothing while people are chosen, as no person's are kept."""
    if chosen.people:
        return
    with page.data() as data:
        found = data.fetch("usage/latency", **chosen.params())
    if found.is_empty():
        return
    st.subheader(page.t("latency.title"), anchor=False)
    table(page, found, _COLUMNS, "latency")
    st.caption(page.t("latency.how"))
