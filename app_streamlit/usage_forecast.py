"""What the month under way will come to, with how far off the same formula was in the months before."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from app_streamlit.cards import Card, cards
from app_streamlit.page import Page
from app_streamlit.tables import Column, table

_COLUMNS = {
    "email": Column("column.email", pinned=True),
    "metric": Column("column.metric", texts="alerts.metric"),
    "run_out_on": Column("forecast.run_out_on", "date"),
    "used": Column("column.used", "count"),
    "included": Column("column.included", "count"),
    "projected": Column("forecast.projected", "count", dash=True),
    "error": Column("forecast.error", "percent", dash=True),
}


def show_running_out(page: Page) -> None:
    """Admins: whose limits run out within the month, the earliest first."""
    st.subheader(page.t("forecast.who"), anchor=False)
    with page.data() as data:
        found = data.fetch("usage/forecast", limited=True)
    if found.is_empty():
        st.caption(page.t("forecast.nobody"))
        return
    table(page, found, _COLUMNS, "forecast")
    st.caption(page.t("forecast.how"))


def show_month_cost(page: Page, month: date) -> None:
    """Admins: what models will cost in `month`; nothing where nobody's can be projected, as on the first of it."""
    with page.data() as data:
        found = data.fetch("usage/forecast_cost")
    for row in found.filter((pl.col("month") == month) & (pl.col("projected_people") > 0)).iter_rows(named=True):
        amount, error = page.f.cost(row["projected_cost"]), page.f.percent(row["error"])
        said = [page.t("forecast.cost", month=page.f.month(month), amount=amount)]
        if row["error"] is not None:
            said.append(page.t("forecast.cost_off", error=error))
        if row["other_people"]:
            said.append(page.t.count("forecast.unprojected", row["other_people"]))
        st.info(" ".join(said), icon=":material/trending_up:")


def show_own_forecast(page: Page) -> None:
    """A person's own month: what it will come to beside what their plan includes."""
    with page.data() as data:
        found = data.fetch("usage/forecast", limited=False)
    told = found.filter(pl.col("projected").is_not_null() | pl.col("run_out_on").is_not_null())
    if told.is_empty():
        return
    rows = told.to_dicts()
    st.subheader(page.t("forecast.own", month=page.f.month(rows[0]["month"])), anchor=False)
    cards([_card(page, row) for row in rows])
    st.caption(page.t("forecast.how"))


def _card(page: Page, row: Mapping[str, Any]) -> Card:
    t, f = page.t, page.f
    note, mood = t("forecast.no_limit"), ""
    if row["included"] is not None:
        note = t("forecast.of", included=f.compact(row["included"]))
    if row["run_out_on"] is not None:
        spent = row["used"] >= row["included"]
        note = t("forecast.ran_out" if spent else "forecast.runs_out", day=f.date(row["run_out_on"]))
        mood = "bad" if spent else "warn"
    label = t(f"alerts.metric.{row['metric']}")
    if row["projected"] is None:
        return Card(label, f.compact(row["used"]), note, mood)
    note += " · " + t("forecast.off", error=f.percent(row["error"]))
    return Card(label, t("forecast.about", amount=f.compact(row["projected"])), note, mood)
