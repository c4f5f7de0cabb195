"""Usage by whatever an admin groups it by, narrowed row by row. What is looked at stands in the page's address."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import polars as pl
import streamlit as st

from app_streamlit import address
from app_streamlit.charts import usage as charts
from app_streamlit.exchange_rates import show_rates
from app_streamlit.page import Data, Page
from app_streamlit.periods import EARLIEST, Period
from app_streamlit.tables import Column, table
from app_streamlit.usage_report import Filter
from cauce.billing.months import month_after

MEASURES: Final = {
    "total_cost": "usage.cost",
    "total_tokens": "usage.tokens",
    "events": "usage.events",
    "failed_events": "column.failed_events",
    "unknown_cost_events": "column.unknown_cost_events",
    "people": "usage.people",
}
_NEXT: Final = {
    "person": ("agent", "model", "day"),
    "agent": ("person", "model", "day"),
    "provider": ("model", "person", "day"),
    "model": ("person", "agent", "day"),
    "month": ("day", "person", "agent"),
    "day": ("person", "agent", "model"),
}
"""What usage is grouped by after a row of a dimension was chosen: the first that is not chosen yet."""
DIMENSIONS: Final = tuple(_NEXT)
FILTERED: Final = ("person", "agent", "provider", "model")
"""Several values of these may be chosen at once; one month or one day is a period."""
_KINDS: Final = {"day": "date", "month": "month"}


@dataclass(frozen=True, slots=True)
class View:
    """What is looked at: the names of the values there are, by dimension, and those chosen, in the order of choice."""

    known: Mapping[str, Mapping[str, str]]
    chosen: Mapping[str, tuple[str, ...]]
    by: str
    measure: str
    period: Period

    def filter(self) -> Filter:
        """The selection as the queries take it."""
        values = (self.chosen.get(name) for name in FILTERED)
        return Filter(self.period, *values)


def read_view(data: Data, page: Page, period: Period) -> View:
    """What the address says, without what does not exist."""
    models = data.fetch("usage/models")
    known = {
        "person": dict(data.fetch("usage/people").iter_rows()),
        "agent": dict(data.fetch("usage/agents").iter_rows()),
        "provider": {name: name for name in models["provider"].unique(maintain_order=True)},
        "model": {name: name for name in models["model"].unique().sort()},
    }
    chosen: dict[str, tuple[str, ...]] = {}
    for name in address.names():
        if name in FILTERED:
            values = tuple(value for value in address.kept(name) if value in known[name])
        else:
            there = [day for day in address.days(name) if EARLIEST <= day <= page.today] if name in _KINDS else []
            values = tuple(day.isoformat() for day in there[:1])
        if values:
            chosen[name] = values
    by = address.one_of("by", _offered(chosen), _offered(chosen)[0])
    return View(known, chosen, by, address.one_of("measure", tuple(MEASURES), "total_cost"), _narrowed(period, chosen))


def show_path(page: Page, view: View) -> None:
    """What was chosen, each a way back up to it, and the filters that choose several at once."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.popover(page.t("explorer.filters"), icon=":material/filter_list:"):
            _filters(page, view)
        if not view.chosen:
            return
        names = list(view.chosen)
        st.button(page.t("explorer.everything"), key="up-all", on_click=_leave, args=(names,), icon=":material/home:")
        for position, name in enumerate(names):
            after = names[position + 1 :]
            st.button(
                f"{page.t(f'explorer.{name}')}: {_named(page, view, name)}",
                key=f"up-{name}",
                on_click=_leave,
                args=(after,),
                disabled=not after,
                icon=":material/chevron_right:",
            )


def _filters(page: Page, view: View) -> None:
    for name in FILTERED:
        names = view.known[name]
        st.session_state[f"filter-{name}"] = list(view.chosen.get(name, ()))
        st.multiselect(
            page.t(f"explorer.{name}"),
            list(names),
            format_func=names.__getitem__,
            placeholder=page.t("usage.all"),
            key=f"filter-{name}",
            on_change=_keep_filter,
            args=(name,),
        )


def show_groups(page: Page, view: View, days: pl.DataFrame, groups: pl.DataFrame) -> None:
    """The measure over the days and by group, and every figure of each group; choosing a row narrows to it."""
    _controls(page, view)
    measure = page.t(MEASURES[view.measure])
    title = measure + (" (USD)" if view.measure == "total_cost" else "")
    by = page.t(f"explorer.{view.by}").lower()
    kind = _KINDS.get(view.by, "text")
    named = groups.with_columns(pl.col("label").str.to_date() if kind != "text" else pl.col("label"))
    named = named.rename({"label": view.by})
    over_days = charts.by_day(days, view.measure, title, page.t.language)
    alt = page.t("usage.days_alt", measure=measure)
    if view.by == "day":
        st.altair_chart(over_days, alt=alt)
    elif view.by == "month":
        st.altair_chart(
            charts.by_month(named.reverse(), title, page.f.short_month, page.t.language, view.measure), alt=alt
        )
    else:
        left, right = st.columns(2, gap="large")
        with left:
            st.altair_chart(over_days, alt=alt)
        with right:
            ranked = charts.ranking(named, view.by, view.measure, title, page.t.language)
            st.altair_chart(ranked, alt=page.t("explorer.ranking_alt", measure=measure, by=by))
    st.subheader(page.t("explorer.table", by=by), anchor=False)
    st.caption(page.t("explorer.hint"))
    keys = groups["key"].to_list()
    is_rated = named["total_cost_mxn"].null_count() < named.height
    path = "-".join(value for values in view.chosen.values() for value in values)
    table(
        page,
        named,
        _columns(view, is_rated=is_rated),
        f"usage-by-{view.by}",
        on_choose=lambda row: _narrow(view, keys[row]),
        key=f"groups-{view.by}-{view.period.first}-{view.period.last}-{path}",
    )
    if is_rated:
        st.caption(page.t("explorer.mxn"))
        show_rates(page, days["usage_date"].to_list())


def _controls(page: Page, view: View) -> None:
    left, right = st.columns(2)
    offered = _offered(view.chosen)
    st.session_state["by"], st.session_state["measure"] = view.by, view.measure
    left.segmented_control(
        page.t("explorer.by"),
        offered,
        format_func=lambda name: page.t(f"explorer.{name}"),
        required=True,
        wrap=True,
        key="by",
        on_change=lambda: address.keep({"by": (st.session_state["by"],)}),
    )
    right.segmented_control(
        page.t("usage.measure"),
        list(MEASURES),
        format_func=lambda name: page.t(MEASURES[name]),
        required=True,
        wrap=True,
        key="measure",
        on_change=lambda: address.keep({"measure": (st.session_state["measure"],)}),
    )


def _columns(view: View, *, is_rated: bool) -> dict[str, Column]:
    pesos = {"total_cost_mxn": Column("column.cost_mxn", "money")} if is_rated else {}
    people = {} if view.by == "person" else {"people": Column("column.people", "count")}
    last = {} if view.by in _KINDS else {"last_day": Column("column.last_day", "date")}
    return {
        view.by: Column(f"explorer.{view.by}", _KINDS.get(view.by, "text"), pinned=True),
        "share": Column("column.share", "percent"),
        "total_cost": Column("column.cost", "cost"),
        **pesos,
        "events": Column("column.events", "count"),
        "failed_events": Column("column.failed_events", "count"),
        "unknown_cost_events": Column("column.unknown_cost_events", "count"),
        "total_tokens": Column("column.tokens", "count"),
        "tokens_input": Column("column.tokens_input", "count"),
        "tokens_output": Column("column.tokens_output", "count"),
        "tokens_cache_read": Column("column.tokens_cache_read", "count"),
        "tokens_cache_write": Column("column.tokens_cache_write", "count"),
        "tokens_reasoning": Column("column.tokens_reasoning", "count"),
        **people,
        **last,
    }


def _named(page: Page, view: View, name: str) -> str:
    values = view.chosen[name]
    if len(values) > 1:
        return page.t("explorer.several", n=page.f.number(len(values)))
    if name in _KINDS:
        day = date.fromisoformat(values[0])
        return page.f.month(day) if name == "month" else page.f.date(day)
    return view.known[name][values[0]]


def _offered(chosen: Mapping[str, tuple[str, ...]]) -> list[str]:
    """What usage can still be grouped by: not what one value was chosen of."""
    return [name for name in DIMENSIONS if len(chosen.get(name, ())) != 1]


def _narrowed(period: Period, chosen: Mapping[str, tuple[str, ...]]) -> Period:
    """The day chosen; or what the period has of the month chosen, all of it where a link is older than the period."""
    if "day" in chosen:
        day = date.fromisoformat(chosen["day"][0])
        return Period(day, day)
    if "month" in chosen:
        first = date.fromisoformat(chosen["month"][0]).replace(day=1)
        month = Period(first, month_after(first) - timedelta(1))
        both = Period(max(month.first, period.first), min(month.last, period.last))
        return both if both.first <= both.last else month
    return period


def _keep_filter(name: str) -> None:
    address.keep({name: tuple(st.session_state[f"filter-{name}"])})


def _narrow(view: View, key: str) -> None:
    following = [name for name in _NEXT[view.by] if name not in view.chosen]
    address.keep({view.by: (key,), "by": tuple(following[:1])})


def _leave(names: list[str]) -> None:
    """Go back up: what was chosen later is chosen no more, and usage is grouped by the first of it again."""
    address.keep(dict.fromkeys(names, ()) | {"by": tuple(names[:1])})
