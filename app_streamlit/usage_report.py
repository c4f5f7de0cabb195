"""The parts of the usage pages of admins and of a person: the figures of a period beside those before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import polars as pl
import streamlit as st

from app_streamlit.cards import Card, cards
from app_streamlit.charts import usage as charts
from app_streamlit.page import Data, Page
from app_streamlit.periods import Period
from app_streamlit.tables import Column, chart

_MEASURES: Final = {"total_cost": "cost", "total_tokens": "tokens", "events": "events"}
_MODEL_COLUMNS: Final = {
    "model": Column("column.model"),
    "provider": Column("column.provider"),
    "total_cost": Column("column.cost", "cost"),
    "tokens_input": Column("column.tokens_input", "count"),
    "tokens_output": Column("column.tokens_output", "count"),
    "events": Column("column.events", "count"),
    "unknown_cost_events": Column("column.unknown_cost_events", "count"),
}
_AGENT_COLUMNS: Final = {
    "agent": Column("column.agent"),
    "total_cost": Column("column.cost", "cost"),
    "total_tokens": Column("column.tokens", "count"),
    "events": Column("column.events", "count"),
    "unknown_cost_events": Column("column.unknown_cost_events", "count"),
}

_MONTH_COLUMNS: Final = {
    "month": Column("column.month", "month"),
    "total_cost": Column("column.cost", "cost"),
    "total_tokens": Column("column.tokens", "count"),
    "events": Column("column.events", "count"),
    "unknown_cost_events": Column("column.unknown_cost_events", "count"),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """What a usage page looks at; None stands for all."""

    period: Period
    people: tuple[str, ...] | None = None
    agents: tuple[str, ...] | None = None
    providers: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None

    def params(self, period: Period | None = None) -> dict[str, Any]:
        """Query parameters, for this or another period."""
        chosen = period or self.period
        return {
            "first": chosen.first,
            "last": chosen.last,
            "people": list(self.people) if self.people else None,
            "agents": list(self.agents) if self.agents else None,
            "providers": list(self.providers) if self.providers else None,
            "models": list(self.models) if self.models else None,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a period, and the totals of the one before."""

    totals: Mapping[str, Any]
    before: Mapping[str, Any]
    days: pl.DataFrame
    models: pl.DataFrame
    agents: pl.DataFrame
    months: pl.DataFrame


def read_report(data: Data, chosen: Filter) -> Report:
    """Read the figures the filter selects."""
    now, then = chosen.params(), chosen.params(chosen.period.previous)
    return Report(
        data.fetch("usage/totals", **now).row(0, named=True),
        data.fetch("usage/totals", **then).row(0, named=True),
        data.fetch("usage/by_day", **now),
        data.fetch("usage/by_model", **now),
        data.fetch("usage/by_agent", **now),
        data.fetch("usage/by_month", **now),
    )


def show_totals(page: Page, report: Report, *, people: bool) -> None:
    """The figures of the period as cards, each with its change."""
    f, now, before = page.f, report.totals, report.before
    shown = [
        Card(page.t("usage.cost"), f.cost(now["total_cost"]), change(page, now["total_cost"], before["total_cost"])),
        Card(
            page.t("usage.tokens"),
            f.compact(now["total_tokens"]),
            change(page, now["total_tokens"], before["total_tokens"]),
        ),
        Card(page.t("usage.events"), f.number(now["events"]), change(page, now["events"], before["events"])),
    ]
    if people:
        shown.append(
            Card(page.t("usage.people"), f.number(now["people"]), change(page, now["people"], before["people"]))
        )
    cards(shown)


def show_unknown(page: Page, report: Report) -> None:
    """Say which calls have no known price: they are in the counts and not in the cost."""
    unknown = report.models.filter(pl.col("unknown_cost_events") > 0)
    if unknown.height == 0:
        return
    total = report.totals["unknown_cost_events"]
    st.info(page.t.count("usage.unknown", total, n=page.f.number(total)), icon=":material/help:")
    with st.expander(page.t("usage.unknown_models")):
        for row in unknown.sort("unknown_cost_events", descending=True).iter_rows(named=True):
            calls = page.t.count("usage.calls", row["unknown_cost_events"], n=page.f.number(row["unknown_cost_events"]))
            st.markdown(f"- `{row['model']}` · {calls}")


def show_days(page: Page, report: Report, name: str) -> None:
    """One measure over the days of the period."""
    measure = st.segmented_control(
        page.t("usage.measure"),
        _MEASURES,
        default="total_cost",
        format_func=lambda column: page.t(f"usage.{_MEASURES[column]}"),
        required=True,
        key="measure",
    )
    column = measure or "total_cost"
    title = page.t(f"usage.{_MEASURES[column]}")
    columns = {
        "usage_date": Column("column.day", "date"),
        "total_cost": Column("column.cost", "cost"),
        "total_tokens": Column("column.tokens", "count"),
        "events": Column("column.events", "count"),
    }
    figure = charts.by_day(report.days, column, title + (" (USD)" if column == "total_cost" else ""), page.t.language)
    chart(page, figure, report.days, columns, f"{name}-days", alt_text=page.t("usage.days_alt", measure=title))


def show_rankings(page: Page, report: Report, name: str) -> None:
    """Cost by model and by agent, side by side."""
    cost = page.t("usage.cost") + " (USD)"
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(page.t("usage.by_model"), anchor=False)
        figure = charts.ranking(report.models, "model", "total_cost", cost, page.t.language)
        chart(page, figure, report.models, _MODEL_COLUMNS, f"{name}-models", alt_text=page.t("usage.by_model"))
    with right:
        st.subheader(page.t("usage.by_agent"), anchor=False)
        figure = charts.ranking(report.agents, "agent", "total_cost", cost, page.t.language)
        chart(page, figure, report.agents, _AGENT_COLUMNS, f"{name}-agents", alt_text=page.t("usage.by_agent"))


def show_months(page: Page, report: Report, name: str) -> None:
    """What each month is billed, whatever the period chosen above."""
    st.subheader(page.t("usage.months"), anchor=False)
    title = page.t("usage.cost") + " (USD)"
    figure = charts.by_month(report.months, title, page.f.short_month, page.t.language)
    chart(page, figure, report.months, _MONTH_COLUMNS, f"{name}-months", alt_text=page.t("usage.months"))
    st.caption(page.t("usage.months_how"))


def people_gone(page: Page, revenue: Mapping[str, Any]) -> str:
    """How many people of a row of revenue do not pay any more, and which part that is of those who did."""
    if not revenue["churned_people"]:
        return page.t("billing.nobody_left")
    rate = page.f.percent(revenue["people_churn_rate"])
    gone: int = revenue["churned_people"]
    return page.t.count("billing.gone", gone, n=page.f.number(gone), percent=rate)


def change(page: Page, now: Decimal | int | None, before: Decimal | int | None, than: str = "period") -> str:
    """How much a figure moved against the period or the `month` before (`than`)."""
    named = page.t(f"usage.than.{than}")
    if not before or now is None:
        return page.t("usage.no_comparison", than=named)
    ratio = Decimal(now) / Decimal(before) - 1
    rounded = round(ratio, 2)
    arrow = "▲" if rounded > 0 else "▼" if rounded < 0 else "≈" if ratio else "="
    return page.t("usage.change", arrow=arrow, percent=page.f.percent(abs(ratio)), than=named)
