"""The period a usage page covers, and the one before it."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import streamlit as st

from app_streamlit import address
from app_streamlit.page import Page

CHOICES: Final = ("month", "last_month", "days_30", "days_90", "year", "custom")
DEFAULT: Final = "days_30"
EARLIEST: Final = date(2000, 1, 1)
"""The first day that can be chosen."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def previous(self) -> "Period":
        """As many days, ending the day before; of a whole month the month before."""
        if self.first.day == 1 and (self.last + timedelta(1)).day == 1 and self.first.month == self.last.month:
            return Period((self.first - timedelta(1)).replace(day=1), self.first - timedelta(1))
        days = (self.last - self.first).days + 1
        return Period(self.first - timedelta(days), self.first - timedelta(1))


def named_period(choice: str, today: date) -> Period:
    """The period a choice names, seen from `today`; 'custom' starts as the last 30 days."""
    match choice:
        case "month":
            return Period(today.replace(day=1), today)
        case "last_month":
            last = today.replace(day=1) - timedelta(1)
            return Period(last.replace(day=1), last)
        case "days_90":
            return Period(today - timedelta(89), today)
        case "year":
            return Period(today - timedelta(364), today)
        case _:
            return Period(today - timedelta(29), today)


def choose_period(page: Page) -> Period:
    """Let the person choose a period, which the page's address keeps; it ends with the day the figures reach to."""
    t = page.t
    today = page.today
    # What the address says counts: after Back the widgets follow it.
    st.session_state["period"] = choice = address.one_of("period", CHOICES, DEFAULT)
    st.segmented_control(
        t("period.label"),
        CHOICES,
        format_func=lambda name: t(f"period.{name}"),
        required=True,
        key="period",
        on_change=_keep_choice,
    )
    if choice != "custom":
        return named_period(choice, today)
    period = _kept_days(today) or named_period(choice, today)
    # A range whose end is not chosen yet is left to the widget.
    if len(st.session_state.get("range", ())) != 1:
        st.session_state["range"] = (period.first, period.last)
    st.date_input(t("period.range"), min_value=EARLIEST, max_value=today, key="range", on_change=_keep_range)
    return period


def _keep_choice() -> None:
    chosen = st.session_state["period"]
    address.keep({"period": () if chosen == DEFAULT else (chosen,), "from": (), "to": ()})


def _keep_range() -> None:
    chosen = st.session_state["range"]
    if len(chosen) == 2:
        address.keep({"from": (chosen[0].isoformat(),), "to": (chosen[1].isoformat(),)})


def _kept_days(today: date) -> Period | None:
    first, last = address.days("from"), address.days("to")
    if not first or not last or not EARLIEST <= first[0] <= last[0] <= today:
        return None
    return Period(first[0], last[0])
