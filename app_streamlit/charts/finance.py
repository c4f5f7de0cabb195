"""Charts of money."""

from collections.abc import Callable
from datetime import date

import altair as alt
import polars as pl

from app_streamlit.charts import finish, floats, with_label
from app_streamlit.theme import EXPENSE, INCOME, NEUTRAL


def cash_flow(
    frame: pl.DataFrame, names: tuple[str, str, str], write_month: Callable[[date], str], language: str
) -> alt.LayerChart:
    """Income and expense side by side per month, the net as a line; `names` are those three in the person's words."""
    income, expense, net = names
    shown = with_label(floats(frame), "month", write_month)
    order = shown["label"].to_list()
    flows = shown.rename({"income": income, "expense": expense}).unpivot(
        [income, expense], index="label", variable_name="kind", value_name="amount"
    )
    month = alt.X("label:N", title=None, sort=order, axis=alt.Axis(labelAngle=0, labelOverlap=True))
    bars = (
        alt.Chart(flows)
        .mark_bar(cornerRadiusTopLeft=3, cornerRadiusTopRight=3)
        .encode(
            x=month,
            xOffset=alt.XOffset("kind:N", sort=[income, expense]),
            y=alt.Y("amount:Q", title=None, axis=alt.Axis(format=",.0f")),
            color=alt.Color(
                "kind:N",
                title=None,
                scale=alt.Scale(domain=[income, expense, net], range=[INCOME, EXPENSE, NEUTRAL]),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=["label:N", "kind:N", alt.Tooltip("amount:Q", format=",.2f")],
        )
    )
    line = (
        alt.Chart(shown.select("label", "net").with_columns(kind=pl.lit(net)))
        .mark_line(point=alt.OverlayMarkDef(size=45, filled=True), strokeWidth=2.5)
        .encode(
            x=month,
            y="net:Q",
            color="kind:N",
            tooltip=["label:N", alt.Tooltip("net:Q", title=net, format=",.2f")],
        )
    )
    finished: alt.LayerChart = finish(alt.layer(bars, line), language)
    return finished


def spending(frame: pl.DataFrame, title: str, language: str) -> alt.Chart:
    """Horizontal bars: category (`label`) against what was spent."""
    shown = floats(frame.select("label", "spent"))
    figure = (
        alt.Chart(shown)
        .mark_bar(cornerRadiusEnd=4, color=EXPENSE)
        .encode(
            x=alt.X("spent:Q", title=title, axis=alt.Axis(format=",.0f", tickCount=4)),
            y=alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=160)),
            tooltip=[alt.Tooltip("label:N", title=""), alt.Tooltip("spent:Q", title=title, format=",.2f")],
        )
    )
    finished: alt.Chart = finish(figure, language, height=70 + 34 * shown.height)
    return finished
