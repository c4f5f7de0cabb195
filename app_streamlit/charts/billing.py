"""Charts of recurring revenue."""

from collections.abc import Callable, Mapping
from datetime import date

import altair as alt
import polars as pl

from app_streamlit.charts import finish, floats, with_label
from app_streamlit.theme import EXPENSE, INCOME, MOVEMENTS, NEUTRAL


def movements(
    frame: pl.DataFrame, names: Mapping[str, str], title: str, write_month: Callable[[date], str], language: str
) -> alt.LayerChart:
    """What came in above zero and what went below it, by month; `names` are the columns of movements in words.

    The frame has month, mrr and the columns of `names`; those of losses are positive and drawn downwards.
    """
    losses = ("contraction_mrr", "churned_mrr")
    shown = with_label(floats(frame), "month", write_month)
    order = shown["label"].to_list()
    moved = (
        shown.with_columns(-pl.col(column) for column in losses)
        .rename(dict(names))
        .unpivot(list(names.values()), index="label", variable_name="kind", value_name="amount")
    )
    month = alt.X("label:N", title=None, sort=order, axis=alt.Axis(labelAngle=0, labelOverlap=True))
    colours = alt.Scale(domain=list(names.values()), range=[MOVEMENTS[column] for column in names])
    bars = (
        alt.Chart(moved)
        .mark_bar()
        .encode(
            x=month,
            y=alt.Y("amount:Q", title=title, axis=alt.Axis(format=",.0f")),
            color=alt.Color("kind:N", title=None, scale=colours, legend=alt.Legend(orient="top", columns=2)),
            tooltip=["label:N", "kind:N", alt.Tooltip("amount:Q", format=",.2f")],
        )
    )
    zero = alt.Chart(pl.DataFrame({"zero": [0]})).mark_rule(opacity=0.5).encode(y="zero:Q")
    finished: alt.LayerChart = finish(alt.layer(bars, zero), language, height=260)
    return finished


def revenue(frame: pl.DataFrame, title: str, write_month: Callable[[date], str], language: str) -> alt.Chart:
    """Recurring revenue by month; the frame has month and mrr."""
    shown = with_label(floats(frame.select("month", "mrr")), "month", write_month)
    figure = (
        alt.Chart(shown)
        .mark_area(line=True, opacity=0.25, point=alt.OverlayMarkDef(size=40, filled=True))
        .encode(
            x=alt.X("label:N", title=None, sort=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("mrr:Q", title=title, axis=alt.Axis(format=",.0f")),
            tooltip=[alt.Tooltip("label:N", title=""), alt.Tooltip("mrr:Q", title=title, format=",.2f")],
        )
    )
    finished: alt.Chart = finish(figure, language, height=260)
    return finished


def margins(
    frame: pl.DataFrame, names: Mapping[str, str], title: str, write_month: Callable[[date], str], language: str
) -> alt.LayerChart:
    """Revenue beside cost by month, the margin as a line; `names` are revenue_mxn, cost_mxn, margin_mxn in words."""
    shown = with_label(floats(frame.select("month", *names)), "month", write_month)
    order = shown["label"].to_list()
    long = shown.rename(dict(names)).unpivot(
        list(names.values()), index="label", variable_name="kind", value_name="amount"
    )
    line = names["margin_mxn"]
    colours = alt.Scale(domain=list(names.values()), range=[INCOME, EXPENSE, NEUTRAL])
    shared = {
        "y": alt.Y("amount:Q", title=title, axis=alt.Axis(format=",.0f")),
        "color": alt.Color("kind:N", title=None, scale=colours, legend=alt.Legend(orient="top")),
        "tooltip": ["label:N", "kind:N", alt.Tooltip("amount:Q", format=",.2f")],
    }
    month = alt.X("label:N", title=None, sort=order, axis=alt.Axis(labelAngle=0, labelOverlap=True))
    bars = alt.Chart(long.filter(pl.col("kind") != line)).mark_bar().encode(x=month, xOffset="kind:N", **shared)
    drawn = alt.Chart(long.filter(pl.col("kind") == line)).mark_line(point=True).encode(x=month, **shared)
    finished: alt.LayerChart = finish(alt.layer(bars, drawn), language, height=280)
    return finished
