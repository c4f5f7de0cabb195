"""Charts of usage and cost."""

from collections.abc import Callable, Mapping
from datetime import date

import altair as alt
import polars as pl

from app_streamlit.charts import day_axis, finish, floats, with_label
from app_streamlit.theme import EXPENSE, INCOME


def by_day(frame: pl.DataFrame, column: str, title: str, language: str) -> alt.Chart:
    """One bar per day of the measure `column`; the frame has usage_date and the column."""
    figure = (
        alt.Chart(floats(frame.select("usage_date", column)))
        .mark_bar(cornerRadiusTopLeft=3, cornerRadiusTopRight=3)
        .encode(
            x=day_axis("usage_date"),
            y=alt.Y(f"{column}:Q", title=title, axis=alt.Axis(format=_axis(column))),
            tooltip=[
                alt.Tooltip("usage_date:T", title="", format="%d/%m/%Y"),
                alt.Tooltip(f"{column}:Q", title=title, format=",.4~f"),
            ],
        )
    )
    finished: alt.Chart = finish(figure, language)
    return finished


def by_month(
    frame: pl.DataFrame, title: str, write_month: Callable[[date], str], language: str, column: str = "total_cost"
) -> alt.Chart:
    """One bar per month of the measure `column`; the frame has month and the column."""
    shown = with_label(floats(frame.select("month", column)), "month", write_month)
    figure = (
        alt.Chart(shown)
        .mark_bar(cornerRadiusTopLeft=3, cornerRadiusTopRight=3)
        .encode(
            x=alt.X("label:N", title=None, sort=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y(f"{column}:Q", title=title, axis=alt.Axis(format=_axis(column))),
            tooltip=[alt.Tooltip("label:N", title=""), alt.Tooltip(f"{column}:Q", title=title, format=",.2~f")],
        )
    )
    finished: alt.Chart = finish(figure, language, height=240)
    return finished


def ranking(frame: pl.DataFrame, name: str, column: str, title: str, language: str, limit: int = 10) -> alt.Chart:
    """Horizontal bars of the first rows: `name` against the measure `column`."""
    shown = floats(frame.select(name, column)).head(limit)
    figure = (
        alt.Chart(shown)
        .mark_bar(cornerRadiusEnd=4)
        .encode(
            x=alt.X(f"{column}:Q", title=title, axis=alt.Axis(format=_axis(column, 4), tickCount=5)),
            y=alt.Y(f"{name}:N", title=None, sort=None, axis=alt.Axis(labelLimit=190)),
            tooltip=[alt.Tooltip(f"{name}:N", title=""), alt.Tooltip(f"{column}:Q", title=title, format=",.4~f")],
        )
    )
    finished: alt.Chart = finish(figure, language, height=70 + 34 * shown.height)
    return finished


def _axis(column: str, decimals: int = 2) -> str:
    """The format of an axis: costs in full, counts with their thousands and millions short."""
    return f",.{decimals}~f" if column == "total_cost" else "~s"


def reconciled(frame: pl.DataFrame, names: Mapping[str, str], title: str, language: str) -> alt.Chart:
    """Our ledger and the provider's report by day; `names` are the columns ledger and reported in words."""
    shown = floats(frame.select("usage_date", *names)).rename(dict(names))
    long = shown.unpivot(list(names.values()), index="usage_date", variable_name="side", value_name="amount")
    colours = alt.Scale(domain=list(names.values()), range=[INCOME, EXPENSE])
    figure = (
        alt.Chart(long)
        .mark_bar()
        .encode(
            x=day_axis("usage_date"),
            xOffset=alt.XOffset("side:N", sort=list(names.values())),
            y=alt.Y("amount:Q", title=title),
            color=alt.Color("side:N", title=None, scale=colours, legend=alt.Legend(orient="top", columns=1)),
            tooltip=[
                alt.Tooltip("usage_date:T", timeUnit="utcyearmonthdate", title=""),
                "side:N",
                alt.Tooltip("amount:Q", format=",.4~f"),
            ],
        )
    )
    finished: alt.Chart = finish(figure, language, height=260)
    return finished
