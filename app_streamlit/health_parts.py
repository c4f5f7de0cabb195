"""The parts of the health page: each shows figures of the marts as they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import polars as pl
import streamlit as st

from app_streamlit.cards import Card, bar, bars, cards
from app_streamlit.charts import health as charts
from app_streamlit.formats import SPACE
from app_streamlit.page import Data, Page
from app_streamlit.tables import Column, chart, table

TABS: Final = ("doses", "measurements", "files")
WINDOWS: Final = (1, 7, 30)
_DAYS: Final = 30
_MEDICINES: Final = {
    "medication": Column("column.medicine"),
    "scheduled": Column("health.scheduled", "count"),
    "taken": Column("health.taken", "count"),
    "late": Column("health.late", "count"),
    "missed": Column("health.missed", "count"),
    "as_needed_taken": Column("health.as_needed", "count"),
    "adherence_ratio": Column("health.adherence", "percent"),
}
_BY_DAY: Final = {
    "local_date": Column("column.day", "date"),
    "scheduled": Column("health.scheduled", "count"),
    "taken": Column("health.taken", "count"),
    "late": Column("health.late", "count"),
    "missed": Column("health.missed", "count"),
    "adherence_ratio": Column("health.adherence", "percent"),
}
_MISSED: Final = {
    "local_date": Column("column.day", "date"),
    "medication": Column("column.medicine"),
    "scheduled": Column("health.scheduled", "count"),
    "taken": Column("health.taken", "count"),
    "missed": Column("health.missed", "count"),
}
_LATEST: Final = {
    "type": Column("column.measurement", texts="measurement"),
    "value": Column("column.value", "decimal"),
    "value_secondary": Column("column.value_secondary", "decimal"),
    "unit": Column("column.unit"),
    "measured_at": Column("column.when", "instant"),
}
_READINGS: Final = {name: column for name, column in _LATEST.items() if name != "type"}


@dataclass(frozen=True, slots=True)
class Health:
    """A person's doses up to `today`, and their latest measurements."""

    today: date
    windows: Mapping[str, Any]
    days: pl.DataFrame
    missed: pl.DataFrame
    latest: pl.DataFrame

    @property
    def is_empty(self) -> bool:
        """Whether there is neither a dose nor a measurement."""
        return self.days.height == 0 and self.latest.height == 0


def read_health(data: Data, today: date) -> Health:
    """Read the doses of the last 30 days and the latest measurements."""
    span = {"first": today - timedelta(_DAYS - 1), "last": today}
    return Health(
        today,
        data.fetch("health/adherence_windows", last=today).row(0, named=True),
        data.fetch("health/adherence_by_day", **span),
        data.fetch("health/missed", **span),
        data.fetch("health/latest"),
    )


def show_adherence_cards(page: Page, health: Health) -> None:
    """Doses taken of those due: today, in the last 7 and the last 30 days."""
    shown = []
    for days in WINDOWS:
        scheduled, taken = health.windows[f"scheduled_{days}"], health.windows[f"taken_{days}"]
        ratio: Decimal | None = health.windows[f"ratio_{days}"]
        label = page.t("health.today", day=page.f.day(health.today)) if days == 1 else page.t("health.last", days=days)
        note = page.t("health.doses", taken=page.f.number(taken), scheduled=page.f.number(scheduled))
        shown.append(Card(label, page.f.percent(ratio), note if scheduled else page.t("health.none_due"), _mood(ratio)))
    missed = health.windows["missed_30"]
    shown.append(Card(page.t("health.missed_30"), page.f.number(missed), "", "good" if missed == 0 else "warn"))
    cards(shown)


def show_medicines(page: Page) -> None:
    """Adherence per medicine over a window the person chooses."""
    t = page.t
    st.subheader(t("health.by_medicine"), anchor=False)
    days = st.segmented_control(
        t("health.window"),
        WINDOWS,
        default=30,
        format_func=lambda n: t("health.window_today") if n == 1 else t("health.window_days", days=n),
        required=True,
        key="window",
    )
    with page.data() as data:
        medicines = data.fetch("health/adherence", first=page.today - timedelta((days or _DAYS) - 1), last=page.today)
    if medicines.height == 0:
        st.caption(t("health.none_due"))
        return
    bars([_medicine_bar(page, row) for row in medicines.iter_rows(named=True)])
    with st.expander(t("table.table")):
        table(page, medicines, _MEDICINES, "adherence")


def show_days(page: Page, health: Health) -> None:
    """Doses taken and missed on each of the last 30 days."""
    if health.days.height == 0:
        return
    st.subheader(page.t("health.by_day"), anchor=False)
    figure = charts.adherence(health.days, (page.t("health.taken"), page.t("health.missed")), page.t.language)
    chart(page, figure, health.days, _BY_DAY, "adherence-days", alt_text=page.t("health.days_alt"))


def show_missed(page: Page, health: Health) -> None:
    """Which doses were missed."""
    st.subheader(page.t("health.missed_doses"), anchor=False)
    if health.missed.height == 0:
        st.caption(page.t("health.none_missed"))
        return
    table(page, health.missed, _MISSED, "missed")


def show_latest(page: Page, health: Health) -> None:
    """The latest measurement of each kind."""
    if health.latest.height == 0:
        st.caption(page.t("health.no_measurements"))
        return
    cards([_measurement(page, row) for row in health.latest.iter_rows(named=True)])
    with st.expander(page.t("table.table")):
        table(page, health.latest, _LATEST, "measurements", missing="")


def show_trend(page: Page, health: Health) -> None:
    """All readings of one kind over time."""
    if health.latest.height == 0:
        return
    t = page.t
    st.subheader(t("health.trend"), anchor=False)
    kinds = health.latest["type"].to_list()
    start = kinds.index("blood_pressure") if "blood_pressure" in kinds else 0
    kind: str = st.selectbox(
        t("column.measurement"), kinds, index=start, format_func=lambda name: _kind(page, name), key="kind"
    )
    with page.data() as data:
        readings = data.fetch("health/readings", type=kind)
    names = (
        (t("measurement.systolic"), t("measurement.diastolic"))
        if kind == "blood_pressure"
        else (_kind(page, kind), None)
    )
    figure = charts.trend(readings, names, readings["unit"][0], t.language)
    chart(page, figure, readings, _READINGS, f"readings-{kind}", alt_text=t("health.trend_alt", kind=_kind(page, kind)))


def _medicine_bar(page: Page, row: dict[str, Any]) -> str:
    doses = page.t("health.doses", taken=page.f.number(row["taken"]), scheduled=page.f.number(row["scheduled"]))
    notes = [doses] if row["scheduled"] else []
    notes += [
        page.t.count(f"health.n_{name}", row[name], n=page.f.number(row[name]))
        for name in ("late", "missed", "as_needed_taken")
        if row[name]
    ]
    ratio = row["adherence_ratio"]
    return bar(row["medication"], page.f.percent(ratio) if ratio is not None else "", " · ".join(notes),
               None if ratio is None else float(ratio), _mood(ratio))  # fmt: skip


def _measurement(page: Page, row: dict[str, Any]) -> Card:
    value = page.f.number(row["value"], _decimals(row["value"]))
    if row["value_secondary"] is not None:
        value += f"/{page.f.number(row['value_secondary'], _decimals(row['value_secondary']))}"
    return Card(_kind(page, row["type"]), f"{value}{SPACE}{row['unit']}", page.f.instant(row["measured_at"]))


def _kind(page: Page, name: str) -> str:
    return page.t.either(f"measurement.{name}", name)


def _decimals(value: Decimal) -> int:
    return 0 if value == value.to_integral_value() else 1


def _mood(ratio: Decimal | None) -> str:
    """The colour of a bar; 80 % is what PQA calls adherent."""
    if ratio is None:
        return ""
    return "good" if ratio >= Decimal("0.8") else "warn" if ratio >= Decimal("0.5") else "bad"
