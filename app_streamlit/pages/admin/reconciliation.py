"""Admins: our ledger held against what a provider reports, day by day, and where each difference comes from."""

from datetime import date
from decimal import Decimal

import polars as pl
import streamlit as st

from app_streamlit import states
from app_streamlit.cards import Card, cards
from app_streamlit.charts import usage as charts
from app_streamlit.page import Page, show
from app_streamlit.tables import Column, chart, table

_MEASURES = ("tokens_input", "tokens_output", "cost")
_PARTS = ("time_boundary", "unmatched", "unknown_cost", "price", "unexplained")


def content(page: Page) -> None:
    """Lay out a provider's month: totals, the two lines by day, and the days and models with their differences."""
    with page.data() as data:
        months = data.fetch("usage/reconciled_months")
    if months.is_empty():
        states.empty(page.t, "no_reports", ":material/balance:")
        return
    provider, month, measure = _choose(page, months)
    with page.data() as data:
        found = data.fetch("usage/reconciliation", provider=provider, month=month, measure=measure)
    if found.is_empty():
        states.empty(page.t, "no_report_of_measure", ":material/balance:")
        return
    kind = "cost" if measure == "cost" else "count"
    _cards(page, found, kind)
    _days(page, found, kind, f"{provider}-{month:%Y-%m}-{measure}")
    st.subheader(page.t("reconciliation.by_model"), anchor=False)
    table(page, found, _columns(kind), f"reconciliation-{provider}-{month:%Y-%m}-{measure}")
    st.caption(page.t("reconciliation.how"))


def _choose(page: Page, months: pl.DataFrame) -> tuple[str, date, str]:
    which, when, what = st.columns([1, 1, 2])
    providers = months["provider"].unique(maintain_order=True).to_list()
    provider = which.selectbox(page.t("column.provider"), providers, key="reconciled-provider")
    offered = months.filter(pl.col("provider") == provider)["month"].to_list()
    month = when.selectbox(page.t("billing.month"), offered, format_func=page.f.month, key=f"reconciled-{provider}")
    measure = what.segmented_control(
        page.t("usage.measure"),
        _MEASURES,
        default=_MEASURES[0],
        format_func=lambda name: page.t(f"reconciliation.{name}"),
        required=True,
        key="reconciled-measure",
    )
    return provider, month, measure or _MEASURES[0]


def _cards(page: Page, found: pl.DataFrame, kind: str) -> None:
    write = page.f.cost if kind == "cost" else page.f.number
    total: dict[str, Decimal] = found.select(pl.col("ledger", "reported", "residual").sum()).row(0, named=True)
    differing = found.filter(pl.col("residual") != 0)
    open_rows = found.filter(~pl.col("is_explained"))
    part = page.t("reconciliation.part", percent=page.f.percent(abs(total["residual"]) / (total["reported"] or 1), 2))
    explained = page.t("reconciliation.all_explained") if open_rows.is_empty() else page.t("reconciliation.look")
    cards(
        [
            Card(page.t("reconciliation.ledger"), write(total["ledger"])),
            Card(page.t("reconciliation.reported"), write(total["reported"])),
            Card(page.t("reconciliation.residual"), write(total["residual"]), part if total["reported"] else ""),
            Card(
                page.t("reconciliation.unexplained"),
                page.t("reconciliation.of", n=open_rows.height, all=differing.height),
                explained,
                "good" if open_rows.is_empty() else "bad",
            ),
        ]
    )


def _days(page: Page, found: pl.DataFrame, kind: str, name: str) -> None:
    title = page.t("reconciliation.by_day")
    st.subheader(title, anchor=False)
    days = found.group_by("usage_date").agg(pl.col("ledger", "reported", "residual").sum()).sort("usage_date")
    names = {column: page.t(f"reconciliation.{column}") for column in ("ledger", "reported")}
    figure = charts.reconciled(days, names, "USD" if kind == "cost" else page.t("usage.tokens"), page.t.language)
    columns = {
        "usage_date": Column("column.day", "date"),
        "ledger": Column("reconciliation.ledger", kind),
        "reported": Column("reconciliation.reported", kind),
        "residual": Column("reconciliation.residual", kind),
    }
    chart(page, figure, days, columns, f"reconciled-days-{name}", alt_text=title)


def _columns(kind: str) -> dict[str, Column]:
    return {
        "usage_date": Column("column.day", "date", pinned=True),
        "model": Column("column.model"),
        "explanation": Column("reconciliation.explanation", texts="reconciliation.says"),
        "residual": Column("reconciliation.residual", kind),
        "ledger": Column("reconciliation.ledger", kind),
        "reported": Column("reconciliation.reported", kind),
        **{part: Column(f"reconciliation.{part}", kind) for part in _PARTS},
        "ledger_events": Column("reconciliation.ledger_events", "count"),
        "reported_requests": Column("reconciliation.reported_requests", "count", dash=True),
    }


show("reconciliation", content)
