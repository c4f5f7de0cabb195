"""Admins: what comes in, what models cost, what is left of it, who is active, and what asks for attention."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl
import streamlit as st

from app_streamlit import states
from app_streamlit.cards import Card, cards
from app_streamlit.charts import billing as charts
from app_streamlit.exchange_rates import show_last_rate
from app_streamlit.page import Page, show
from app_streamlit.tables import Column, chart, table
from app_streamlit.usage_forecast import show_month_cost
from app_streamlit.usage_report import change, people_gone

_SERIES = ("revenue_mxn", "cost_mxn", "margin_mxn")
_MONTHS = {
    "month": Column("column.month", "month"),
    "revenue_mxn": Column("column.revenue_mxn", "money", dash=True),
    "cost_mxn": Column("column.cost_mxn", "money", dash=True),
    "margin_mxn": Column("column.margin_mxn", "money", dash=True),
    "margin_rate": Column("column.margin_rate", "percent", dash=True),
    "cost_usd": Column("column.cost", "cost"),
    "active_people": Column("column.people", "count"),
    "unknown_cost_events": Column("column.unknown_cost_events", "count"),
}
_BY = ("plan", "agent", "model", "person")
_NAMED = {
    "revenue_mxn": Column("column.revenue_mxn", "money", dash=True),
    "cost_mxn": Column("column.cost_mxn", "money", dash=True),
    "margin_mxn": Column("column.margin_mxn", "money", dash=True),
    "margin_rate": Column("column.margin_rate", "percent", dash=True),
    "cost_usd": Column("column.cost", "cost"),
    "people": Column("column.people", "count"),
    "events": Column("column.events", "count"),
    "unknown_cost_events": Column("column.unknown_cost_events", "count"),
}


def content(page: Page) -> None:
    """Lay out the month under way, the months before, and who or what the margin comes from."""
    with page.data() as data:
        months = data.fetch("billing/margin_months")
        revenue = data.fetch("billing/revenue")
        alerts = data.fetch("usage/alerts", all=False, language=page.t.language)
    if months.is_empty():
        states.empty(page.t, "no_margin", ":material/monitoring:")
        return
    _cards(page, months, revenue, alerts)
    show_month_cost(page, months["month"][-1])
    _months(page, months)
    _margins(page, months)


def _cards(page: Page, months: pl.DataFrame, revenue: pl.DataFrame, alerts: pl.DataFrame) -> None:
    over = alerts.filter(pl.col("threshold") >= 1).height
    note = page.t.count("overview.over", over) if over else page.t("overview.none_over")
    open_alerts = Card(page.t("overview.alerts"), page.f.number(alerts.height), note, "warn" if over else "")
    for row in (
        revenue.group_by("currency", maintain_order=True).last().sort("mrr", descending=True).iter_rows(named=True)
    ):
        cards(_revenue(page, row))
    cards([*_month(page, months), open_alerts])
    now = months.row(-1, named=True)
    if now["unknown_cost_events"]:
        count, month = page.f.number(now["unknown_cost_events"]), page.f.month(now["month"])
        st.info(
            page.t.count("overview.unknown", now["unknown_cost_events"], n=count, month=month), icon=":material/help:"
        )


def _revenue(page: Page, latest: Mapping[str, Any]) -> list[Card]:
    """Recurring revenue in a currency, who pays it and what of it left, in the latest month."""
    t, f, currency = page.t, page.f, str(latest["currency"])
    arr = t("billing.arr", amount=f.money(latest["arr"], currency))
    moved = change(page, latest["mrr"], latest["mrr_before"], "month")
    arpu = t("overview.arpu", amount=f.money(latest["arpu"], currency))
    lost = f"{f.money(latest['churned_mrr'], currency)} · {people_gone(page, latest)}"
    return [
        Card(t("billing.mrr"), f.money(latest["mrr"], currency), f"{moved} · {arr}"),
        Card(t("billing.paying"), f.number(latest["paying_people"]), arpu),
        Card(t("overview.churn"), f.percent(latest["mrr_churn_rate"], 1), lost),
    ]


def _month(page: Page, months: pl.DataFrame) -> Iterator[Card]:
    """Cost, margin and active people of the latest month, beside the calendar month before."""
    t, f, now = page.t, page.f, months.row(-1, named=True)
    month = f.month(now["month"])
    earlier = months.filter(pl.col("month").dt.offset_by("1mo") == now["month"])
    before: dict[str, Any] = earlier.row(0, named=True) if earlier.height else {}
    cost = t("overview.before", amount=f.cost(before.get("cost_usd")))
    yield Card(t("overview.cost", month=month), f.cost(now["cost_usd"]), cost)
    under_way = now["month"] == page.today.replace(day=1)
    rate = t("overview.rate_so_far" if under_way else "overview.rate", percent=f.percent(now["margin_rate"], 1))
    missing = now["margin_mxn"] is None
    mood = "" if missing else "bad" if now["margin_mxn"] < 0 else "good"
    note = t("overview.no_rate") if missing else rate
    yield Card(t("overview.margin", month=month), f.money(now["margin_mxn"], "MXN"), note, mood)
    active = t("overview.before", amount=f.number(before.get("active_people")))
    yield Card(t("overview.active", month=month), f.number(now["active_people"]), active)


def _months(page: Page, months: pl.DataFrame) -> None:
    title = page.t("overview.by_month")
    st.subheader(title, anchor=False)
    names = {column: page.t(f"overview.{column}") for column in _SERIES}
    figure = charts.margins(months.tail(13), names, "MXN", page.f.short_month, page.t.language)
    chart(page, figure, months.reverse(), _MONTHS, "overview-months", alt_text=title)


def _margins(page: Page, months: pl.DataFrame) -> None:
    st.subheader(page.t("overview.margins"), anchor=False)
    which, what = st.columns(2)
    by = what.segmented_control(
        page.t("explorer.by"),
        _BY,
        default="plan",
        format_func=lambda name: page.t(f"overview.by_{name}"),
        required=True,
        key="margin-by",
    )
    month = which.selectbox(
        page.t("billing.month"),
        months["month"].to_list()[::-1],
        format_func=page.f.month,
        key="margin-month",
        width=260,
    )
    with page.data() as data:
        found = data.fetch("billing/margin_by", by=by or "plan", month=month, language=page.t.language)
    missing = page.t("overview.no_plan" if by == "plan" else "overview.no_calls")
    found = found.with_columns(pl.col("name").fill_null(missing))
    columns = {"name": Column(f"overview.by_{by or 'plan'}", pinned=True), **_NAMED}
    table(page, found, columns, f"margin-{by}-{month:%Y-%m}")
    st.caption(page.t("overview.how"))
    show_last_rate(page, month)


show("overview", content)
