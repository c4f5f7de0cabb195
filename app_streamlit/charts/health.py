"""Charts of health."""

import altair as alt
import polars as pl

from app_streamlit.charts import day_axis, finish, floats
from app_streamlit.theme import EXPENSE, INCOME


def adherence(frame: pl.DataFrame, names: tuple[str, str], language: str) -> alt.Chart:
    """Doses per day, taken below missed; `names` are those two in the person's words."""
    taken, missed = names
    doses = (
        frame.select("local_date", "taken", "missed")
        .rename({"taken": taken, "missed": missed})
        .unpivot([taken, missed], index="local_date", variable_name="kind", value_name="doses")
        .with_columns(order=pl.when(pl.col("kind") == taken).then(0).otherwise(1))
    )
    figure = (
        alt.Chart(doses)
        .mark_bar()
        .encode(
            x=day_axis("local_date"),
            y=alt.Y("doses:Q", title=None, axis=alt.Axis(tickMinStep=1, format="d")),
            color=alt.Color(
                "kind:N",
                title=None,
                scale=alt.Scale(domain=[taken, missed], range=[INCOME, EXPENSE]),
                legend=alt.Legend(orient="top"),
            ),
            order="order:Q",
            tooltip=[
                alt.Tooltip("local_date:T", title="", format="%d/%m/%Y"),
                "kind:N",
                alt.Tooltip("doses:Q", title=""),
            ],
        )
    )
    finished: alt.Chart = finish(figure, language, height=240)
    return finished


def trend(frame: pl.DataFrame, names: tuple[str, str | None], unit: str, language: str) -> alt.Chart:
    """Readings over time; two lines when the second of `names` is given (blood pressure)."""
    first, second = names
    columns = {"value": first} | ({"value_secondary": second} if second else {})
    lines = (
        floats(frame.select("measured_at", *columns))
        .rename(columns)
        .unpivot(list(columns.values()), index="measured_at", variable_name="kind", value_name="reading")
        .drop_nulls("reading")
    )
    figure = (
        alt.Chart(lines)
        .mark_line(point=alt.OverlayMarkDef(size=42, filled=True), strokeWidth=2.2, interpolate="monotone")
        .encode(
            x=alt.X(
                "measured_at:T",
                title=None,
                axis=alt.Axis(format="%e %b %y", grid=False, labelOverlap=True, tickCount=6),
            ),
            y=alt.Y("reading:Q", title=unit, scale=alt.Scale(zero=False, nice=True)),
            color=alt.Color(
                "kind:N",
                title=None,
                scale=alt.Scale(domain=list(columns.values()), range=[INCOME, EXPENSE][: len(columns)]),
                legend=alt.Legend(orient="top") if second else None,
            ),
            tooltip=[
                alt.Tooltip("measured_at:T", title="", format="%d/%m/%Y %H:%M"),
                "kind:N",
                alt.Tooltip("reading:Q", title=unit, format=",.1~f"),
            ],
        )
    )
    finished: alt.Chart = finish(figure, language, height=240)
    return finished
