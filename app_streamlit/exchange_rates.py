"""Which exchange rates turned dollars into pesos: the last one beside the figures, and each day's to look up."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

import streamlit as st

from app_streamlit.page import Page
from app_streamlit.tables import Column, table
from cauce.billing.months import month_after

_RATES: Final = {
    "usage_date": Column("column.day", "date", pinned=True),
    "rate": Column("rates.rate", "price"),
    "rate_date": Column("rates.published_for", "date"),
    "source": Column("rates.source", texts="rates.source_name"),
}


def show_last_rate(page: Page, month: date) -> None:
    """The rate of the last day of a month, or of today in the month under way, with its day and its source."""
    day = min(month_after(month) - timedelta(1), page.today)
    with page.data() as data:
        found = data.fetch("billing/rates", days=[day])
    _tell(page, found.row(0, named=True))


def show_rates(page: Page, days: Sequence[date]) -> None:
    """The rates of days with usage, the latest first, and the last of them at a glance."""
    with page.data() as data:
        found = data.fetch("billing/rates", days=sorted(days, reverse=True))
    _tell(page, found.row(0, named=True))
    with st.expander(page.t("rates.title"), icon=":material/currency_exchange:", key="rates"):
        table(page, found, _RATES, "exchange-rates")


def _tell(page: Page, row: Mapping[str, Any]) -> None:
    if row["rate"] is None:
        st.caption(page.t("rates.none"))
        return
    source = page.t.either(f"rates.source_name.{row['source']}", str(row["source"]))
    rate, day = page.f.price(row["rate"]), page.f.date(row["rate_date"])
    st.caption(page.t("rates.last", rate=rate, day=day, source=source))
