"""Days on which somebody used far more than on their others, each with a way to what was used then."""

from typing import Any
from urllib.parse import urlencode

import polars as pl
import streamlit as st

from app_streamlit.catalog import ENTRIES
from app_streamlit.page import Page
from app_streamlit.tables import Column, table

_COLUMNS = {
    "usage_date": Column("column.day", "date"),
    "email": Column("column.email", pinned=True),
    "measure": Column("column.metric", texts="unusual.measure"),
    "observed": Column("unusual.observed", "figure"),
    "expected": Column("unusual.expected", "figure"),
    "score": Column("unusual.score", "decimal"),
    "usage": Column("unusual.usage", "link"),
}
_USAGE = next(entry.path for entry in ENTRIES if entry.key == "admin_usage")


def show_unusual(page: Page) -> None:
    """The days of the last 90, the newest first."""
    st.subheader(page.t("unusual.title"), anchor=False)
    with page.data() as data:
        found = data.fetch("usage/unusual")
    if found.is_empty():
        st.caption(page.t("unusual.none"))
        return
    rows = found.to_dicts()
    amounts = {
        name: pl.Series(name, [_amount(page, row, name) for row in rows], pl.Utf8) for name in ("observed", "expected")
    }
    usage = pl.Series("usage", [_address(row) for row in rows], pl.Utf8)
    table(page, found.with_columns(**amounts, usage=usage), _COLUMNS, "unusual-days", exact=found)
    st.caption(page.t("unusual.how"))


def _amount(page: Page, row: dict[str, Any], name: str) -> str:
    return page.f.cost(row[name]) if row["measure"] == "cost" else page.f.number(row[name])


def _address(row: dict[str, Any]) -> str:
    """The usage page of that person and day, as the explorer keeps it."""
    return f"/{_USAGE}?{urlencode({'person': row['user_id'], 'day': row['usage_date'].isoformat()})}"
