"""Admins: cost, tokens, people and models over time. Nothing of what anybody wrote."""

import streamlit as st

from app_streamlit import states
from app_streamlit.page import Page, show
from app_streamlit.periods import choose_period
from app_streamlit.tables import Column, table
from app_streamlit.usage_report import (
    Filter,
    read_report,
    show_days,
    show_months,
    show_rankings,
    show_totals,
    show_unknown,
)

_PEOPLE = {
    "email": Column("column.email"),
    "name": Column("column.name"),
    "total_cost": Column("column.cost", "cost"),
    "total_tokens": Column("column.tokens", "count"),
    "events": Column("column.events", "count"),
    "unknown_cost_events": Column("column.unknown_cost_events", "count"),
    "last_day": Column("column.last_day", "date"),
}


def content(page: Page) -> None:
    """Lay out the figures the admin filters for."""
    chosen = _choose(page)
    with page.data() as data:
        report = read_report(data, chosen)
        people = data.fetch("usage/by_person", **chosen.params())
    if report.totals["events"] == 0:
        states.empty(page.t, "no_usage_in_period", ":material/water:")
        return
    show_totals(page, report, people=True)
    show_unknown(page, report)
    show_days(page, report, "usage", people=True)
    show_rankings(page, report, "usage")
    show_months(page, report, "usage")
    st.subheader(page.t("admin_usage.people"), anchor=False)
    table(page, people, _PEOPLE, "usage-people")


def _choose(page: Page) -> Filter:
    with page.data() as data:
        people = {row[0]: row[1] for row in data.fetch("usage/people").iter_rows()}
        agents = {row[0]: row[1] for row in data.fetch("usage/agents").iter_rows()}
        models = data.fetch("usage/models")["model"].to_list()
    period = choose_period(page)
    every = page.t("usage.all")
    who, which, what = st.columns(3)
    chosen = (
        who.multiselect(page.t("usage.people"), people, format_func=lambda key: people[key], placeholder=every),
        which.multiselect(page.t("usage.agents"), agents, format_func=lambda key: agents[key], placeholder=every),
        what.multiselect(page.t("usage.models"), models, placeholder=every),
    )
    return Filter(period, *(tuple(names) or None for names in chosen))


show("admin_usage", content)
