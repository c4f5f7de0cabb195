"""The period a usage page covers, and the one before it."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import streamlit as st

from app_streamlit.page import Page

CHOICES: Final = ("month", "last_month", "days_30", "days_90", "year", "custom")


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
    """Let the person choose a period; it ends with the day the figures reach to."""
    t = page.t
    today = page.today
    choice = st.segmented_control(
        t("period.label"),
        CHOICES,
        default="days_30",
        format_func=lambda name: t(f"period.{name}"),
        required=True,
        key="period",
    )
    period = named_period(choice or "days_30", today)
    if choice != "custom":
        return period
    picked = st.date_input(t("period.range"), (period.first, period.last), max_value=today, key="range")
    if isinstance(picked, tuple) and len(picked) == 2:
        return Period(picked[0], picked[1])
    return period
