"""Charts of usage and cost."""

from collections.abc import Callable
from datetime import date

import altair as alt
import polars as pl

from app_streamlit.charts import day_axis, finish, floats, with_label


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
